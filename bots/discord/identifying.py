"""When gateway sessions may begin. It knows neither connections nor events.

Discord takes one identify in five seconds from each group of shards, `shard % max_concurrency`
(docs.discord.com/developers/events/gateway#rate-limiting). What other processes begin is not known here: who comes too
early is told so by Discord, and tries again.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from core.clock import Clock

IDENTIFY_PAUSE: Final = 5.0
"""Seconds between two sessions of one group."""
_SHORTEST: Final = 0.2
"""The part of it that one waits at the least after a session that Discord ended or did not let begin."""


class Identifying:
    """The turns of this process's shards."""

    def __init__(self, clock: Clock, *, pause: float = IDENTIFY_PAUSE, at_once: int = 1) -> None:
        """`pause`: seconds between two sessions of one group; `at_once`: how many groups there are."""
        self._clock = clock
        self._pause = pause
        self._at_once = at_once
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._last: dict[int, float] = {}
        self._chance = random.SystemRandom()

    @asynccontextmanager
    async def turn(self, shard: int) -> AsyncIterator[None]:
        """Wait for the turn of a shard, and have it while the block lasts: until Discord has said that it begins."""
        group = shard % self._at_once
        async with self._locks[group]:
            if group in self._last:
                await asyncio.sleep(self._last[group] + self._pause - self._clock.monotonic())
            try:
                yield
            finally:
                self._last[group] = self._clock.monotonic()

    async def step_back(self) -> None:
        """Wait for a while, each time for another one: several that were sent away do not come back together.

        One to five seconds are what Discord asks for (docs.discord.com/developers/events/gateway#resuming).
        """
        await asyncio.sleep(self._chance.uniform(_SHORTEST, 1.0) * self._pause)

    def longest_wait(self, shards: int) -> float:
        """Seconds until the last of so many shards has had its turn, if all come now."""
        return self._pause * (-(-shards // self._at_once) - 1)
