"""How many requests somebody may make: a bucket of tokens each. Pure; time comes in as an argument."""

from collections import OrderedDict
from typing import Final

_REMEMBERED: Final = 10_000
"""Callers; of more, those that were not heard of for the longest start anew."""


class RequestLimit:
    """`per_minute` requests for each caller, all of them at once if they like."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, now: float) -> float:
        """0 where one more request may be made; else the seconds until one may. `now`: a monotonic clock's seconds."""
        rate = self._per_minute / 60
        left, then = self._buckets.pop(caller, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - then) * rate)
        is_free = left >= 1
        self._buckets[caller] = (left - is_free, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if is_free else (1 - left) / rate
