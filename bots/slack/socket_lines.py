"""What slack_sdk says of its socket, as lines of our own: a name, a reason, and no traceback for what networks do.

Its words may hold an address with a ticket, with which others could listen.
"""

import logging
import re
from typing import Final

import aiohttp
from slack_sdk.errors import SlackClientError

from bots.slack.translate import PLATFORM

logger = logging.getLogger(__name__)

_EVERYDAY: Final = (aiohttp.ClientError, OSError, TimeoutError, SlackClientError)
_NAMES: Final = {
    # Slack tells it again, and what comes twice counts once.
    "Failed to run a request listener": "acknowledgement_lost",
    "Failed to connect": "connecting_failed",
    "Failed to check the current session": "connecting_failed",
    "Failed to receive or enqueue a message": "connecting_failed",
    "Failed to close the old session": "connecting_failed",
    "Failed to retrieve WSS URL": "",  # raised as well, and told by whoever asked for it
}
"""How its lines begin, and what we call them; empty: left out."""
_REASONS: Final = (re.compile(r"'error': '(\w+)'"), re.compile(r"\b(\w*Error)\b"))
"""Slack's own word for it, or the kind of error."""


_AGAIN: Final = 60.0
"""Seconds after which the same is said once more: while Slack is away its client tries every three."""


def socket_logger() -> logging.Logger:
    """What its client for Socket Mode is to write to."""
    found = logging.getLogger(f"{__name__}.slack_sdk")
    found.setLevel(logging.ERROR)  # it tells of each ping and session; what matters of these, `absence` does
    found.filters = [InOurWords()]
    return found


class InOurWords:
    """Says anew what its lines say of everyday faults, and the same again only after a while."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is to be written."""
        said = record.getMessage()
        name = next((name for beginning, name in _NAMES.items() if said.startswith(beginning)), None)
        error = record.exc_info[1] if record.exc_info else None
        if name is None or not (error is None or isinstance(error, _EVERYDAY)):
            return True
        text = f"{said} {type(error).__name__}" if error else said
        found = next(filter(None, (each.search(text) for each in _REASONS)), None)
        reason = found[1] if found else "unknown"
        record.platform, record.reason = PLATFORM, reason
        record.msg, record.args, record.exc_info = name, (), None
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return bool(name) and logger.isEnabledFor(logging.WARNING) and self._is_news((name, reason), record.created)

    def _is_news(self, what: tuple[str, str], at: float) -> bool:
        if at - self._said.get(what, 0.0) < _AGAIN:
            return False
        self._said[what] = at
        return True
