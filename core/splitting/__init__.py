"""Where a long reply is cut into messages that each stand alone; no platform is known here, only its limit."""

from core.splitting.splitter import Part, Splitter, join, split

__all__ = ["Part", "Splitter", "join", "split"]
