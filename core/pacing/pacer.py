"""The order of the calls on one rate bucket, over all its streams. It knows no texts, only how much was written when.

Finals go first, then first texts, then the stream whose readers have waited the most: its lag is the sum, over what is
written and not yet shown, of the time it has been waiting.
"""

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, TypeAlias

from core.pacing.bucket import RateBucket
from core.pacing.lengths import ReplyLengths
from core.pacing.spacing import LEAST_GAP, Gap, Spacing
from core.ports import Budget, Rate

_FIRST_GAP: Final = 0.35
"""The first edit comes after this part of the usual gap: short replies are where schedules differ most."""
_BURSTS: Final = 3.0
"""How many usual pauses between bursts a call may come earlier or later, to leave with one."""
_NEARLY: Final = 0.7
"""A stream whose burst has just come goes before the one with the largest lag if its own is this part of it."""
_SMOOTHING: Final = 0.3
_ASK_AGAIN: Final = 0.1
"""Seconds after which a call that is no stream's looks again whether they leave it room."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The next call: whose it is, and the earliest time for it (now or past: it may go)."""

    stream: Hashable
    at: float


@dataclass(slots=True)
class _Stream:
    opened: float
    shown: bool
    wrote_at: float
    called_at: float
    """When its last call left; before its first, when it was opened."""
    units: int = 0
    """Written, and in no call yet."""
    arrived: float = 0.0
    """The sum of the times at which `units` were written."""
    total: int = 0
    pause: float = 0.0
    """Seconds that usually pass between two bursts."""
    carried: tuple[int, float] = (0, 0.0)
    """What the call in flight shows when it is taken: units, and the sum of their times."""
    edits: int = 0
    finished: bool = False
    paused: bool = False
    asks_since: float | None = None
    """It wants a call though it wrote nothing new."""

    def lag(self, now: float) -> float:
        """Unit-seconds of waiting, up to `now`."""
        if not self.units:
            return 0.0 if self.asks_since is None else now - self.asks_since
        return self.units * now - self.arrived


_Waiting: TypeAlias = tuple[Hashable, _Stream]


class Pacer:
    """Paces all streams of one rate bucket.

    Every `began` is to be followed by one of `ended`, `refused` and `failed`, also when the stream was closed
    meanwhile. No method raises for a stream that is not open.

    Calls kept back: `reserve` per stream that is likely to end before the window does, so that final texts need not
    wait, but never all of them. On a bucket that tells its budget an ordinary edit leaves at least one call, whatever
    the reserve, unless its answer will come when the window is over: an SDK that sleeps inside the call that empties a
    bucket (discord.py does) then sleeps for less than a round trip. A final or a first text may take the last call:
    nobody else would be given it before the window ends.
    """

    def __init__(self, rate: Rate, *, reserve: int = 1, at_once: int = 1) -> None:
        """`rate` is assumed until the platform's answers say better.

        `at_once`: calls in flight on the bucket at the same time, never two of one stream. More than one suits
        platforms whose SDK does not queue calls itself.
        """
        self._bucket = RateBucket(rate)
        self._lengths = ReplyLengths()
        self._spacing = Spacing(self._bucket, self._lengths, reserve)
        self._at_once = at_once
        self._streams: dict[Hashable, _Stream] = {}
        self._flying: dict[Hashable, float] = {}
        self._last_call = -math.inf
        self._busy_since = -math.inf
        self._planned: Turn | None = None
        self._planned_until = -math.inf

    def open(self, stream: Hashable, now: float, *, shown: bool = False) -> None:
        """A reply begins; `shown` where its first text went through another bucket and is visible already."""
        if stream in self._streams:
            return
        if not self._streams:
            self._busy_since = now
        self._streams[stream] = _Stream(now, shown, now, now)
        self._lengths.began(now)
        self._replan()

    def wrote(self, stream: Hashable, units: int, now: float) -> None:
        """The model wrote `units` more; characters, where nothing speaks for another unit."""
        if (it := self._streams.get(stream)) is None or units <= 0:
            return
        it.pause += _SMOOTHING * (now - it.wrote_at - it.pause)
        it.wrote_at = now
        it.units += units
        it.arrived += units * now
        it.total += units
        if not it.finished:
            self._lengths.wrote(units, now)

    def finished(self, stream: Hashable, now: float) -> None:
        """Its final text is known: calls for it are finals from now on, until it is closed."""
        it = self._streams.get(stream)
        if it is not None and not it.finished:
            it.finished = True
            if not it.units:
                it.asks_since = now
            self._lengths.ended(it.opened, it.total)
            self._replan()

    def close(self, stream: Hashable) -> None:
        """Nothing more is to be shown of it."""
        it = self._streams.pop(stream, None)
        if it is not None and not it.finished:
            self._lengths.ended(it.opened, it.total)
        self._replan()

    def pause(self, stream: Hashable) -> None:
        """Give it no turn until `resume`; what it writes goes on waiting."""
        if (it := self._streams.get(stream)) is not None:
            it.paused = True
            self._replan()

    def resume(self, stream: Hashable) -> None:
        """It wants a turn, even if it wrote nothing since the last."""
        if (it := self._streams.get(stream)) is not None:
            it.paused = False
            if it.asks_since is None:
                it.asks_since = max(it.called_at, it.wrote_at)
            self._replan()

    def next(self, now: float) -> Turn | None:
        """The next call; None if there is nothing to send, or enough is in flight."""
        if len(self._flying) >= self._at_once:
            return None
        if self._planned is not None and now < self._planned_until:
            return self._planned
        waiting = [
            (stream, it)
            for stream, it in self._streams.items()
            if (it.units or it.asks_since is not None) and not it.paused and stream not in self._flying
        ]
        if not waiting:
            return None
        urgent = [each for each in waiting if each[1].finished] or [each for each in waiting if not each[1].shown]
        if urgent:
            return Turn(_longest_waiting(urgent, now)[0], self._bucket.has_room(now, 1))
        return self._ordinary(waiting, now)

    def began(self, stream: Hashable, now: float) -> None:
        """Its call left, with all that was written so far."""
        self._flying[stream] = now
        self._bucket.began(now)
        self._last_call = now
        self._replan()
        if (it := self._streams.get(stream)) is not None:
            it.carried = (it.units, it.arrived)
            it.units, it.arrived, it.asks_since = 0, 0.0, None
            it.called_at = now
            it.edits += it.shown

    def ended(self, stream: Hashable, now: float, budget: Budget | None = None) -> None:
        """Its call was taken; `budget` is what the answer said of the bucket."""
        if (began := self._land(stream)) is not None:
            self._bucket.ended(began, now, budget)
            if (it := self._streams.get(stream)) is not None:
                it.shown = True
                it.carried = (0, 0.0)

    def refused(self, stream: Hashable, now: float, retry_after: float) -> None:
        """Its call met a 429: the bucket pauses `retry_after` seconds, then goes on with whatever is newest."""
        if (began := self._land(stream)) is not None:
            self._bucket.refused(began, now, retry_after)
            self._not_shown(stream)

    def failed(self, stream: Hashable, now: float) -> None:
        """Its call ended in another error: nothing was shown, though the call may have counted."""
        if self._land(stream) is not None:
            self._bucket.failed(now)
            self._not_shown(stream)

    def beside(self, now: float, *, patient: bool) -> float:
        """When a call that is no stream's may leave, or may ask again: with a call left for every stream.

        `patient`: not while a stream waits for its turn.
        """
        wanted = any((it.units or it.asks_since is not None) and not it.paused for it in self._streams.values())
        if len(self._flying) >= self._at_once or (patient and wanted):
            return now + _ASK_AGAIN
        left = 1 + len(self._streams) if patient else 1
        return self._bucket.has_room(now, min(left, self._bucket.limit(now)))

    def _land(self, stream: Hashable) -> float | None:
        self._replan()
        return self._flying.pop(stream, None)

    def _not_shown(self, stream: Hashable) -> None:
        if (it := self._streams.get(stream)) is not None:
            units, arrived = it.carried
            it.units += units
            it.arrived += arrived
            it.carried = (0, 0.0)
            if not it.units:
                it.asks_since = it.called_at

    def _replan(self) -> None:
        self._planned = None

    def _ordinary(self, waiting: list[_Waiting], now: float) -> Turn:
        streams = len(self._streams)
        kept = self._spacing.kept(now, streams)
        room = self._spacing.room(now, kept)
        gap = self._spacing.gap(now, kept, streams=streams, last_call=self._last_call, busy_since=self._busy_since)
        first_gap = _FIRST_GAP * math.sqrt(streams) * gap.best
        soonest = max(now, room, self._last_call + gap.least)
        # A stream whose turn has not come yet, however much it lags, does not hold up another.
        due = [each for each in waiting if self._held_until(each[1], first_gap) <= soonest]
        if not due:
            due = [min(waiting, key=lambda each: self._held_until(each[1], first_gap))]
        stream, it = _longest_waiting(due, soonest)
        early, late = self._window(it, gap, first_gap)
        early, late = max(early, room), max(late, room)
        if now >= early and (fresh := [each for each in due if each[1].wrote_at >= early]):
            burst, its = _longest_waiting(fresh, now)
            if its.lag(now) >= _NEARLY * it.lag(now):
                return Turn(burst, now)
        self._planned, self._planned_until = Turn(stream, early if it.wrote_at >= early else late), early
        return self._planned

    def _window(self, it: _Stream, gap: Gap, first_gap: float) -> tuple[float, float]:
        """From when its call may leave with a burst, and when it leaves without one."""
        patience = self._patience(it)
        early = self._last_call + max(gap.least, gap.best - patience)
        late = self._last_call + min(gap.most, gap.best + patience)
        held = self._held_until(it, first_gap)
        own_late = held if it.edits else it.called_at + min(2 * first_gap, first_gap + patience)
        return max(early, held), max(late, own_late)

    def _held_until(self, it: _Stream, first_gap: float) -> float:
        """The earliest time for its next call, as far as the stream itself is concerned."""
        if it.edits:
            return it.called_at + LEAST_GAP
        return it.called_at + max(0.5 * first_gap, first_gap - self._patience(it))

    def _patience(self, it: _Stream) -> float:
        """Seconds that a call may come earlier or later to meet a burst; of many streams one has it the sooner."""
        return _BURSTS * it.pause / len(self._streams)


def _longest_waiting(streams: list[_Waiting], now: float) -> _Waiting:
    return max(streams, key=lambda each: each[1].lag(now))
