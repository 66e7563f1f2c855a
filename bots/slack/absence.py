"""Notices that the connection to Slack is gone, and when it was for so long that Slack may have given up on events."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from bots.slack.translate import PLATFORM
from core.clock import Clock

logger = logging.getLogger(__name__)

LONG: Final = timedelta(minutes=1)
"""What fails is delivered again at once, after one minute and after five (docs.slack.dev/apis/events-api, Retries)."""
_EVERY: Final = 3.0
_NOT_YET: Final = -3
"""So many looks find it away at first before that is worth a line: it is being connected."""


async def watch(
    is_connected: Callable[[], Awaitable[bool]],
    missed: Callable[[datetime], None],
    clock: Clock,
    *,
    every: float = _EVERY,
) -> None:
    """Look `every` so many seconds, for ever; after a long absence tell `missed` when it began."""
    heard = clock.now()
    missing, is_lost = _NOT_YET, False
    while True:
        await asyncio.sleep(every)
        is_there, now = await is_connected(), clock.now()
        if is_there:
            if is_lost:
                seconds = round((now - heard).total_seconds(), 1)
                logger.info("reconnected", extra={"platform": PLATFORM, "seconds": seconds})
            if now - heard >= LONG:
                missed(heard)
            heard, missing, is_lost = now, 0, False
            continue
        missing += 1
        if missing > 0 and not is_lost:
            is_lost = True
            logger.warning("connection_lost", extra={"platform": PLATFORM})
