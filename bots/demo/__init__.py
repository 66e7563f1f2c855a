"""The demonstration: a chat in a box, the real bot, a scene with three people, and what is left of it in the log."""

from bots.demo.browser import with_bot, without_bot
from bots.demo.play import play

__all__ = ["play", "with_bot", "without_bot"]
