"""Tells open pages that the log has grown. One look at the database serves all; while none is open, there is none."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final

from core.errors import DatabaseUnavailableError

LOOK: Final = 0.15
"""Seconds between two looks."""
HEARTBEAT: Final = 15.0
"""Seconds after which something is sent though nothing has changed, so that proxies do not hang up."""


class Watcher:
    """Looks for the seq of the newest record while anyone wants to know it."""

    def __init__(self, newest: Callable[[], Awaitable[int]], stopping: asyncio.Event) -> None:
        """`stopping`: set when those who listen are to be let go."""
        self._newest = newest
        self._seq = -1
        self._waiting = 0
        self._grown = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._stopping = stopping

    async def events(self) -> AsyncIterator[str]:
        """Server-sent events: `changed` with the newest seq that is known, at once and whenever one is newer."""
        self._waiting += 1
        try:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look(), name="look for new records")
            told = -1
            while not self._stopping.is_set():
                grown = self._grown
                if self._seq == told:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(HEARTBEAT):
                            await grown.wait()
                if self._stopping.is_set():
                    return
                yield ": nothing new\n\n" if self._seq == told else _event(self._seq)
                told = self._seq
        finally:
            self._waiting -= 1

    async def _look(self) -> None:
        while self._waiting and not self._stopping.is_set():
            with suppress(DatabaseUnavailableError):  # who follows is told when it is there again
                self._tell(await self._newest())
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._stopping.wait()
        if self._stopping.is_set():
            self._grown.set()

    def _tell(self, seq: int) -> None:
        if seq > self._seq:
            self._seq = seq
            self._grown.set()
            self._grown = asyncio.Event()


def _event(seq: int) -> str:
    return f"event: changed\nid: {seq}\ndata: {seq}\n\n"
