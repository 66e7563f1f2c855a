"""A world in virtual time: processes that wait, replies that a model writes, and what a reader sees of them.

It knows nothing of schedules or rate limits; those are processes and buckets that others bring.
"""

import heapq
import math
from bisect import bisect_right
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TypeAlias

Process: TypeAlias = Generator[float, None, None]
"""Yields the seconds it wants to wait."""

CHARACTERS_PER_TOKEN = 4


class World:
    """The clock, and what is to happen when."""

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Call `action` at `when`, or at once where that is past."""
        heapq.heappush(self._queue, (max(when, self.now), next(self._order), action))

    def start(self, process: Process) -> None:
        """Run `process` from now on."""
        self.at(self.now, lambda: self._resume(process))

    def run(self, until: float = float("inf")) -> None:
        """Let time pass until nothing is left to happen, or it is `until`."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, action = heapq.heappop(self._queue)
            action()

    def _resume(self, process: Process) -> None:
        wait = next(process, None)
        if wait is not None:
            self.at(self.now + wait, lambda: self._resume(process))


@dataclass
class Reply:
    """One reply: when its tokens arrive from the model, and when each of them becomes visible."""

    arrivals: list[float]
    """Seconds, in the world's time, never decreasing."""
    round_trip: float
    """Seconds that a call to the platform takes here, on average."""
    seed: int = 0
    seen: list[float] = field(default_factory=list)
    """When token i became visible."""
    changes: list[float] = field(default_factory=list)
    """When what the reader sees has changed."""

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def written(self, now: float) -> int:
        """How many tokens the model has written."""
        return bisect_right(self.arrivals, now)

    def trip(self) -> float:
        """One round trip, in seconds: a tenth more or less than the usual one."""
        return self.round_trip * self._random.uniform(0.9, 1.1)

    def show(self, tokens: int, now: float) -> None:
        """The first `tokens` tokens are what the reader sees."""
        if tokens > len(self.seen):
            self.seen.extend([now] * (tokens - len(self.seen)))
            self.changes.append(now)

    @property
    def end(self) -> float:
        """When the model has written its last token."""
        return self.arrivals[-1]

    def unseen(self) -> "Reply":
        """The same reply, before anyone has seen anything of it."""
        return Reply(self.arrivals, self.round_trip, self.seed)

    def first_text(self) -> float:
        """Seconds from the model's first token to the first that can be read."""
        return self.seen[0] - self.arrivals[0]

    def lag(self) -> float:
        """The sum over tokens of the seconds from arrival to visibility."""
        return sum(self.seen) - sum(self.arrivals)

    def mean_lag(self) -> float:
        """Seconds per token from arrival to visibility."""
        return self.lag() / len(self.arrivals)

    def final_lag(self) -> float:
        """Seconds from the model's last token to the whole text."""
        return self.seen[-1] - self.arrivals[-1]

    def longest_freeze(self) -> float:
        """The longest time, in seconds, that the screen stood still while there was text to show."""
        return max(
            (
                later - max(earlier, self.arrivals[bisect_right(self.seen, earlier)])
                for earlier, later in zip(self.changes, self.changes[1:], strict=False)
            ),
            default=0.0,
        )


def model_writes(random: Random, tokens: int, per_second: float, start: float = 0.0) -> list[float]:
    """Arrival times of `tokens` tokens: made at random, `per_second` on average, and arriving in bursts of 1 to 8."""
    times: list[float] = []
    now = start
    while len(times) < tokens:
        burst = random.randint(1, 8)
        now += random.gammavariate(burst, 1 / per_second) if times else 0.0
        times.extend([now] * burst)
    return times[:tokens]


def random_replies(random: Random, count: int, *, per_second: float | None = None, within: float = 0.0) -> list[Reply]:
    """Replies at 30 to 100 tokens a second (or `per_second`), with round trips of 80 to 200 ms.

    Their first tokens come `within` so many seconds. Their lengths are spread as an exponential distribution is, with a
    mean of 300 tokens, cut to 10 … 1000: how long a reply has been going on says nothing of how long it will go on.
    """
    lengths = [min(1000, max(10, round(-300 * math.log((rank + 0.5) / count)))) for rank in range(count)]
    random.shuffle(lengths)
    return [
        Reply(
            model_writes(random, tokens, per_second or random.uniform(30, 100), random.uniform(0, within)),
            random.uniform(0.08, 0.2),
            random.getrandbits(32),
        )
        for tokens in lengths
    ]
