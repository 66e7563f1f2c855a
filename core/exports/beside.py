"""Work in a process of its own: Python has one processor busy at a time, and large exports are work for two."""

import asyncio
import os
import pickle
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

import orjson

from core.errors import PlauditError
from core.store.database import connected
from core.store.engine import Database
from core.tasks import cancelled

Job = TypeVar("Job")

Tell: TypeAlias = Callable[[Any], None]
"""Told of progress, in values that are JSON."""
Work: TypeAlias = Callable[[Database, Job, Tell], Awaitable[None]]


async def beside(url: str, work: "Work[Job]", job: Job, tell: Tell) -> None:
    """Do `work`, a function of a module, on the database at `url` in a process that ends with this call in any case.

    Raises PlauditError where it ends too early.
    """
    # The job may hold a key, and the URL a password: they go where no list of processes shows them.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core.exports.beside"),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None  # noqa: S101 - as asked for
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(pickle.dumps((url, work, job)))
        process.stdin.close()
        async for line in process.stdout:
            tell(orjson.loads(line))
        if await process.wait():
            raise PlauditError("A process of the export ended too early; start the export again, and it goes on.")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def all_of(*works: Coroutine[Any, Any, None]) -> None:
    """Do them side by side; where one fails, the others end before it is told."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        await cancelled(tasks)


async def _work() -> None:
    url, work, job = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one

    def tell(what: Any) -> None:
        sys.stdout.buffer.write(orjson.dumps(what, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()

    async with connected(url) as database:
        await work(database, job, tell)


if __name__ == "__main__":
    asyncio.run(_work())
