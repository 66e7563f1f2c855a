"""What `plaudit` does when it is told to on a command line: a module each, and what they stand on."""
