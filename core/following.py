"""The log as an endless iterator: what is there, and then what comes."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from core.ports import Store
from core.records import Record

_PAUSE: Final = 0.2


async def follow(
    store: Store, *, after: int = 0, limit: int | None = None, forever: bool = True, pause: float = _PAUSE
) -> AsyncGenerator[Record, None]:
    """Every record after `after`, in the order of `seq`; `forever` waits for more, looking every `pause` seconds."""
    given = 0
    while True:
        async for record in store.records(after=after, limit=None if limit is None else limit - given):
            after = record.seq or after
            given += 1
            yield record
        if not forever or (limit is not None and given >= limit):
            return
        await asyncio.sleep(pause)
