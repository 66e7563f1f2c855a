"""The log as an endless iterator: what is there, and then what comes; alone, or for a reader who has a name."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from core.records import Record

_PAUSE: Final = 0.2
_BATCH: Final = 500
"""Records that a named reader gets at a time, at most."""


class Log(Protocol):
    """As much of a store as a reader takes."""

    def records(self, *, after: int = 0, limit: int | None = None) -> AsyncIterator[Record]:
        """The log in the order of `seq`, from the first record after `after`."""
        ...


class Consumers(Protocol):
    """Where it is kept how far the named readers are."""

    async def position(self, name: str) -> int | None:
        """The seq of the last record that a reader is done with; None where nobody of this name has read."""
        ...

    async def move(self, name: str, seq: int) -> None:
        """Note that a reader is done with all records up to `seq`."""
        ...


class NamedLog(Log, Protocol):
    """A log that knows its readers."""

    def consumers(self) -> Consumers:
        """How far they are."""
        ...

    async def newest(self) -> int:
        """The seq of the newest record; 0 where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in the order of `seq`, for a named reader."""

    records: tuple[Record, ...]
    _commit: Callable[[], Awaitable[None]] = field(repr=False)

    async def commit(self) -> None:
        """Note that the reader is done with them: they do not come again. Without it, they do."""
        await self._commit()


async def follow(
    log: Log, *, after: int = 0, limit: int | None = None, forever: bool = True, pause: float = _PAUSE
) -> AsyncGenerator[Record, None]:
    """Every record after `after`, in the order of `seq`; `forever` waits for more, looking every `pause` seconds."""
    given = 0
    while True:
        async for record in log.records(after=after, limit=None if limit is None else limit - given):
            after = record.seq or after
            given += 1
            yield record
        if not forever or (limit is not None and given >= limit):
            return
        await asyncio.sleep(pause)


async def consume(
    log: NamedLog,
    name: str,
    *,
    from_start: bool = False,
    limit: int | None = None,
    forever: bool = True,
    pause: float = _PAUSE,
) -> AsyncGenerator[Batch, None]:
    """The records behind those that the reader `name` is done with, in batches, each at least once.

    A name that was never used begins behind the newest record, `from_start` with the first. One process at a time may
    use a name: two would both get every record.
    """
    after = await log.consumers().position(name)
    if after is None:
        after = 0 if from_start else await log.newest()
        await log.consumers().move(name, after)
    given = 0
    while limit is None or given < limit:
        size = _BATCH if limit is None else min(_BATCH, limit - given)
        records = tuple([record async for record in log.records(after=after, limit=size)])
        if records:
            given += len(records)
            after = records[-1].seq or after
            yield Batch(records, partial(log.consumers().move, name, after))
        elif not forever:
            return
        else:
            await asyncio.sleep(pause)
