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


def socket_logger() -> logging.Logger:
    """What its client for Socket Mode is to write to."""
    found = logging.getLogger(f"{__name__}.slack_sdk")
    found.setLevel(logging.ERROR)  # it tells of each ping and session; what matters of these, `absence` does
    if not found.filters:
        found.addFilter(in_our_words)
    return found


def in_our_words(record: logging.LogRecord) -> bool:
    """Whether the line is to be written; what it says of everyday faults is said anew."""
    said = record.getMessage()
    name = next((name for beginning, name in _NAMES.items() if said.startswith(beginning)), None)
    error = record.exc_info[1] if record.exc_info else None
    if name is None or not (error is None or isinstance(error, _EVERYDAY)):
        return True
    text = f"{said} {type(error).__name__}" if error else said
    found = next(filter(None, (each.search(text) for each in _REASONS)), None)
    record.msg, record.args, record.exc_info = name, (), None
    record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
    record.platform = PLATFORM
    record.reason = found[1] if found else "unknown"
    return bool(name) and logger.isEnabledFor(logging.WARNING)
