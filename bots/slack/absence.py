"""Notices when the connection to Slack was gone for so long that Slack may have given up on what it had to tell."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock

LONG: Final = timedelta(minutes=1)
"""What fails is delivered again at once, after one minute and after five (docs.slack.dev/apis/events-api, Retries)."""
_EVERY: Final = 3.0


async def watch(
    is_connected: Callable[[], Awaitable[bool]],
    missed: Callable[[datetime], None],
    clock: Clock,
    *,
    every: float = _EVERY,
) -> None:
    """Look `every` so many seconds, for ever; after a long absence tell `missed` when it began."""
    heard = clock.now()
    while True:
        await asyncio.sleep(every)
        if await is_connected():
            now = clock.now()
            if now - heard >= LONG:
                missed(heard)
            heard = now
