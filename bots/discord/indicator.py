"""The typing indicator: "is typing…" below a channel while an answer is on its way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bots.discord.rest import Rest
from core.errors import PlatformError
from core.tasks import cancelled

_AFTER: Final = 0.4
_SECONDS: Final = 8.0
"""Discord shows it for ten."""


class Indicator:
    """Shows it in any number of rooms."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._tasks: dict[str, set[asyncio.Task[None]]] = {}

    @asynccontextmanager
    async def shown(self, room: str) -> AsyncIterator[None]:
        """Show it in `room` until `end`, or the end of the block."""
        task = asyncio.create_task(self._show(room), name=f"show typing in {room}")
        tasks = self._tasks.setdefault(room, set())
        tasks.add(task)
        try:
            yield
        finally:
            tasks.discard(task)
            if not tasks:
                self._tasks.pop(room, None)
            await cancelled([task])

    def end(self, room: str) -> None:
        """Show it no longer: a message ends it by itself, and a call that came after that would bring it back."""
        for task in self._tasks.get(room, ()):
            task.cancel()

    async def _show(self, room: str) -> None:
        # Most answers begin before anyone would look for it.
        await asyncio.sleep(_AFTER)
        with contextlib.suppress(PlatformError):
            while True:
                await self._rest.call("POST", f"/channels/{room}/typing", bucket=("typing", room), patient=True)
                await asyncio.sleep(_SECONDS)
