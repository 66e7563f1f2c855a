"""What got better or worse between two spans of time, and whether that can be said. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import hypot
from typing import Final, TypeAlias

from core.insight.statistics import CONFIDENCE, Interval, people_rate

People: TypeAlias = Sequence[Sequence[int]]
"""Each person's votes, (positive, negative)."""

_WHOLE: Final = Interval(-1.0, 1.0)


class Direction(StrEnum):
    """What can be said."""

    BETTER = "better"
    WORSE = "worse"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate and where it lies; between 0 and 1."""

    rate: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Change:
    """A rate before and now."""

    name: str
    """Of the part of the replies that it is of; empty for all."""
    before: Estimate
    now: Estimate
    difference: float
    """Now less before, between -1 and 1."""
    interval: Interval
    """Where the difference lies."""

    @property
    def direction(self) -> Direction:
        """Better or worse only where the whole interval is."""
        if self.interval.low > 0:
            return Direction.BETTER
        return Direction.WORSE if self.interval.high < 0 else Direction.OPEN


def change(name: str, before: Estimate, now: Estimate) -> Change:
    """The difference of two rates, with an interval made of theirs, of the same confidence.

    The square-and-add of two intervals (Newcombe 1998, Stat. Med. 17:873–890, method 10; for any two intervals Zou &
    Donner 2008, Stat. Med. 27:1693–1702, eq. 4). They are taken as independent: where the same people vote in both
    spans the interval is rather too wide than too narrow.
    """
    difference = now.rate - before.rate
    low = hypot(now.rate - now.interval.low, before.interval.high - before.rate)
    high = hypot(now.interval.high - now.rate, before.rate - before.interval.low)
    return Change(name, before, now, difference, Interval(max(-1.0, difference - low), min(1.0, difference + high)))


def changes(before: Mapping[str, People], now: Mapping[str, People], confidence: float = CONFIDENCE) -> list[Change]:
    """The changes of the positive rate, each person counting alike, of all parts with votes in both spans.

    With `confidence` all intervals together hold the truth, however many parts there are (Bonferroni): else one of
    twenty parts would seem to change though none does. The surest first.
    """
    parts = [name for name in now if before.get(name) and now[name]]
    each = 1 - (1 - confidence) / max(len(parts), 1)
    found = [change(name, _estimate(before[name], each), _estimate(now[name], each)) for name in parts]
    return sorted(found, key=_surest)


def credible(found: Iterable[Change]) -> list[Change]:
    """Those that can be said to be better or worse."""
    return [each for each in found if each.direction is not Direction.OPEN]


def _estimate(people: People, confidence: float) -> Estimate:
    rate = people_rate(people, confidence)
    return Estimate(rate.rate, rate.interval)


def _surest(found: Change) -> tuple[bool, float]:
    """By how far the interval is from none, in parts of its width."""
    distance = max(found.interval.low, -found.interval.high)
    width = found.interval.high - found.interval.low or 1.0
    return found.interval == _WHOLE, -distance / width
