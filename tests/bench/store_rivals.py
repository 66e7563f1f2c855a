"""What the store's appends are held against: the raw drivers and the ORM, each with a connection of its own.

They are given rows that are ready, for the tables that the store writes of a vote, the log and the assessments
(`BOTH`), or for the log alone (`LOG`). The settings of the connections are the store's. None of them looks whether a
record was told before, whether somebody was erased, or which of a person's votes counts.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlmodel import Session, create_engine

from core.records import Record
from core.store import log
from core.store.columns import JsonData, UtcDateTime, to_iso_text, to_json_text
from core.store.envelope import entry
from core.store.sqlite import CACHE, CHECKPOINT
from core.store.tables import AssessmentRow, RecordRow, table

GROUP = 100
"""Records that SQLite's driver puts into one commit."""
LOG, BOTH = (RecordRow,), (RecordRow, AssessmentRow)
_ASSESSMENTS = tuple(table(AssessmentRow).columns)

Rows = tuple[Sequence[Any], ...]
"""The rows of one record, one for each table."""


def ready(records: Iterable[Record], *, texts: bool) -> list[Rows]:
    """The records as rows of the log and of the assessments; `texts`: moments as SQLite has them."""
    return [_rows(each, texts=texts) for each in records]


def _rows(record: Record, *, texts: bool) -> Rows:
    made = entry(record)
    at = to_iso_text(record.at) if texts else record.at
    [change] = made.changes
    row = change.row | {"seq": 0}
    values = [_value(column.type, row[column.name], texts=texts) for column in _ASSESSMENTS]
    return log.values(made, at, at), values


def _value(kind: Any, value: Any, *, texts: bool) -> Any:
    if isinstance(kind, JsonData):
        return None if value is None else to_json_text(value)
    return to_iso_text(value) if texts and isinstance(kind, UtcDateTime) else value


def _columns(kind: Any) -> Sequence[str]:
    return log.COLUMNS if kind is RecordRow else [column.name for column in _ASSESSMENTS]


class RawSqlite:
    """sqlite3's `executemany`, `GROUP` records a commit."""

    def __init__(self, path: Path, tables: Sequence[Any]) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False)
        for setting in ("synchronous = FULL", f"cache_size = -{CACHE}", f"wal_autocheckpoint = {CHECKPOINT}"):
            self._connection.execute(f"PRAGMA {setting}")
        self._inserts = [
            f"INSERT INTO {each.__tablename__} ({', '.join(_columns(each))}) "
            f"VALUES ({', '.join('?' * len(_columns(each)))})"
            for each in tables
        ]

    async def __call__(self, rows: list[Rows]) -> None:
        """Write `rows`, in a thread as the store does."""
        await asyncio.to_thread(self._write, rows)

    def _write(self, rows: list[Rows]) -> None:
        for group in _groups(rows, GROUP):
            for insert, own in zip(self._inserts, zip(*group, strict=True), strict=False):
                self._connection.executemany(insert, own)
            self._connection.commit()

    async def close(self) -> None:
        """Let the connection go."""
        self._connection.close()


class RawPostgres:
    """asyncpg, a statement a table and `size` records a commit, its rows in arrays: its quickest way to INSERT."""

    def __init__(self, connection: asyncpg.Connection, tables: Sequence[Any], size: int) -> None:
        self._connection = connection
        self._size = size
        self._inserts = [_by_arrays(each) for each in tables]

    async def __call__(self, rows: list[Rows]) -> None:
        """Write `rows`."""
        for group in _groups(rows, self._size):
            [log_insert, *others] = self._inserts
            if not others:
                await self._connection.execute(log_insert, *_arrays(group, 0))
                continue
            async with self._connection.transaction():
                await self._connection.execute(log_insert, *_arrays(group, 0))
                await self._connection.execute(others[0], *_arrays(group, 1))

    async def close(self) -> None:
        """Let the connection go."""
        await self._connection.close()


def _by_arrays(kind: Any) -> str:
    names = _columns(kind)
    columns = [table(kind).columns[name] for name in names]
    types = [_postgres_type(column.type) for column in columns]
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(types, start=1))
    picked = ", ".join(f"{each.name}::jsonb" if isinstance(each.type, JsonData) else each.name for each in columns)
    return (
        f"INSERT INTO {kind.__tablename__} ({', '.join(names)}) SELECT {picked} "
        f"FROM unnest({arrays}) AS given ({', '.join(names)})"
    )


def _postgres_type(kind: Any) -> str:
    if isinstance(kind, UtcDateTime):
        return "timestamptz"
    return {int: "bigint", float: "float8", bool: "boolean"}.get(kind.python_type, "text")


def _arrays(group: Sequence[Rows], place: int) -> list[list[Any]]:
    return [list(column) for column in zip(*(rows[place] for rows in group), strict=True)]


class Orm:
    """SQLModel: the rows of each record are added to a session and committed."""

    def __init__(self, path: Path, tables: Sequence[Any]) -> None:
        self._tables = tables
        self._engine = create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = FULL"))

    async def __call__(self, rows: list[tuple[dict[str, Any], ...]]) -> None:
        """Write `rows`, in a thread as the store does."""
        await asyncio.to_thread(self._write, rows)

    def _write(self, rows: list[tuple[dict[str, Any], ...]]) -> None:
        with Session(self._engine) as session:
            for own in rows:
                for kind, row in zip(self._tables, own, strict=False):
                    session.add(kind(**row))
                session.commit()

    async def close(self) -> None:
        """Let the connection go."""
        self._engine.dispose()


def fields_of(records: Iterable[Record]) -> list[tuple[dict[str, Any], ...]]:
    """The records as the ORM takes them."""
    return [_fields(each) for each in records]


def _fields(record: Record) -> tuple[dict[str, Any], ...]:
    made = entry(record)
    [change] = made.changes
    of_log = dict(zip(log.COLUMNS, log.values(made, record.at, record.at), strict=True))
    return of_log | {"data": dict(record.data)}, change.row | {"seq": 0}


def _groups(values: list[Any], size: int) -> Iterator[list[Any]]:
    """As many as one commit takes."""
    rest = iter(values)
    while group := list(islice(rest, size)):
        yield group


def syncs(path: Path) -> float:
    """How often a second the disk keeps a page for good."""
    times = 200
    begun = time.perf_counter()
    with closing(path.open("wb", buffering=0)) as file:
        for _ in range(times):
            file.write(bytes(4_096))
            os.fsync(file)
    return times / (time.perf_counter() - begun)
