"""Where people meet the assistant: the command line, and one room per chat platform."""
