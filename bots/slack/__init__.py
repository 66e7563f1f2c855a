"""Slack: payloads become events, replies become posts and edits."""
