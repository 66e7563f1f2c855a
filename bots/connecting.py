"""Platforms as they are connected to at the start: all at once, and again and again where one is out of order."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Final, TypeAlias

from core.errors import PlatformUnavailableError, RateLimitedError
from core.ports import ChatPlatform
from core.tasks import cancelled

logger = logging.getLogger(__name__)

Connect: TypeAlias = Callable[[], AbstractAsyncContextManager[ChatPlatform]]

PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds before each further try; the last is kept to."""


async def connect(
    stack: AsyncExitStack,
    platforms: Mapping[str, Connect],
    given_up: asyncio.Event,
    *,
    pauses: Sequence[float] = PAUSES,
) -> None:
    """Enter each platform's connection on `stack`; the others are heard while one is tried again.

    Returns when all are connected, or, once `given_up` is set, when nothing is tried any more.

    Raises:
        PlatformError: one refuses for a reason that another try would not change; the message says what to do.
    """
    tasks = [
        asyncio.create_task(_connect(stack, name, begin, given_up, pauses), name=f"connect to {name}")
        for name, begin in platforms.items()
    ]
    try:
        await asyncio.gather(*tasks)
    finally:
        await cancelled(tasks)


async def _connect(
    stack: AsyncExitStack, platform: str, begin: Connect, given_up: asyncio.Event, pauses: Sequence[float]
) -> None:
    for pause in itertools.chain(pauses, itertools.repeat(pauses[-1])):
        try:
            await stack.enter_async_context(begin())
        except (PlatformUnavailableError, RateLimitedError) as error:
            seconds = max(pause, error.retry_after) if isinstance(error, RateLimitedError) else pause
            told = {"platform": platform, "error": str(error), "next_try_seconds": seconds}
            logger.warning("platform_unavailable", extra=told)
            if await _is_set(given_up, seconds):
                return
        else:
            logger.info("connected", extra={"platform": platform})
            return


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """Whether it is set within so long a time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
