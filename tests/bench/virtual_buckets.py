"""Rate buckets as platforms keep them, and what they answer. They know nothing of who calls.

Sources: Discord's rate limit documentation (a window that starts with its first call, headers on every answer) and
Slack's (calls per minute and method, `Retry-After` in whole seconds, nothing on success).
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from core.ports import Budget


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: taken, or refused with a pause to keep (seconds)."""

    budget: Budget | None = None
    retry_after: float | None = None


class Bucket(Protocol):
    """Counts calls as they arrive at the platform."""

    @property
    def refused(self) -> int:
        """How many calls met a 429."""
        ...

    def take(self, now: float) -> Answer:
        """Count a call that arrives `now`."""
        ...


class FixedWindow:
    """`calls` per `window`, starting with the first call after the last window, or at multiples (`aligned`)."""

    def __init__(self, calls: int, window: float, *, headers: bool = True, aligned: bool = False) -> None:
        self.calls, self.window, self.headers, self.aligned = calls, window, headers, aligned
        self.refused: int = 0
        self.used = 0
        self.reset = -math.inf

    def take(self, now: float) -> Answer:
        if now >= self.reset:
            self.used = 0
            self.reset = (math.floor(now / self.window) + 1) * self.window if self.aligned else now + self.window
        if self.used >= self.calls:
            self.refused += 1
            wait = self.reset - now
            return Answer(retry_after=wait if self.headers else float(math.ceil(wait)))
        self.used += 1
        # Milliseconds, as the platform writes them.
        budget = Budget(self.calls, self.calls - self.used, round(self.reset - now, 3))
        return Answer(budget if self.headers else None)


class SlidingWindow:
    """`calls` in any `window`; says nothing unless it refuses."""

    def __init__(self, calls: int, window: float) -> None:
        self.calls, self.window = calls, window
        self.refused: int = 0
        self.taken: deque[float] = deque()

    def take(self, now: float) -> Answer:
        while self.taken and self.taken[0] <= now - self.window:
            self.taken.popleft()
        if len(self.taken) >= self.calls:
            self.refused += 1
            return Answer(retry_after=float(math.ceil(self.taken[0] + self.window - now)))
        self.taken.append(now)
        return Answer()


class LeakyBucket:
    """`calls` per `window` in the long run with bursts of `burst`; says nothing unless it refuses."""

    def __init__(self, calls: int, window: float, burst: int) -> None:
        self.pace, self.burst = window / calls, burst
        self.refused: int = 0
        self.empty_at = 0.0

    def take(self, now: float) -> Answer:
        empty_at = max(self.empty_at, now)
        if empty_at - now > self.pace * (self.burst - 1):
            self.refused += 1
            return Answer(retry_after=float(math.ceil(empty_at - now - self.pace * (self.burst - 1))))
        self.empty_at = empty_at + self.pace
        return Answer()
