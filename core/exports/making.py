"""An export from the database to the directory: collected once, then written file by file; broken off, it goes on."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Connection

from core.errors import SettingsError
from core.exports import reading
from core.exports.beside import Beside, all_of
from core.exports.card import card
from core.exports.collecting import Job, collect, collected
from core.exports.manifest import TRAIN, Manifest
from core.exports.options import Format, Options
from core.exports.place import Place, as_file
from core.exports.shards import ShardJob, write_shards
from core.exports.spilling import bits_for
from core.exports.terms import check_terms
from core.exports.writing import arrow
from core.pseudonyms import Pseudonyms
from core.store import log
from core.store.engine import Database
from core.store.ledger import Export

COLLECTING, WRITING = "collecting rows", "writing files"
Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

LARGE = 20_000
"""Conversations from which on a second process helps to collect, and rows from which on it helps to write."""
_LARGEST_BITS: Final = 12


class ExportLedger(Protocol):
    """As much of `core.store.ledger.Ledger` as is needed."""

    async def note(
        self, kind: str, target: str, *, seq_from: int, seq_to: int, options: dict[str, Any] | None = None
    ) -> Export:
        """Enter an export, before anything of it leaves."""
        ...

    async def exports(self) -> list[Export]:
        """All of them."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """Where an export comes from, and who is told of it."""

    url: str
    """As `connected` takes it: a large export has a second process."""
    database: Database
    ledger: ExportLedger
    pseudonyms: Pseudonyms
    acknowledged: Collection[str] = ()
    """The platforms whose terms on training the operator knows."""


async def make(
    source: Source,
    options: Options,
    directory: Path,
    *,
    as_of: int | None = None,
    after: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make the export, or what is missing of it; what its manifest says.

    `as_of`: the seq of the last record that counts; None: the newest, or what a broken-off export had chosen. `after`:
    only rows about replies that a record behind this seq speaks of.
    Raises SettingsError where the options contradict each other, terms are not acknowledged, or `directory` holds
    something else.
    """
    options.check()
    if options.format is Format.PARQUET:
        arrow()
    if options.kind.trains:
        check_terms(options.scope.platforms or await reading.platforms(source.database), source.acknowledged)
    making = Making(source, options, Place(directory), progress or (lambda *_: None), after)
    return await making.make(as_of)


class Making:
    """One export in the making."""

    def __init__(self, source: Source, options: Options, place: Place, progress: Progress, after: int = 0) -> None:
        self._source = source
        self._options = options
        self._place = place
        self._progress = progress
        self._after = after
        self._state: dict[str, Any] = {}
        self._beside = Beside(source.url)

    async def make(self, as_of: int | None) -> dict[str, Any]:
        """See `make`."""
        finished = await asyncio.to_thread(self._place.manifest)
        privacy = await reading.privacy(self._source.database)
        if finished is not None:
            return await asyncio.to_thread(self._again, finished, as_of, privacy.state)
        async with self._beside:
            while True:
                await self._begin(as_of, privacy)
                await self._collect(privacy)
                await self._write()
                now = await reading.privacy(self._source.database)
                if now.state == privacy.state:
                    return await asyncio.to_thread(self._finish)
                # Someone was erased, or wants nothing kept any more, while it was made: what is theirs may be in it.
                privacy = now

    def _again(self, finished: dict[str, Any], as_of: int | None, consent: str) -> dict[str, Any]:
        """A finished export asked for again: the same one, or none."""
        records = finished.get("records", {})
        same = finished.get("options") == self._options.to_json() and as_of in {None, records.get("to")}
        same = same and records.get("from") == min(self._after + 1, records.get("to"))
        if not same or records.get("consent") != consent:
            raise SettingsError(
                f"{self._place.directory} holds another export, or one from before people changed what may be kept: "
                "name an empty or a new directory with --out."
            )
        missing = [each["path"] for each in finished["files"] if not self._place.has(as_file(each))]
        if missing:
            raise SettingsError(
                f"{', '.join(missing[:3])} in {self._place.directory} is not as the manifest says: "
                "name an empty or a new directory with --out."
            )
        return finished

    async def _begin(self, as_of: int | None, privacy: reading.Privacy) -> None:
        """Go on with what is half done where it is the same export, else begin."""
        state = await asyncio.to_thread(self._place.state)
        asked = {"options": self._options.to_json(), "consent": privacy.state, "after": self._after}
        if state and all(state.get(name) == value for name, value in asked.items()):
            stale = {each.id for each in await self._source.ledger.exports() if each.stale_since is not None}
            if as_of in {None, state["as_of"]} and state["export"] not in stale:
                self._state = state
                return
        await asyncio.to_thread(self._place.clear)
        self._state = asked | await self._new(as_of)
        await asyncio.to_thread(self._place.note, self._state)

    async def _new(self, as_of: int | None) -> dict[str, Any]:
        database = self._source.database
        newest = await database.read(log.newest)
        as_of = newest if as_of is None else min(as_of, newest)
        export = await self._source.ledger.note(
            self._options.kind.value,
            self._place.target,
            seq_from=min(1, as_of),
            seq_to=as_of,
            options=self._options.to_json(),
        )
        total = await reading.conversations(database)
        spans = await reading.halves(database, total) if total >= LARGE else [reading.EVERYTHING]
        bits = bits_for(await database.read(_replies))
        told = {"export": export.id, "as_of": as_of, "total": total, "bits": bits}
        return told | {"spans": [tuple(each) for each in spans], "shards": {}}

    async def _collect(self, privacy: reading.Privacy) -> None:
        """Every row into its bucket."""
        spans = [reading.Span(*each) for each in self._state["spans"]]
        if all(collected(directory)["done"] for directory in self._directories):
            return
        database, as_of = self._source.database, self._state["as_of"]
        if len(spans) > 1:
            await self._beside.start()
        edited = frozenset(await reading.find_edited(database, as_of))
        only = await reading.touched(database, self._after, as_of) if self._after else None
        jobs = [
            Job(
                self._options,
                as_of,
                span,
                edited,
                privacy,
                self._source.pseudonyms,
                directory,
                self._state["bits"],
                only,
            )
            for span, directory in zip(spans, self._directories, strict=True)
        ]
        passed = [0] * len(jobs)

        def teller(number: int) -> Callable[[int], None]:
            def tell(count: int) -> None:
                passed[number] = count
                self._progress(COLLECTING, min(sum(passed), self._state["total"]), self._state["total"])

            return tell

        works = [self._beside.do(collect, job, teller(place)) for place, job in enumerate(jobs[1:], start=1)]
        await all_of(collect(database, jobs[0], teller(0)), *works)

    @property
    def _directories(self) -> list[Path]:
        """Where each span is collected."""
        return [self._place.partial / str(number) for number in range(len(self._state["spans"]))]

    async def _write(self) -> None:
        """Every file that is not there yet."""
        lines = sum(collected(each)["lines"] for each in self._directories)
        bits = 0
        while bits < _LARGEST_BITS and (lines >> bits) > self._options.shard_rows:
            bits += 1
        left = [shard for shard in range(1 << bits) if not await asyncio.to_thread(self._has, shard)]
        done = (1 << bits) - len(left)

        def tell(written: Any) -> None:
            nonlocal done
            done += 1
            shard, files = written
            self._state["shards"][str(shard)] = files
            self._place.note(self._state)
            self._progress(WRITING, done, 1 << bits)

        parts = [left[::2], left[1::2]] if len(left) > 1 and lines >= LARGE else [left]
        jobs = [self._shards(bits, each) for each in parts]
        others = [self._beside.do(write_shards, job, tell) for job in jobs[1:]]
        await all_of(write_shards(self._source.database, jobs[0], tell), *others)

    def _shards(self, bits: int, shards: Sequence[int]) -> ShardJob:
        collected_in, bucket_bits = tuple(self._directories), self._state["bits"]
        return ShardJob(self._options, self._place.directory, collected_in, bucket_bits, bits, tuple(shards))

    def _has(self, shard: int) -> bool:
        known = self._state["shards"].get(str(shard))
        return known is not None and all(self._place.has(as_file(each)) for each in known)

    def _finish(self) -> dict[str, Any]:
        shards = sorted(self._state["shards"].items(), key=lambda each: int(each[0]))
        files = [as_file(each) for _, found in shards for each in found]
        files.sort(key=lambda each: (each.split != TRAIN, each.path))
        told = [collected(each) for each in self._directories]
        left_out: Counter[str] = Counter()
        for each in told:
            left_out.update(each["left_out"])
        manifest = Manifest(
            self._options,
            self._state["as_of"],
            self._state["consent"],
            sum(each["judged"] for each in told),
            left_out,
            sum(each["lines"] for each in told) - sum(each.rows for each in files),
            tuple(files),
            self._after,
        )
        self._place.finish(manifest.to_bytes(), card(manifest))
        return manifest.to_json()


def _replies(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM messages WHERE role = 'assistant'").scalar_one())
