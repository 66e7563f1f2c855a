"""An export from the database to the directory: collected once, then written file by file; broken off, it goes on."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Connection

from core.errors import SettingsError
from core.exports import reading
from core.exports.card import card
from core.exports.columns import columns
from core.exports.manifest import SPLITS, TRAIN, File, Manifest
from core.exports.options import Format, Options
from core.exports.place import Place, as_file, as_json, sha256
from core.exports.raw import uncollected
from core.exports.rows import RowMaker
from core.exports.spilling import Buckets, Shaper, bits_for
from core.exports.talks import Talk
from core.exports.terms import check_terms
from core.exports.writing import JsonlWriter, ParquetWriter, Writer, arrow
from core.pseudonyms import Pseudonyms
from core.store import log
from core.store.engine import Database
from core.store.erasing import names_of
from core.store.ledger import Export

COLLECTING, WRITING = "collecting rows", "writing files"
Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

_NOTED_EVERY: Final = 50
"""Pages between two notes of how far the collecting is."""


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

    database: Database
    ledger: ExportLedger
    pseudonyms: Pseudonyms
    acknowledged: Collection[str] = ()
    """The platforms whose terms on training the operator knows."""


async def make(
    source: Source, options: Options, directory: Path, *, as_of: int | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Make the export, or what is missing of it; what its manifest says.

    `as_of`: the seq of the last record that counts; None: the newest, or what a broken-off export had chosen.
    Raises SettingsError where the options contradict each other, terms are not acknowledged, or `directory` holds
    something else.
    """
    options.check()
    if options.format is Format.PARQUET:
        arrow()
    if options.kind.trains:
        check_terms(options.scope.platforms or await reading.platforms(source.database), source.acknowledged)
    making = Making(source, options, Place(directory), progress or (lambda *_: None))
    return await making.make(as_of)


class Making:
    """One export in the making."""

    def __init__(self, source: Source, options: Options, place: Place, progress: Progress) -> None:
        self._source = source
        self._options = options
        self._place = place
        self._progress = progress
        self._state: dict[str, Any] = {}

    async def make(self, as_of: int | None) -> dict[str, Any]:
        """See `make`."""
        finished = await asyncio.to_thread(self._place.manifest)
        newest = await self._source.database.read(log.newest)
        privacy = await reading.privacy(self._source.database)
        if finished is not None:
            return self._again(finished, as_of, privacy.state)
        while True:
            await self._begin(as_of, newest, privacy)
            buckets = Buckets(self._place.partial, self._state["bits"])
            if not self._state["collected"]:
                await self._collect(buckets, privacy)
            await asyncio.to_thread(self._write, buckets)
            now = await reading.privacy(self._source.database)
            if now.state == privacy.state:
                return await asyncio.to_thread(self._finish)
            # Someone was erased, or wants nothing kept any more, while it was made: what is theirs may be in it.
            privacy = now

    def _again(self, finished: dict[str, Any], as_of: int | None, consent: str) -> dict[str, Any]:
        """A finished export asked for again: the same one, or none."""
        records = finished.get("records", {})
        same = finished.get("options") == self._options.to_json() and as_of in {None, records.get("to")}
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

    async def _begin(self, as_of: int | None, newest: int, privacy: reading.Privacy) -> None:
        """Go on with what is half done where it is the same export, else begin."""
        state = await asyncio.to_thread(self._place.state)
        asked = {"options": self._options.to_json(), "consent": privacy.state}
        if state and all(state.get(name) == value for name, value in asked.items()):
            stale = {each.id for each in await self._source.ledger.exports() if each.stale_since is not None}
            if as_of in {None, state["as_of"]} and state["export"] not in stale:
                self._state = state
                return
        await asyncio.to_thread(self._place.clear)
        as_of = newest if as_of is None else min(as_of, newest)
        export = await self._source.ledger.note(
            self._options.kind.value,
            self._place.target,
            seq_from=min(1, as_of),
            seq_to=as_of,
            options=self._options.to_json(),
        )
        replies = await self._source.database.read(_replies)
        self._state = asked | {
            "export": export.id,
            "as_of": as_of,
            "bits": bits_for(replies),
            "after": "",
            "passed": 0,
            "sizes": None,
            "collected": False,
            "judged": 0,
            "left_out": {},
            "lines": 0,
            "shards": {},
        }
        await asyncio.to_thread(self._place.note, self._state)

    async def _collect(self, buckets: Buckets, privacy: reading.Privacy) -> None:
        """Every row into its bucket."""
        total = await reading.conversations(self._source.database)
        reader = reading.TalkReader(self._source.database, self._state["as_of"], self._options.scope)
        spill = _Spill(self._options, buckets, self._source.pseudonyms, privacy)
        spill.resume(self._state)
        buckets.open(self._state["sizes"])
        try:
            number = 0
            async for after, passed, talks in reader.pages(self._state["after"]):
                await asyncio.to_thread(spill.add, talks)
                number += 1
                self._state |= {"after": after, "passed": self._state["passed"] + passed}
                self._progress(COLLECTING, min(self._state["passed"], total), total)
                if number % _NOTED_EVERY == 0:
                    await asyncio.to_thread(self._note, spill, buckets)
            self._state["collected"] = True
            await asyncio.to_thread(self._note, spill, buckets)
        finally:
            buckets.close()

    def _note(self, spill: "_Spill", buckets: Buckets) -> None:
        self._state |= spill.state() | {"sizes": buckets.flush()}
        self._place.note(self._state)

    def _write(self, buckets: Buckets) -> None:
        """Every file that is not there yet."""
        bits = 0
        while bits < _LARGEST_BITS and (self._state["lines"] >> bits) > self._options.shard_rows:
            bits += 1
        shards: dict[str, Any] = self._state["shards"]
        for shard in range(1 << bits):
            known = shards.get(str(shard))
            if known is None or not all(self._place.has(as_file(each)) for each in known):
                shards[str(shard)] = as_json(self._write_shard(buckets, shard, bits))
                self._place.note(self._state)
            self._progress(WRITING, shard + 1, 1 << bits)

    @uncollected()
    def _write_shard(self, buckets: Buckets, shard: int, bits: int) -> list[File]:
        paths = {name: f"data/{name}-{shard:05}-of-{1 << bits:05}.{self._options.format.suffix}" for name in SPLITS}
        counts: dict[str, Counter[str]] = {name: Counter() for name in SPLITS}
        with ExitStack() as stack:
            half = {name: stack.enter_context(self._place.making(path)) for name, path in paths.items()}
            with ExitStack() as files:
                writers = {name: files.enter_context(self._writer(path)) for name, path in half.items()}
                for both in buckets.shard(shard, bits):
                    for name, lines in zip(SPLITS, both, strict=True):
                        writers[name].write(lines.json)
                        counts[name].update(rows=len(lines.json), liked=lines.liked, disliked=lines.disliked)
        found = []
        for name, path in paths.items():
            whole = self._place.directory / path
            if counts[name]["rows"]:
                found.append(File(path, name, **counts[name], bytes=whole.stat().st_size, sha256=sha256(whole)))
            else:
                whole.unlink()
        return found

    def _writer(self, path: Path) -> Writer:
        if self._options.format is Format.PARQUET:
            return ParquetWriter(path, columns(self._options.kind))
        return JsonlWriter(path)

    def _finish(self) -> dict[str, Any]:
        shards = sorted(self._state["shards"].items(), key=lambda each: int(each[0]))
        files = [as_file(each) for _, found in shards for each in found]
        files.sort(key=lambda each: (each.split != TRAIN, each.path))
        manifest = Manifest(
            self._options,
            self._state["as_of"],
            self._state["consent"],
            self._state["judged"],
            self._state["left_out"],
            self._state["lines"] - sum(each.rows for each in files),
            tuple(files),
        )
        self._place.finish(manifest.to_bytes(), card(manifest))
        return manifest.to_json()


_LARGEST_BITS: Final = 12


class _Spill:
    """Makes rows of conversations and puts them into buckets."""

    def __init__(self, options: Options, buckets: Buckets, pseudonyms: Pseudonyms, privacy: reading.Privacy) -> None:
        self._buckets = buckets
        self._shaper = Shaper(options)
        private, names = _Remembered(lambda key: _is_private(key, privacy)), _Remembered(pseudonyms.of)
        self._rows = RowMaker(options, private.__getitem__, names.__getitem__)
        self._lines = 0

    def resume(self, state: dict[str, Any]) -> None:
        """Count on from what was noted."""
        self._rows.left_out.update(state["left_out"])
        self._rows.judged, self._lines = state["judged"], state["lines"]

    def state(self) -> dict[str, Any]:
        """What is to be noted."""
        return {"left_out": dict(self._rows.left_out), "judged": self._rows.judged, "lines": self._lines}

    @uncollected()
    def add(self, talks: Iterable[Talk]) -> None:
        """The rows of some conversations."""
        for talk in talks:
            for row in self._rows.rows(talk):
                self._buckets.add(*self._shaper.line(row))
                self._lines += 1


def _is_private(key: str, privacy: reading.Privacy) -> bool:
    return bool(key) and not privacy.unwilling.isdisjoint(names_of(key))


class _Remembered(dict[str, Any]):
    """A function of people, each asked about once; those asked about first are forgotten when there are many."""

    def __init__(self, function: Callable[[str], Any]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, key: str) -> Any:
        if len(self) >= _REMEMBERED:
            self.clear()
        self[key] = found = self._function(key)
        return found


_REMEMBERED: Final = 50_000


def _replies(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM messages WHERE role = 'assistant'").scalar_one())
