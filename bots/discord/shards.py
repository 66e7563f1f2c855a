"""Which part of the bot's servers a process hears: shards, as the operator writes them and as Discord advises. No I/O.

A server's events go to shard `(guild id >> 22) % count`, direct messages to shard 0
(docs.discord.com/developers/events/gateway#sharding).
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from bots.discord.reading import MALFORMED
from core.errors import PlatformError, SettingsError

AUTO: Final = "auto"
_WRITTEN: Final = re.compile(r"(\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*)/(\d{1,5})", re.ASCII)
_HOW: Final = "Write 0,1/4 or 0-1/4 for the first two of four, or auto for all of them here."


@dataclass(frozen=True, slots=True)
class Shards:
    """Some of so many shards."""

    ids: tuple[int, ...] = (0,)
    count: int = 1

    @property
    def are_all(self) -> bool:
        """No other process hears anything that these do not."""
        return len(self.ids) == self.count


ALONE: Final = Shards()
"""Everything in one session: enough for up to 2,500 servers."""


def read_shards(text: str) -> Shards | None:
    """The shards that `text` names, None for `auto`: as many as Discord advises, all of them here.

    Raises:
        SettingsError: it names none; the message says how to write it.
    """
    if text.strip() == AUTO:
        return None
    match = _WRITTEN.fullmatch(text.replace(" ", ""))
    if match is None:
        raise SettingsError(f"--shards {text!r} names no shards. {_HOW}")
    count = int(match[2])
    ids = sorted({shard for part in match[1].split(",") for shard in _range(part)})
    if not ids:
        raise SettingsError(f"--shards {text!r} names no shards. {_HOW}")
    if ids[-1] >= count:
        last = f"0 to {count - 1}" if count > 1 else "0 alone" if count else "none"
        raise SettingsError(f"--shards {text!r}: of {count} shards there is no {ids[-1]}, they are {last}. {_HOW}")
    return Shards(tuple(ids), count)


def _range(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


@dataclass(frozen=True, slots=True)
class Advice:
    """What Discord says of sessions (docs.discord.com/developers/events/gateway#get-gateway-bot)."""

    shards: int
    at_once: int
    """So many sessions may begin in the same five seconds, each of another `shard % at_once`."""
    left: int
    """So many may begin before the day is over."""
    hours: float
    """Hours until then."""


def read_advice(data: Any) -> Advice:
    """The answer to `GET /gateway/bot`. Raises PlatformError where it is none."""
    try:
        limit = data["session_start_limit"]
        hours = limit["reset_after"] / 3_600_000
        return Advice(
            max(1, int(data["shards"])), max(1, int(limit["max_concurrency"])), int(limit["remaining"]), hours
        )
    except MALFORMED as error:
        raise PlatformError("Discord does not say into how many shards the bot is to be split.") from error


def chosen(shards: Shards | None, advice: Advice) -> Shards:
    """The shards to be heard here.

    Raises:
        PlatformError: more sessions would have to begin than Discord still allows today: it would reset the token.
    """
    wanted = shards or Shards(tuple(range(advice.shards)), advice.shards)
    if len(wanted.ids) > advice.left:
        raise PlatformError(
            f"Discord lets the bot begin only {advice.left} more sessions in the next {advice.hours:.1f} hours, and "
            f"{len(wanted.ids)} are needed. Wait until then, and look for what makes it start so often."
        )
    return wanted
