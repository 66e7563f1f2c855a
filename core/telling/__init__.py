"""What the assistant tells of its own accord: the digest, and that people like the replies less than they did."""
