"""Tasks that have a name and an owner: what fails in one of them is logged, and nobody forgets them."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final
from weakref import WeakValueDictionary

logger = logging.getLogger(__name__)

_AGAIN: Final = 5.0
"""Seconds."""


async def cancelled(tasks: Iterable[asyncio.Task[Any]], *, again: float = _AGAIN) -> None:
    """Cancel them and wait until each has ended; how it did is nobody's concern any more.

    Once may not be enough: on Python 3.11 `asyncio.wait_for` forgets a cancellation that comes as what it waits for
    ends (github.com/python/cpython/issues/86296), and the platforms' libraries are full of it. So whoever goes on for
    `again` seconds is cancelled again.
    """
    tasks = list(tasks)
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=again)
    await asyncio.gather(*tasks, return_exceptions=True)


class Locks:
    """A lock for each key, for as long as somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, key: str) -> asyncio.Lock:
        """That of `key`: one at a time, first come, first served."""
        return self._locks.setdefault(key, asyncio.Lock())

    def __iter__(self) -> Iterator[str]:
        """The keys of those that somebody holds or waits for."""
        return iter(list(self._locks))


class Tasks:
    """The tasks of one owner."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._held: set[asyncio.Future[None]] = set()

    def start(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Let `work` run on its own."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let whoever waits wait for this block, too: it may start more."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.add(ended)
        try:
            yield
        finally:
            self._held.discard(ended)
            ended.cancel()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until all have ended, those that are started meanwhile as well; for `seconds` at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while waited := {*self._running, *self._held}:
                    await asyncio.wait(waited)

    async def cancel(self) -> None:
        """Let none of them go on."""
        await cancelled(self._running)
        await self.wait()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("task_failed", extra={"task": task.get_name()}, exc_info=error)
