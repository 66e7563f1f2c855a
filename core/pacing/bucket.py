"""What a platform's rate bucket still allows, learned from its answers. It knows nothing of streams or texts.

Two kinds of bucket are told apart by what they say. One that sends its budget with every answer (Discord) is taken at
its word: so many calls until the window ends. One that is silent until it refuses (Slack) is given our own count, over
a sliding window: whatever window the platform keeps, fixed or sliding, it then never sees more than it allows.
"""

import math
from collections import deque
from typing import Final

from core.ports import Budget, Rate

_LONGEST_PAUSE: Final = 600.0
_LONGEST_WINDOW: Final = 120.0
"""Seconds; what a platform says beyond these is taken for nonsense."""
_RETRY_FLOOR: Final = 0.25
"""Seconds to wait after a refusal at the least, doubled for each further one in a row."""
_SLOW: Final = 0.5
"""Seconds that a call's way up is taken to last at most, while no round trip was measured."""
_RECOVERY: Final = 0.03
"""The part of the assumed calls that a bucket is trusted with again for every window without a refusal."""
_EVENLY: Final = 0.8
"""The part of an even gap below which two calls are a burst."""
_NEVER: Final = -math.inf


class RateBucket:
    """Counts calls, believes answers, and says how many calls are left and when there will be more."""

    def __init__(self, rate: Rate) -> None:
        """`rate` is the assumption until an answer says better; `rate.calls` is at least 1."""
        self.window = rate.window
        """Seconds from a window's start to its end."""
        self.round_trip = 0.0
        """Seconds that a call takes there and back, when it is quick."""
        self.tells = False
        """The platform says with its answers what is left."""
        self._limit = rate.calls
        self._trusted = float(rate.calls)
        self._trusted_at = _NEVER
        self._remaining = rate.calls
        self._reset = _NEVER
        self._out = 0
        self._taken: deque[float] = deque()
        self._paused_until = _NEVER
        self._refusals = 0

    def limit(self, now: float) -> int:
        """Calls per window, as far as the bucket is trusted: less than it claims for a while after a refusal."""
        if self._trusted < self._limit and math.isfinite(self._trusted_at):
            windows = max(0.0, now - self._trusted_at) / self.window
            return max(1, min(self._limit, int(self._trusted + windows * _RECOVERY * self._limit)))
        return self._limit

    def wary(self, now: float) -> bool:
        """A refusal is not long ago: better no bursts."""
        return self.limit(now) < self._limit

    def left(self, now: float) -> int:
        """Calls that may leave before `reset`; none while the bucket is paused."""
        self._forget(now)
        if now < self._paused_until:
            return 0
        counted = self.limit(now) - len(self._taken)
        if not self.tells:
            return max(0, counted)
        told = self._remaining - self._out
        return max(0, min(told, counted) if self.wary(now) else told)

    def reset(self, now: float) -> float:
        """When the window that is open ends for certain; `now` or earlier where none is open.

        A silent bucket gives its calls back one by one: then it is when the next one comes back.
        """
        self._forget(now)
        if self.tells and not (self.wary(now) and self._taken):
            return max(self._reset, self._paused_until)
        oldest = self._taken[0] + self.window if self._taken else _NEVER
        return max(oldest, self._reset if self.tells else _NEVER, self._paused_until)

    def has_room(self, now: float, calls: int) -> float:
        """The earliest time, `now` or later, at which `calls` calls are left (no more than `limit` are asked for)."""
        left = self.left(now)
        if left >= calls:
            return now
        if self.tells and not self.wary(now):
            return max(now, self.reset(now))
        short = min(calls - max(0, self.limit(now) - len(self._taken)), len(self._taken))
        back = self._taken[short - 1] + self.window if short > 0 else now
        return max(now, back, self._paused_until, self._reset if self.tells else _NEVER)

    def coming_back(self, now: float, within: float) -> int:
        """Calls that a silent bucket gives back in the next `within` seconds."""
        return sum(1 for moment in self._taken if moment + self.window <= now + within)

    def began(self, now: float) -> None:
        """A call left."""
        self._forget(now)
        self._out += 1
        self._taken.append(now)

    def ended(self, began: float, now: float, budget: Budget | None) -> None:
        """The call that had left at `began` was taken."""
        self._out = max(0, self._out - 1)
        self._refusals = 0
        took = now - began
        self._forget(now)
        if began in self._taken:  # the platform may have counted it as late as this
            self._taken.remove(began)
            self._taken.append(now)
        if budget is None or not _sane(budget):
            self._remaining = max(0, self._remaining - 1)
            self._measure(took)
            return
        remaining = min(max(0, budget.remaining), budget.limit)
        if remaining:
            self._measure(took)
        # An SDK may sleep until the reset inside the call that empties the bucket (discord.py does) and hand over an
        # answer that is old by then: count from when the call can have arrived, not from when it returned.
        way = took if remaining else min(took, 2 * self.round_trip or _SLOW)
        self._believe(budget.limit, remaining, began + way + min(budget.reset_after, _LONGEST_WINDOW), now)

    def refused(self, began: float, now: float, retry_after: float) -> None:
        """The call that had left at `began` was answered with 429 and a pause to keep, in seconds."""
        self._out = max(0, self._out - 1)
        self._forget(now)
        if began in self._taken:  # a refused call is not counted
            self._taken.remove(began)
        if not self.tells or self._remaining > self._out:
            self._distrust(began, now)
        wait = retry_after if math.isfinite(retry_after) and retry_after > 0 else 0.0
        floor = _RETRY_FLOOR * 2 ** min(self._refusals, 7)
        self._refusals += 1
        self._paused_until = max(self._paused_until, now + min(max(wait, floor), _LONGEST_PAUSE))
        self._trusted_at = self._paused_until
        if self.tells:
            self._remaining, self._reset = self._limit, _NEVER

    def failed(self, now: float) -> None:
        """A call ended in another error; it may have counted."""
        self._out = max(0, self._out - 1)
        self._forget(now)
        self._remaining = max(0, self._remaining - 1)

    def _distrust(self, began: float, now: float) -> None:
        """Believe in fewer calls per window: in as many as just went well, where they came evenly.

        Where they came in a burst it may be the burst that was too much: then in half of what was claimed, or more.
        """
        limit, went_well = self.limit(now), len(self._taken)
        before = max((moment for moment in self._taken if moment <= began), default=_NEVER)
        in_a_burst = began - before < _EVENLY * self.window / limit
        floor = 0.5 * self._limit if in_a_burst else 1.0
        self._trusted = max(1.0, min(max(floor, went_well), 0.95 * limit))

    def _measure(self, took: float) -> None:
        quick = took < self.round_trip or not self.round_trip
        self.round_trip = max(0.0, took) if quick else self.round_trip + 0.1 * (took - self.round_trip)

    def _believe(self, limit: int, remaining: int, reset: float, now: float) -> None:
        if not self.tells or limit != self._limit:
            self.tells = True
            self._limit, self._trusted = limit, float(limit)
        same_window = now < self._reset and remaining <= self._remaining
        # Each answer was on its way for a while, so each names a time at which the window is over for certain.
        self._reset = min(self._reset, reset) if same_window else reset
        self._remaining = remaining
        if remaining == limit - 1 and reset > now:
            self.window = reset - now

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0] + self.window <= now:
            self._taken.popleft()
        if not self.tells:
            return
        is_over = now >= self._reset and self._reset > _NEVER
        # A call that failed tells of no window; a window's time after the last one, none can be open.
        was_never_told = self._reset == _NEVER and not self._taken and not self._out
        if is_over or was_never_told:
            self._remaining, self._reset = self._limit, _NEVER


def _sane(budget: Budget) -> bool:
    return budget.limit >= 1 and math.isfinite(budget.reset_after) and budget.reset_after >= 0
