"""Rows of conversations into buckets; broken off, it goes on from its last note."""

import asyncio
import gc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.exports.beside import Tell
from core.exports.options import Options
from core.exports.place import read_json, write_json
from core.exports.raw import uncollected
from core.exports.reading import Privacy, Span, TalkReader, Touched
from core.exports.rows import RowMaker
from core.exports.spilling import Buckets, Shaper
from core.exports.talks import Talk
from core.pseudonyms import Pseudonyms
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


async def collect(database: Database, job: Job, passed: Tell) -> None:
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
        # From the first page to the last: between two of them the collector would look through all that they hold.
        with uncollected():
            await _pages(reader, span, spill, passed)
        await asyncio.to_thread(spill.note, done=True)
    finally:
        spill.close()


async def _pages(reader: TalkReader, span: Span, spill: "_Spill", passed: Tell) -> None:
    number = 0
    async for after, count, talks in reader.pages(span):
        await asyncio.to_thread(spill.add, talks)
        talks.clear()
        gc.collect(1)  # what little is left of the page, now that it is gone
        number += 1
        passed(spill.reached(after, count))
        if number % NOTED_EVERY == 0:
            await asyncio.to_thread(spill.note)


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

    def add(self, talks: Iterable[Talk]) -> None:
        """The rows of some conversations."""
        lines = 0
        for talk in talks:
            for row in self._rows.rows(talk):
                self._buckets.add(*self._shaper.line(row))
                lines += 1
        self._state["lines"] += lines

    def reached(self, after: str, count: int) -> int:
        """So many more conversations are done, up to this one; how many in all."""
        self._state |= {"after": after, "passed": self._state["passed"] + count}
        return int(self._state["passed"])

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
