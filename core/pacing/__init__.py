"""Whose call goes next on a rate bucket, and when. Pure: time is an argument, nothing is sent from here."""

from core.pacing.pacer import Pacer, Turn

__all__ = ["Pacer", "Turn"]
