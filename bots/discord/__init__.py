"""Discord: gateway frames become events, replies become posts and edits."""
