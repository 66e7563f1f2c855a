"""How often a platform may be asked about its past: a share of what it allows, behind the live traffic.

It knows rates and the time, and nothing of what is asked. Calls leave evenly spaced. A look that people wait for, after
a start or a lost connection, may take more at once where the share was not used up before.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, TypeVar

from core.clock import Clock
from core.errors import RateLimitedError
from core.ports import Rate

Answer = TypeVar("Answer")
Sleep: TypeAlias = Callable[[float], Awaitable[object]]

SHARE: Final = 0.25
"""The part of the platform's rate that evenly spaced calls take."""
BURST: Final = 0.5
"""The part of one window's calls that may leave at once. With `SHARE` that is 0.25 + 0.5 / n of what n windows allow:
three quarters in the first of them, so that live calls find room, and 30 % over ten."""
_ATTEMPTS: Final = 20
"""Rate limits in a row after which a call is given up."""
_SLOWEST: Final = 16.0
"""How many times the usual gap the longest one is."""
_RECOVERY: Final = 0.9
"""What an answer that is none makes of a gap that refusals have widened."""
_PATIENCE: Final = 5
"""Gaps that live work is waited for, so that a bot which is never idle looks at all."""


class Looks:
    """The budget of one platform's looks; one call at a time."""

    def __init__(
        self,
        rate: Rate,
        clock: Clock,
        *,
        is_busy: Callable[[], bool] = lambda: False,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """`rate`: how often the platform may be asked; `is_busy`: live work is under way that should go first."""
        self._clock = clock
        self._is_busy = is_busy
        self._sleep = sleep
        self._gap = rate.window / (SHARE * rate.calls)
        self._most = BURST * rate.calls
        self._saved = self._most
        self._counted_at = clock.monotonic()
        self._next_at = self._counted_at
        self._slowness = 1.0

    async def at_once(self, call: Callable[[], Awaitable[Answer]], /) -> Answer:
        """Make a call that someone waits for: now, where calls were saved up, else as `evenly` does."""
        return await self._patiently(call, hurries=True)

    async def evenly(self, call: Callable[[], Awaitable[Answer]], /) -> Answer:
        """Make a call when its turn has come, and again after each pause that the platform asks for.

        Raises what the call raises; RateLimitedError after twenty in a row.
        """
        return await self._patiently(call, hurries=False)

    async def _patiently(self, call: Callable[[], Awaitable[Answer]], *, hurries: bool) -> Answer:
        for attempt in range(1, _ATTEMPTS + 1):
            await self._turn(hurries=hurries)
            try:
                answer = await call()
            except RateLimitedError as error:
                self._refused(error.retry_after)
                if attempt == _ATTEMPTS:
                    raise
            else:
                self._slowness = max(1.0, self._slowness * _RECOVERY)
                return answer
        raise AssertionError  # the last attempt returns or raises

    async def _turn(self, *, hurries: bool) -> None:
        self._save()
        if not (hurries and self._saved >= 1):
            await self._until(self._next_at)
            await self._until_quiet()
            self._save()
        self._saved = max(0.0, self._saved - 1)
        self._next_at = self._clock.monotonic() + self._gap * self._slowness

    def _save(self) -> None:
        """What was not used is saved, up to a burst."""
        now = self._clock.monotonic()
        self._saved = min(self._most, self._saved + (now - self._counted_at) / self._gap)
        self._counted_at = now

    async def _until(self, moment: float) -> None:
        while (wait := moment - self._clock.monotonic()) > 0:
            await self._sleep(wait)

    async def _until_quiet(self) -> None:
        for _ in range(_PATIENCE):
            if not self._is_busy():
                return
            await self._sleep(self._gap)

    def _refused(self, retry_after: float) -> None:
        self._slowness = min(_SLOWEST, 2 * self._slowness)
        self._saved = 0.0
        pause = max(retry_after, self._gap * self._slowness)
        self._next_at = self._clock.monotonic() + pause
