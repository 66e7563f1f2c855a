"""The time, handed in as an argument so that tests own it."""

import time
from datetime import UTC, datetime
from typing import Final, Protocol

_ERROR: Final = 1.0
"""By so many seconds a clock does not go wrong by itself between two looks at it."""


class Clock(Protocol):
    """Tells the time twice over: for people (`now`) and for measuring (`monotonic`)."""

    def now(self) -> datetime:
        """The moment, in UTC, with its zone."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed point in the past."""
        return time.monotonic()


class ClockWatch:
    """Sees when a clock is set, also because the machine slept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at_zero = self._now_at_zero()

    def set_by(self) -> float:
        """The seconds by which it was set since this was asked last; 0 where it went on as clocks do."""
        set_by = self._now_at_zero() - self._at_zero
        if abs(set_by) <= _ERROR:
            return 0.0
        self._at_zero += set_by
        return set_by

    def _now_at_zero(self) -> float:
        """What it said, in seconds since 1970, when the one that is never set began to count."""
        return self._clock.now().timestamp() - self._clock.monotonic()
