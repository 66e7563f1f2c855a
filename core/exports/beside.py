"""Work in a process of its own: Python has one processor busy at a time, and large exports are work for two."""

import asyncio
import os
import pickle
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Self, TypeAlias, TypeVar

import orjson

from core.errors import PlauditError
from core.store.database import connected
from core.store.engine import Database
from core.tasks import cancelled

Job = TypeVar("Job")

Tell: TypeAlias = Callable[[Any], None]
"""Told of progress, in values that are JSON."""
Work: TypeAlias = Callable[[Database, Job, Tell], Awaitable[None]]
_DONE: Final = b"\n"
"""What follows all that a work has told."""


class Beside:
    """A process that does one work after the other on the database at `url`, and ends with the block it is for.

    It takes most of a second to start: who knows that there will be work for it starts it early.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._process: asyncio.subprocess.Process | None = None
        self._is_idle = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if (process := self._process) is None:
            return
        self._process = None
        if process.stdin is not None:
            process.stdin.close()
        if not self._is_idle:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()

    async def start(self) -> asyncio.subprocess.Process:
        """Start it, if it was not."""
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "core.exports.beside"),
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            # The URL may hold a password, and a job a key: they go where no list of processes shows them.
            _to(self._process, self._url)
        return self._process

    async def do(self, work: "Work[Job]", job: Job, tell: Tell) -> None:
        """Do `work`, a function of a module; one at a time. Raises PlauditError where the process ends too early."""
        process = await self.start()
        assert process.stdout is not None  # noqa: S101 - as asked for
        self._is_idle = False
        _to(process, (work, job))
        while (line := await process.stdout.readline()) and line != _DONE:
            tell(orjson.loads(line))
        if not line:
            raise PlauditError("A process of the export ended too early; start the export again, and it goes on.")
        self._is_idle = True


def _to(process: asyncio.subprocess.Process, what: Any) -> None:
    assert process.stdin is not None  # noqa: S101 - as asked for
    process.stdin.write(pickle.dumps(what))


async def all_of(*works: Coroutine[Any, Any, None]) -> None:
    """Do them side by side; where one fails, the others end before it is told."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        await cancelled(tasks)


async def _serve() -> None:
    asked = sys.stdin.buffer

    def tell(what: Any) -> None:
        sys.stdout.buffer.write(orjson.dumps(what, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()

    async with connected(pickle.load(asked)) as database:  # noqa: S301 - from the process that started this one
        with suppress(EOFError):  # that one needs no more
            while True:
                work, job = pickle.load(asked)  # noqa: S301
                await work(database, job, tell)
                sys.stdout.buffer.write(_DONE)
                sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(_serve())
