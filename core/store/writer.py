"""One writer for many callers: what has queued while one commit was under way goes into the next, together.

It knows no database: how a group of entries is committed is handed in.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from core.errors import DatabaseUnavailableError
from core.store.envelope import Entry

logger = logging.getLogger(__name__)

Commit: TypeAlias = Callable[[Sequence[Entry]], Awaitable[list[bool]]]

LARGEST_GROUP = 1_000
"""Records in one commit, unless one call brings more: enough that the commit's own cost no longer shows."""


@dataclass(frozen=True, slots=True)
class _Call:
    entries: Sequence[Entry]
    answer: asyncio.Future[list[bool]]


class GroupWriter:
    """Commits entries in the order in which they come; `async with` waits until all have been answered."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._waiting: deque[_Call] = deque()
        self._work = asyncio.Event()
        self._closing = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="store writer")
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._closing = True
        self._work.set()
        await self._task

    async def append(self, entries: Sequence[Entry]) -> list[bool]:
        """Commit `entries`, all or none. Whoever stops waiting leaves them to be committed all the same."""
        if self._closing:
            raise DatabaseUnavailableError("The store is closed: nothing more can be kept.")
        call = _Call(entries, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        self._work.set()
        return await call.answer

    async def _run(self) -> None:
        try:
            while self._waiting or not self._closing:
                self._work.clear()
                if group := self._next_group():
                    await self._write(group)
                elif not self._closing:
                    await self._work.wait()
        finally:
            for call in self._waiting:
                call.answer.cancel()

    def _next_group(self) -> list[_Call]:
        group: list[_Call] = []
        size = 0
        while self._waiting and (not group or size + len(self._waiting[0].entries) <= LARGEST_GROUP):
            group.append(self._waiting.popleft())
            size += len(group[-1].entries)
        return group

    async def _write(self, group: Sequence[_Call]) -> None:
        """Commit a group; where the database refuses it, each call alone, so that none fails for its neighbour."""
        try:
            answers = await self._commit([entry for call in group for entry in call.entries])
        except DatabaseUnavailableError as error:
            logger.warning("append_failed", extra={"calls": len(group)}, exc_info=True)
            for call in group:
                _fail(call, error)
        except Exception as error:  # noqa: BLE001 - it goes to the caller whose record it was
            if len(group) == 1:
                _fail(group[0], error)
                return
            for call in group:
                await self._write([call])
        else:
            rest = iter(answers)
            for call in group:
                own = [next(rest) for _ in call.entries]
                if not call.answer.done():
                    call.answer.set_result(own)
        finally:
            for call in group:
                call.answer.cancel()  # does nothing to an answer that was given


def _fail(call: _Call, error: Exception) -> None:
    if call.answer.done():
        return
    if isinstance(error, DatabaseUnavailableError):
        # Raised by many callers, one exception would gather the tracebacks of all.
        own = DatabaseUnavailableError(*error.args)
        own.__cause__ = error
        call.answer.set_exception(own)
    else:
        call.answer.set_exception(error)
