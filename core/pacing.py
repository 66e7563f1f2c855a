"""Whose call goes next on a rate bucket, and when. Pure: the time comes in as an argument, nothing is sent from here.

The order is finals, then first texts, then the stream whose readers have waited the most: its lag is the sum, over
what is written and not yet shown, of the time it has been waiting. The times come from what the bucket still allows,
shared out over what is left of its window, or over the time that the replies under way are likely to take yet.
"""

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from core.ports import Budget, Rate
from core.rate_bucket import RateBucket
from core.reply_lengths import ReplyLengths

_FIRST_GAP: Final = 0.5
"""The first edit comes after this part of the usual gap: short replies are where schedules differ most."""
_LEAST_GAP: Final = 0.25
"""Seconds between two edits of one stream: more of them are a waste, whatever the budget."""
_STRETCH: Final = 1.005
"""How much longer than the even gap a later one may become for the sake of an earlier call."""
_SWING: Final = 0.5
"""The part of a gap by which a call on a bucket with plenty left may come earlier or later, to leave with a burst."""
_BURSTS: Final = 2.0
"""How many usual pauses between bursts a call may come earlier or later, to leave with one."""
_NEARLY: Final = 0.7
"""A stream whose burst has just come goes before the one with the largest lag if its own is this part of it."""
_TURNING: Final = 1.5
"""Round trips before a window's end from which its last call is an ordinary edit's too."""
_SMOOTHING: Final = 0.3


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
    units: int = 0
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


@dataclass(frozen=True, slots=True)
class _Gap:
    """Seconds between two ordinary calls: the best, and how far from it one may go to meet a burst."""

    least: float
    best: float
    most: float


class Pacer:
    """Paces all streams of one rate bucket.

    Every `began` is to be followed by one of `ended`, `refused` and `failed`, also when the stream was closed
    meanwhile. No method raises for a stream that is not open.

    Calls kept back: `reserve` per stream that is likely to end before the window does, so that final texts need not
    wait, but never all of them. On a bucket that tells its budget an ordinary edit leaves at least one call, whatever
    the reserve, unless its answer will come when the window is over; the SDK that sleeps inside the call that empties
    a bucket then sleeps for less than a round trip. A final or a first text may take the last call: nobody else would
    be given it before the window ends.
    """

    def __init__(self, rate: Rate, *, reserve: int = 1, at_once: int = 1) -> None:
        """`rate` is assumed until the platform's answers say better.

        `at_once`: calls in flight on the bucket at the same time, never two of one stream. More than one suits
        platforms whose SDK does not queue calls itself.
        """
        self._bucket = RateBucket(rate)
        self._reserve = reserve
        self._at_once = at_once
        self._streams: dict[Hashable, _Stream] = {}
        self._flying: dict[Hashable, float] = {}
        self._lengths = ReplyLengths()
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
        self._lengths.wrote(units)

    def finished(self, stream: Hashable, now: float) -> None:
        """Its final text is known: calls for it are finals from now on, until it is closed."""
        it = self._streams.get(stream)
        if it is not None and not it.finished:
            it.finished = True
            if not it.units:
                it.asks_since = now
            self._lengths.ended(it.opened, it.total, now)
            self._replan()

    def close(self, stream: Hashable) -> None:
        """Nothing more is to be shown of it."""
        it = self._streams.pop(stream, None)
        if it is not None and not it.finished:
            self._lengths.ended(it.opened, it.total, it.wrote_at)
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
        if self._land(stream) is not None:
            self._bucket.refused(now, retry_after)
            self._not_shown(stream)

    def failed(self, stream: Hashable, now: float) -> None:
        """Its call ended in another error: nothing was shown, though the call may have counted."""
        if self._land(stream) is not None:
            self._bucket.failed(now)
            self._not_shown(stream)

    def spent(self, calls: int, now: float) -> None:
        """Something else made `calls` calls on this bucket."""
        self._bucket.spent(calls, now)
        self._replan()

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

    def _ordinary(self, waiting: list[tuple[Hashable, _Stream]], now: float) -> Turn:
        kept = self._kept(now)
        gap = self._gap(kept, now)
        room = self._room(kept, now)
        soonest = max(now, room, self._last_call + gap.least)
        # A stream whose turn has not come yet, however much it lags, does not hold up another.
        due = [(stream, it) for stream, it in waiting if _held_until(it, gap) <= soonest]
        if not due:
            due = [min(waiting, key=lambda each: _held_until(each[1], gap))]
        stream, it = _longest_waiting(due, soonest)
        early, late = self._window(it, gap, room)
        if now >= early:
            fresh = [each for each in due if each[1].wrote_at >= early]
            if fresh:
                candidate = _longest_waiting(fresh, now)
                if candidate[1].lag(now) >= _NEARLY * it.lag(now):
                    return Turn(candidate[0], now)
        return self._plan(Turn(stream, early if it.wrote_at >= early else late), early)

    def _plan(self, turn: Turn, until: float) -> Turn:
        self._planned, self._planned_until = turn, until
        return turn

    def _window(self, it: _Stream, gap: _Gap, room: float) -> tuple[float, float]:
        """From when a call may leave with a burst, and when it leaves without one."""
        patience = _BURSTS * it.pause / len(self._streams)  # with many streams some burst comes the sooner
        early = self._last_call + max(gap.least, gap.best - patience)
        late = self._last_call + min(gap.most, gap.best + patience)
        held = _held_until(it, gap)
        if not it.edits:
            first = _FIRST_GAP * gap.best
            held = it.called_at + max(0.5 * first, first - patience)
            late = max(late, it.called_at + min(2 * first, first + patience))
        return max(early, held, room), max(late, held, room)

    def _kept(self, now: float) -> int:
        """Calls that ordinary edits leave to finals for the time being."""
        limit = self._bucket.limit(now)
        ending = 1.0
        if self._bucket.tells:
            window = self._bucket.reset(now) - now
            ending = min(1.0, (window if window > 0 else self._bucket.window) / self._lengths.remaining(now))
        kept = max(self._reserve, math.ceil(self._reserve * len(self._streams) * ending))
        return min(max(kept, 1 if self._bucket.tells else 0), limit - 1)

    def _room(self, kept: int, now: float) -> float:
        """The earliest time at which an ordinary edit leaves `kept` calls behind, or need not."""
        if self._bucket.tells and self._bucket.left(now):
            turning = self._bucket.reset(now) - _TURNING * self._bucket.round_trip
            if self._bucket.left(now) <= kept:
                return max(now, turning)
        return self._bucket.has_room(now, kept + 1)

    def _gap(self, kept: int, now: float) -> _Gap:
        bucket = self._bucket
        calls = max(0, bucket.left(now) - kept)
        usual = bucket.window / max(1, bucket.limit(now) - kept)
        horizon = self._lengths.remaining(now)
        if not bucket.tells:
            calls += bucket.coming_back(now, horizon)
        elif (reset := bucket.reset(now) - _TURNING * bucket.round_trip) > now:
            if horizon >= reset - self._last_call:
                return self._even(reset - self._last_call, calls, usual)
        elif bucket.window <= horizon:
            return _Gap(0.8 * usual, usual, _STRETCH * usual)
        best = max(horizon / max(1, calls), _LEAST_GAP / len(self._streams))
        return _Gap((1 - _SWING) * best, best, (1 + _SWING) * best)

    def _even(self, left: float, calls: int, usual: float) -> _Gap:
        """What is left of the window, shared out evenly; but no gap now that makes later ones longer than usual."""
        longest = _STRETCH * usual
        least = left - calls * longest
        even = left / (calls + 1)
        elapsed = self._last_call - self._busy_since
        best = min(even, max(least, elapsed))
        return _Gap(min(least, best), best, max(best, longest))


def _longest_waiting(streams: list[tuple[Hashable, _Stream]], now: float) -> tuple[Hashable, _Stream]:
    return max(streams, key=lambda each: each[1].lag(now))


def _held_until(it: _Stream, gap: _Gap) -> float:
    return it.called_at + (_LEAST_GAP if it.edits else 0.5 * _FIRST_GAP * gap.best)
