"""What the assistant does, told without naming a platform."""
