"""Telling watchers of changes, and waking who waits for one. It does not know what changes."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

Told = TypeVar("Told")
Found = TypeVar("Found")


class Watched(Generic[Told]):
    """Something that changes while others look on."""

    def __init__(self) -> None:
        self._watchers: list[Callable[[Told], None]] = []
        self._stirred = asyncio.Event()

    def watch(self, watcher: Callable[[Told], None]) -> Callable[[], None]:
        """Tell `watcher` of every change from now on, at once and in order. The answer ends it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def tell(self, change: Told) -> None:
        """Tell every watcher, and wake everyone who waits."""
        for watcher in tuple(self._watchers):
            watcher(change)
        self.stir()

    def stir(self) -> None:
        """Let everyone who waits look again: something changed of which no watcher is told (a call, a socket)."""
        self._stirred.set()
        self._stirred = asyncio.Event()

    async def until(
        self,
        condition: Callable[[], Found],
        *,
        timeout: float = 5.0,  # noqa: ASYNC109 - the error it raises shows what was seen; the caller's could not
    ) -> Found:
        """Wait until `condition` gives something true, and return that. It is asked after every change.

        Raises TimeoutError after `timeout` seconds; its text is the `transcript`.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (found := condition()):
                    await self._stirred.wait()
                return found
        except TimeoutError as error:
            raise TimeoutError(f"It did not happen in {timeout:g} s. {self.transcript()}") from error

    def transcript(self) -> str:
        """What one would want to see of it when something did not happen."""
        return ""
