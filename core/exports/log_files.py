"""The log itself as files: JSONL, a record a line, in the order of `seq`, so many seqs a file.

It is the operator's own copy: people stand in it as the platform knows them. A row of the database becomes a line
without becoming a `Record` in between; on SQLite the database itself writes the lines.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Final

import orjson
from sqlalchemy import Connection

from core.errors import SettingsError
from core.exports.beside import Beside, Tell, all_of
from core.exports.making import WRITING, Progress, Source
from core.exports.place import Place, sha256
from core.exports.raw import gives_text, raw_cursor, uncollected
from core.store import log
from core.store.columns import to_iso_text
from core.store.engine import Database

SHARD_SEQS: Final = 250_000
SEVERAL: Final = 4
"""Files from which on a second process helps: it takes as long to start as fifty thousand records."""
_PAGE: Final = 20_000
"""Records read in one transaction."""
_CHUNK: Final = 500
"""Records whose lines are in memory at once: some hundred kilobytes."""
_ENVELOPE: Final = (
    *("seq", "id", "type", "version", "topic", "at", "committed_at", "source"),
    *("conversation_id", "message_id", "subject", "idempotency_key"),
)
"""What stands in a line before the data, in this order."""
_SPAN: Final = "FROM records WHERE seq > {after} AND seq <= {up_to} ORDER BY seq"
_READ: Final = f"SELECT {', '.join(_ENVELOPE)}, CAST(data AS TEXT) {_SPAN}"
_NAMED: Final = ", ".join(f"'{each}', {each}" for each in _ENVELOPE)
# The last value is a text, so that the brace that is taken off is the object's.
_LINE: Final = f"rtrim(json_object({_NAMED}), '}}}}') || ',\"data\":' || data || '}}}}' || char(10)"
# What is joined stays in the order of the subquery: SQLite keeps that for every aggregate but count, min and max
# (its select.c, where it leaves out an ORDER BY).
_JOINED: Final = "count(*), CAST(group_concat(line, '') AS BLOB)"
_LINES: Final = f"SELECT {_JOINED} FROM (SELECT {_LINE} AS line {_SPAN})"  # noqa: S608 - our own names


async def write_log(
    source: Source, directory: Path, *, as_of: int | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Write the records up to `as_of` (None: all there are) into files below `directory`; what its manifest says.

    Broken off, it goes on with the files that were not whole. Raises SettingsError where `directory` holds something
    else.
    """
    place = Place(directory)
    newest = await source.database.read(log.newest)
    as_of = newest if as_of is None else min(as_of, newest)
    files = await asyncio.to_thread(_finished, place, as_of)
    if files is None:
        await asyncio.to_thread(place.clear)
        await asyncio.to_thread(place.note, {"as_of": as_of, "files": []})
        await source.ledger.note("log", place.target, seq_from=min(1, as_of), seq_to=as_of)
        files = []
    await _write_all(source, place, as_of, files, progress)
    manifest = {
        "manifest": 1,
        "kind": "log",
        "records": {"from": min(1, as_of), "to": as_of},
        "counts": {"rows": sum(each["rows"] for each in files)},
        "files": files,
    }
    text = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    await asyncio.to_thread(place.finish, text)
    return manifest


def _finished(place: Place, as_of: int) -> list[dict[str, Any]] | None:
    """The files that are whole; None where nothing was begun. Raises SettingsError for another export's directory."""
    found = place.manifest()
    if found is None:
        found = place.state()
        if found.get("as_of") != as_of:
            return None
    elif found.get("kind") != "log" or found["records"]["to"] != as_of:
        raise SettingsError(f"{place.directory} holds another export: name an empty or a new directory with --out.")
    files: list[dict[str, Any]] = found["files"]
    whole = [each for each in files if sha256(place.directory / each["path"]) == each["sha256"]]
    return files if len(whole) == len(files) else None


@dataclass(frozen=True, slots=True)
class LogJob:
    """Files to be written below `directory`, each of the records behind a seq and up to another."""

    directory: Path
    spans: tuple[tuple[int, int], ...]


async def write_spans(database: Database, job: LogJob, tell: Tell) -> None:
    """Write them; each is told of when it is whole."""
    for start, end in job.spans:
        tell(await _write(database, Place(job.directory), start, end))


async def _write_all(
    source: Source, place: Place, as_of: int, files: list[dict[str, Any]], progress: Progress | None
) -> None:
    """Every file that is not among `files`, which are in their order in the end; several by two processes."""
    spans = [(start, min(start + SHARD_SEQS, as_of)) for start in range(0, as_of, SHARD_SEQS)]
    there = {each["path"] for each in files}
    left = [each for each in spans if _name(*each) not in there]
    done = as_of - sum(end - start for start, end in left)

    def tell(file: dict[str, Any]) -> None:
        nonlocal done
        files.append(file)
        files.sort(key=itemgetter("path"))
        place.note({"as_of": as_of, "files": files})
        done += min(SHARD_SEQS, as_of)
        if progress is not None:
            progress(WRITING, min(done, as_of), as_of)

    parts = [left[::2], left[1::2]] if len(left) >= SEVERAL else [left]
    jobs = [LogJob(place.directory, tuple(each)) for each in parts]
    async with Beside(source.url) as other:
        others = [other.do(write_spans, job, tell) for job in jobs[1:]]
        await all_of(write_spans(source.database, jobs[0], tell), *others)


def _name(start: int, end: int) -> str:
    return f"data/records-{start + 1:012}-{end:012}.jsonl"


async def _write(database: Database, place: Place, start: int, end: int) -> dict[str, Any]:
    name, rows = _name(start, end), 0
    with place.making(name) as half, half.open("wb") as file:
        hashed = Hashed(file)
        for after in range(start, end, _PAGE):
            rows += await database.read(partial(_copy, file=hashed, after=after, up_to=min(after + _PAGE, end)))
    size = (place.directory / name).stat().st_size
    return {"path": name, "rows": rows, "bytes": size, "sha256": hashed.digest.hexdigest()}


class Hashed:
    """A file that is written, and the digest of all that was."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, text: bytes) -> None:
        """Add `text`."""
        self._file.write(text)
        self.digest.update(text)


@uncollected()
def _copy(connection: Connection, file: Hashed, after: int, up_to: int) -> int:
    """Write the records in the order of `seq`; how many there were."""
    count, lines = 0, _lines_of_sqlite if gives_text(connection) else _lines
    for start in range(int(after), int(up_to), _CHUNK):
        rows, text = lines(connection, start, min(start + _CHUNK, int(up_to)))
        if text:
            file.write(text)
        count += rows
    return count


def _lines_of_sqlite(connection: Connection, after: int, up_to: int) -> tuple[int, bytes | None]:
    """How many records there are, and their lines: JSON as orjson writes it, too."""
    with raw_cursor(connection, _LINES.format(after=after, up_to=up_to)) as rows:
        found: tuple[int, bytes | None] = rows.fetchone()
    return found


def _lines(connection: Connection, after: int, up_to: int) -> tuple[int, bytes]:
    """The same of Postgres: with times as SQLite has them, and data without the spaces that stand in its text."""
    with raw_cursor(connection, _READ.format(after=after, up_to=up_to)) as rows:
        lines = [_line(row) for row in rows.fetchall()]
    return len(lines), b"".join(lines)


def _line(row: tuple[Any, ...]) -> bytes:
    line = dict(zip(_ENVELOPE, row, strict=False))
    line |= {name: to_iso_text(line[name]) for name in ("at", "committed_at")}
    return orjson.dumps(line | {"data": orjson.loads(row[-1])}, option=orjson.OPT_APPEND_NEWLINE)
