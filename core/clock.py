"""The time, handed in as an argument so that tests own it."""

import time
from datetime import UTC, datetime
from typing import Protocol


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
