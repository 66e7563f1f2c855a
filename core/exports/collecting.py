"""Rows of conversations into buckets, in this process or beside it; broken off, it goes on from its last note.

Making rows is work for a processor, and Python has one of them busy at a time: a large export has a second process.
"""

import asyncio
import os
import pickle
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.errors import PlauditError
from core.exports.options import Options
from core.exports.place import read_json, write_json
from core.exports.raw import uncollected
from core.exports.reading import Privacy, Span, TalkReader, Touched
from core.exports.rows import RowMaker
from core.exports.spilling import Buckets, Shaper
from core.exports.talks import Talk
from core.pseudonyms import Pseudonyms
from core.store.database import connected
from core.store.engine import Database
from core.store.erasing import names_of

NOTED_EVERY = 50
"""Pages between two notes of how far it is."""
_STATE: Final = "state.json"
_REMEMBERED: Final = 50_000
"""People whose pseudonym and wish are known without asking again."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be collected, and where to."""

    options: Options
    as_of: int
    span: Span
    edited: frozenset[str]
    """What `reading.find_edited` found."""
    privacy: Privacy
    pseudonyms: Pseudonyms
    directory: Path
    bits: int
    """Of the number of buckets: see `Buckets`."""
    only: Touched | None = None
    """No other rows than those about these."""


def collected(directory: Path) -> dict[str, Any]:
    """What a job in `directory` noted: `passed` conversations, `judged` replies, `lines`, `left_out`, `done`."""
    state = directory / _STATE
    empty = {"after": "", "passed": 0, "sizes": None, "judged": 0, "left_out": {}, "lines": 0, "done": False}
    return read_json(state) if state.exists() else empty


async def collect(database: Database, job: Job, passed: Callable[[int], None]) -> None:
    """Do the job, or what is left of it. `passed` is told how many conversations are done, again and again."""
    state = await asyncio.to_thread(collected, job.directory)
    if state["done"]:
        passed(state["passed"])
        return
    spill = _Spill(job, state)
    only = None if job.only is None else job.only.conversations
    reader = TalkReader(database, job.as_of, job.options.scope, job.edited, only)
    span = job.span._replace(after=state["after"] or job.span.after)
    await asyncio.to_thread(spill.open)
    try:
        number = 0
        async for after, count, talks in reader.pages(span):
            await asyncio.to_thread(spill.add, talks)
            number += 1
            spill.reached(after, count)
            passed(state["passed"])
            if number % NOTED_EVERY == 0:
                await asyncio.to_thread(spill.note)
        await asyncio.to_thread(spill.note, done=True)
    finally:
        spill.close()


async def collect_beside(url: str, job: Job, passed: Callable[[int], None]) -> None:
    """Do the job in a process of its own, which ends with this call whatever happens."""
    # The key and the database's password go where no list of processes shows them.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core.exports.collecting"),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None  # noqa: S101 - as asked for
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(pickle.dumps((url, job)))
        process.stdin.close()
        async for line in process.stdout:
            passed(int(line))
        if await process.wait():
            raise PlauditError("A process that collected rows ended too early; start the export again, and it goes on.")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _work() -> None:
    url, job = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
    async with connected(url) as database:
        await collect(database, job, lambda passed: print(passed, flush=True))  # noqa: T201 - to that process


class _Spill:
    """Makes rows of conversations and puts them into buckets."""

    def __init__(self, job: Job, state: dict[str, Any]) -> None:
        self._directory = job.directory
        self._buckets = Buckets(job.directory, job.bits)
        self._shaper = Shaper(job.options)
        self._state = state
        private = _Remembered(lambda key: bool(key) and not job.privacy.unwilling.isdisjoint(names_of(key)))
        names = _Remembered(job.pseudonyms.of)
        only = None if job.only is None else job.only.messages
        self._rows = RowMaker(job.options, private.__getitem__, names.__getitem__, only=only)
        self._rows.left_out.update(state["left_out"])
        self._rows.judged = state["judged"]

    def open(self) -> None:
        """Take what was spilled up to the last note, and go on behind it."""
        self._buckets.open(self._state["sizes"])

    @uncollected()
    def add(self, talks: Iterable[Talk]) -> None:
        """The rows of some conversations."""
        for talk in talks:
            for row in self._rows.rows(talk):
                self._buckets.add(*self._shaper.line(row))
                self._state["lines"] += 1

    def reached(self, after: str, count: int) -> None:
        """So many more conversations are done, up to this one."""
        self._state |= {"after": after, "passed": self._state["passed"] + count}

    def note(self, *, done: bool = False) -> None:
        """Note how far it is."""
        told = {"left_out": dict(self._rows.left_out), "judged": self._rows.judged, "done": done}
        self._state |= told | {"sizes": self._buckets.flush()}
        write_json(self._directory / _STATE, self._state)

    def close(self) -> None:
        """No more rows come."""
        self._buckets.close()


class _Remembered(dict[str, Any]):
    """A function of people, each asked about once; when there are many, all are forgotten."""

    def __init__(self, function: Callable[[str], Any]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, key: str) -> Any:
        if len(self) >= _REMEMBERED:
            self.clear()
        self[key] = found = self._function(key)
        return found


if __name__ == "__main__":
    asyncio.run(_work())
