"""What people do, told apart and answered: messages, reactions, buttons, forms, commands."""
