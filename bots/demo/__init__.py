"""The demonstration: a chat in a box, the real bot, a scene with three people, and what is left of it in the log."""

from bots.demo.play import chat, play

__all__ = ["chat", "play"]
