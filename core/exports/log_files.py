"""The log itself as files: JSONL, a record a line, in the order of `seq`, so many seqs a file.

It is the operator's own copy: people stand in it as the platform knows them. A row of the database becomes a line
without becoming a `Record` in between.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from core.errors import SettingsError
from core.exports.making import WRITING, Progress, Source
from core.exports.place import Place, sha256
from core.store import log
from core.store.columns import to_iso_text
from core.store.engine import Database

SHARD_SEQS: Final = 250_000
_PAGE: Final = 4_000
"""Records held in memory at a time."""
_NAMES: Final = (
    "seq",
    "id",
    "type",
    "version",
    "topic",
    "mimetype",
    "at",
    "committed_at",
    "source",
    "conversation_id",
    "message_id",
    "subject",
    "data",
    "idempotency_key",
)
_COLUMNS: Final = ", ".join("CAST(data AS TEXT)" if name == "data" else name for name in _NAMES)
_READ: Final = f"SELECT {_COLUMNS} FROM records WHERE seq > {{after}} AND seq <= {{up_to}} ORDER BY seq"  # noqa: S608 - our own names


async def write_log(
    source: Source, directory: Path, *, as_of: int | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Write the records up to `as_of` (None: all there are) into files below `directory`; what its manifest says.

    Broken off, it goes on with the file that was not whole. Raises SettingsError where `directory` holds something
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
    for start in range(len(files) * SHARD_SEQS, as_of, SHARD_SEQS):
        end = min(start + SHARD_SEQS, as_of)
        files.append(await _write(source.database, place, start, end))
        await asyncio.to_thread(place.note, {"as_of": as_of, "files": files})
        if progress is not None:
            progress(WRITING, end, as_of)
    manifest = {
        "manifest": 1,
        "kind": "log",
        "records": {"from": min(1, as_of), "to": as_of},
        "counts": {"rows": sum(each["rows"] for each in files)},
        "files": files,
    }
    text = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    await asyncio.to_thread(place.finish, text, None)
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


async def _write(database: Database, place: Place, start: int, end: int) -> dict[str, Any]:
    name = f"data/records-{start + 1:012}-{end:012}.jsonl"
    rows = 0
    with place.making(name) as half, half.open("wb", buffering=1 << 20) as file:
        for after in range(start, end, _PAGE):
            lines = await database.read(partial(_lines, after=after, up_to=min(after + _PAGE, end)))
            file.writelines(lines)
            rows += len(lines)
    path = place.directory / name
    return {"path": name, "rows": rows, "bytes": path.stat().st_size, "sha256": sha256(path)}


def _lines(connection: Connection, after: int, up_to: int) -> Sequence[bytes]:
    rows = connection.exec_driver_sql(_READ.format(after=int(after), up_to=int(up_to)))
    is_sqlite = connection.dialect.name == "sqlite"
    return [_line(row) if is_sqlite else _line_of_postgres(row) for row in rows]


def _line(row: Any) -> bytes:
    seq, id_, type_, version, topic, mimetype, at, committed_at, source, conversation, message, subject, data, key = row
    # The data is JSON already: it goes in as it is.
    return orjson.dumps(
        {
            "seq": seq,
            "id": id_,
            "type": type_,
            "version": version,
            "topic": topic,
            "mimetype": mimetype,
            "at": at,
            "committed_at": committed_at,
            "source": source,
            "conversation_id": conversation,
            "message_id": message,
            "subject": subject,
            "data": orjson.Fragment(data),
            "idempotency_key": key,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def _line_of_postgres(row: Any) -> bytes:
    told = dict(zip(_NAMES, row, strict=True))
    told |= {name: to_iso_text(told[name]) for name in ("at", "committed_at")}
    told["data"] = orjson.loads(told["data"])  # Postgres's own text has spaces
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
