"""How far apart ordinary calls on a bucket are to be, and how many are kept back. It knows no single stream."""

from dataclasses import dataclass
from typing import Final

from core.pacing.bucket import RateBucket
from core.pacing.lengths import ReplyLengths

_CAUTION: Final = 0.6
"""The part of the finals expected in a window for which calls are kept: one kept in vain costs some reader, too."""
_TURNING: Final = 1.5
"""Round trips before a window's end, as known here, from which what was kept is ordinary edits' too: the answer comes
when the window is over, and a final that came meanwhile would have waited as long for it."""
_STRETCH: Final = 1.005
"""How much longer than the even gap a later one may become for the sake of an earlier call."""
_SWING: Final = 0.5
"""The part of a gap by which a call on a bucket with plenty left may come earlier or later, to leave with a burst."""
LEAST_GAP: Final = 0.3
"""Seconds between two edits of one stream: more of them would be a waste, whatever the budget."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Seconds between two ordinary calls: the best, and how far from it one may go to meet a burst."""

    least: float
    best: float
    most: float


class Spacing:
    """Shares out what a bucket allows over its window, or over the time that the replies are likely to take yet."""

    def __init__(self, bucket: RateBucket, lengths: ReplyLengths, reserve: int) -> None:
        self._bucket = bucket
        self._lengths = lengths
        self._reserve = reserve

    def kept(self, now: float, streams: int) -> int:
        """Calls that ordinary edits leave to the finals of `streams` live streams for the time being."""
        bucket = self._bucket
        ending = 1.0
        if bucket.tells:
            left = bucket.reset(now) - now
            ending = min(1.0, (left if left > 0 else bucket.window) / self._lengths.remaining())
        kept = max(self._reserve, round(_CAUTION * self._reserve * streams * ending))
        return min(max(kept, 1 if bucket.tells else 0), bucket.limit(now) - 1)

    def room(self, now: float, kept: int) -> float:
        """The earliest time at which an ordinary edit leaves `kept` calls behind, or need not any more."""
        bucket = self._bucket
        if bucket.tells and 0 < bucket.left(now) <= kept:
            return max(now, self._turning(now))
        return bucket.has_room(now, kept + 1)

    def gap(self, now: float, kept: int, *, streams: int, last_call: float, busy_since: float) -> Gap:
        """How long after `last_call` the next ordinary call is best."""
        bucket = self._bucket
        calls = max(0, bucket.left(now) - kept)
        usual = bucket.window / max(1, bucket.limit(now) - kept)
        horizon = self._lengths.remaining()
        if bucket.wary(now):
            return Gap(usual, usual, usual)
        if not bucket.tells:
            calls += bucket.coming_back(now, horizon)
        elif (turning := self._turning(now)) > now:
            if horizon * (calls + 1) >= (turning - last_call) * calls:
                return _even(turning - last_call, calls, usual, last_call - busy_since)
        elif bucket.window <= horizon:
            return Gap(0.8 * usual, usual, _STRETCH * usual)
        best = horizon / max(1, calls)
        if bucket.window <= horizon:
            best = min(best, usual)  # a silent bucket, too, allows as much again in every window
        best = max(best, LEAST_GAP / streams)
        return Gap((1 - _SWING) * best, best, (1 + _SWING) * best)

    def _turning(self, now: float) -> float:
        return self._bucket.reset(now) - _TURNING * self._bucket.round_trip


def _even(left: float, calls: int, usual: float, elapsed: float) -> Gap:
    """What is left of the window, in equal gaps; or, at first, one as long as the time elapsed.

    With edits at the ends of gaps g the mean lag of a stream over T seconds is Σ g² / 2T: equal gaps are the best for a
    given T, gaps that grow with the time elapsed for one that is not known. But no gap now is so short that a later
    one has to be longer than usual.
    """
    longest = _STRETCH * usual
    least = left - calls * longest
    best = min(left / (calls + 1), max(least, elapsed))
    return Gap(min(least, best), best, max(best, longest))
