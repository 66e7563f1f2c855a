"""What `plaudit doctor` finds: one line for each thing that it looked at, and what to do where that is not right."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Final

_TOLERATED: Final = timedelta(minutes=1)
"""Slack refuses what is signed more than five minutes ago; a minute is told before it hurts."""


class State(Enum):
    """How something is, as it is printed."""

    GOOD = "ok"
    ODD = "odd"
    """It works, but not all of it, or not for long."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: State
    said: str
    fix: str = ""
    """What to do; empty where nothing is to be done."""


def good(what: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(what, State.GOOD, said)


def odd(what: str, said: str, fix: str) -> Finding:
    """It works, but something about it should be mended."""
    return Finding(what, State.ODD, said, fix)


def bad(what: str, said: str, fix: str = "") -> Finding:
    """It does not work; `said` may say what to do itself."""
    return Finding(what, State.BAD, said, fix)


def clock(what: str, date: str | None, now: datetime) -> Finding:
    """This machine's clock beside another's, from the `Date` header of an answer that came at `now`."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return odd(what, "the answer has no date", "Look whether a proxy stands between here and there.")
    apart = now - theirs
    if abs(apart) <= _TOLERATED:
        return good(what, "this machine's clock agrees")
    way = "ahead" if apart > timedelta(0) else "behind"
    return bad(
        what,
        f"this machine's clock is {abs(apart).total_seconds():.0f} s {way}",
        "Switch on time synchronisation: timedatectl set-ntp true.",
    )
