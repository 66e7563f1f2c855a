"""What people think of a reply, as records: votes, what they write below it, what they put into a form."""
