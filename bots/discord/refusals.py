"""Discord's refusals as the core's errors. No I/O.

The codes: docs.discord.com/developers/topics/opcodes-and-status-codes#json.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from core.errors import (
    MessageGoneError,
    MessageTooLongError,
    PlaceGoneError,
    PlatformError,
    PlatformRefusedTokenError,
    PlatformUnavailableError,
    RateLimitedError,
)


class AlreadyAnsweredError(PlatformError):
    """An interaction has had its first answer."""


class UnknownEmojiError(PlatformError):
    """There is no such emoji, or not there."""


NOT_ACCEPTED: Final = (
    "Discord does not accept the token. Check DISCORD_TOKEN: discord.com/developers/applications shows it under Bot, "
    "Reset Token makes a new one."
)

_OK: Final = range(200, 300)
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY, _SERVERS_FAULT = 401, 403, 404, 429, 500
_CLOSED: Final = frozenset({50008, 50083, 160005})
"""No text channel, thread archived, thread locked: said with other statuses than 403 and 404."""
_UNKNOWN_MESSAGE: Final = 10008
_TOO_LONG: Final = "BASE_TYPE_MAX_LENGTH"
_BANNED_SECONDS: Final = 60.0
"""A 429 that is none of the API's comes from the servers before it, and says no better."""


def refusal(status: int, headers: Mapping[str, str], data: Any) -> PlatformError | None:
    """What is wrong with an answer, or None where nothing is."""
    if status in _OK:
        return None
    told = data if isinstance(data, dict) else {}
    words = f"{told.get('message') or 'no reason given'}, {told.get('code') or status}"
    if status == _TOO_MANY:
        return RateLimitedError(_pause(headers, told))
    return _by_code(told.get("code"), words) or _by_status(status, told, words)


def _by_status(status: int, told: Mapping[str, Any], words: str) -> PlatformError:
    if status == _UNAUTHORIZED:
        return PlatformRefusedTokenError(NOT_ACCEPTED)
    if status in (_FORBIDDEN, _NOT_FOUND) or told.get("code") in _CLOSED:
        kind = MessageGoneError if told.get("code") == _UNKNOWN_MESSAGE else PlaceGoneError
        return kind(f"Discord no longer lets the assistant do that there ({words}).")
    if _TOO_LONG in str(told.get("errors")):
        return MessageTooLongError(f"Discord finds the message too long ({words}).")
    if status >= _SERVERS_FAULT:
        return PlatformUnavailableError(f"Discord is out of order ({words}).")
    return PlatformError(f"Discord refused the call ({words}).")


def is_passing(status: int) -> bool:
    """Whether an answer of this status is about Discord's condition, and not about what was asked."""
    return status == _TOO_MANY or status >= _SERVERS_FAULT


def _by_code(code: object, words: str) -> PlatformError | None:
    match code:
        case 40060:
            return AlreadyAnsweredError(f"Discord has had an answer to that ({words}).")
        case 10014:
            return UnknownEmojiError(f"Discord does not know the emoji, or not there ({words}).")
        case 50027:  # said with the status of a bot's token that is wrong
            return PlatformError(f"Discord takes no more answers to what was done so long ago ({words}).")
        case 50007:
            return MessageGoneError(f"Discord does not let the assistant write to this person ({words}).")
        case _:
            return None


def _pause(headers: Mapping[str, str], told: Mapping[str, Any]) -> float:
    try:
        pause = float(told.get("retry_after") or headers.get("Retry-After") or _BANNED_SECONDS)
    except (TypeError, ValueError):
        return _BANNED_SECONDS
    return pause if math.isfinite(pause) and pause >= 0 else _BANNED_SECONDS
