"""Replies on their way to whoever asked over HTTP: what was written by now, to be read from any point, by anyone.

A reply does not wait for its readers: the slow and the gone cost it nothing.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from core.messages import MessageRef
from core.ports import Ended


@dataclass(frozen=True, slots=True)
class Piece:
    """More of the text; `end` is how many characters there are with it."""

    text: str
    end: int


class Growing:
    """One reply in the making, as its `core.ports.Relay`."""

    def __init__(self, message: MessageRef) -> None:
        self.message = message
        self.ended: Ended | None = None
        self.is_here = False
        """It is written in this process."""
        self.unread = 0
        """How often in a row somebody looked whether it is read, and it was not."""
        self._pieces: list[str] = []
        self._ends: list[int] = []
        self._length = 0
        self._readers: set[asyncio.Event] = set()

    @property
    def is_read(self) -> bool:
        """Somebody waits for more of it."""
        return bool(self._readers)

    @property
    def text(self) -> str:
        """All that was written by now."""
        return "".join(self._pieces)

    def write(self, text: str) -> None:
        """More of it."""
        self._pieces.append(text)
        self._length += len(text)
        self._ends.append(self._length)
        for reader in self._readers:
            reader.set()

    def end(self, ended: Ended) -> None:
        """It is over."""
        self.ended = ended
        for reader in self._readers:
            reader.set()

    def restart(self) -> None:
        """It is written anew, from the beginning: whoever has read some of it reads on where that ends."""
        self._pieces.clear()
        self._ends.clear()
        self._length = 0

    async def read(self, *, after: int = 0, beat: float) -> AsyncGenerator[Piece | None, None]:
        """What comes behind the first `after` characters, until the end; None after each `beat` seconds of silence."""
        news = asyncio.Event()
        loop = asyncio.get_running_loop()
        pulse = _Pulse(news, beat, loop)
        self._readers.add(news)
        try:
            while True:
                if self._length > after:
                    text, after = self._behind(after), self._length
                    pulse.is_quiet = False
                    yield Piece(text, after)
                elif self.ended is not None:
                    return
                else:
                    await news.wait()
                    news.clear()
                    if pulse.is_due:
                        pulse.is_due = False
                        yield None
        finally:
            self._readers.discard(news)
            pulse.stop()

    async def whole(self) -> Ended:
        """Wait for the end."""
        news = asyncio.Event()
        self._readers.add(news)
        try:
            while self.ended is None:
                await news.wait()
                news.clear()
            return self.ended
        finally:
            self._readers.discard(news)

    def _behind(self, after: int) -> str:
        first = bisect_right(self._ends, after)
        if first == len(self._pieces) - 1 and self._ends[first] - len(self._pieces[first]) == after:
            return self._pieces[first]  # one more token for a reader who had all the others
        skipped = self._ends[first - 1] if first else 0
        return "".join(self._pieces[first:])[after - skipped :]


class _Pulse:
    """Wakes a reader after a silence. One timer for many pieces: a timeout around each would cost more than it."""

    def __init__(self, news: asyncio.Event, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        self.is_quiet = True
        self.is_due = False
        self._news = news
        self._seconds = seconds
        self._loop = loop
        self._timer = loop.call_later(seconds, self._beat)

    def stop(self) -> None:
        self._timer.cancel()

    def _beat(self) -> None:
        if self.is_quiet:
            self.is_due = True
            self._news.set()
        self.is_quiet = True
        self._timer = self._loop.call_later(self._seconds, self._beat)
