"""What the store costs: appends beside the raw drivers and the ORM, acknowledgements, rebuilding, opening.

Run as `python -m tests.bench.store` (make bench-store). What is compared takes turns, in one run, on rows of the same
kind, in one database; a figure is the median of the rounds. The drivers and the ORM write the log alone and are given
rows that are ready; the store makes them of records, and folds them. How much the ORM loses by a commit a record hangs
on what a sync costs, which is shown. `--records` says how large the log is that is rebuilt and read.
"""

import argparse
import asyncio
import gc
import os
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from itertools import count, islice
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import orjson
from rich.console import Console
from rich.table import Table
from sqlalchemy import event
from sqlmodel import Session, create_engine

from core.messages import MessageRef
from core.records import Record
from core.store import log
from core.store.columns import to_iso_text
from core.store.database import open_store, upgrade
from core.store.envelope import entry
from core.store.sql import SqlStore
from core.store.tables import RecordRow
from tests.bench.store_log import ask, conversation, conversations, votes
from tests.conftest import _server

PRODUCERS, GROUP, ROUNDS = 256, 100, 5
APPENDS = 10_000
BY_ORM = 200
RATE, SECONDS = 1_000, 5
LONG = 1_000
"""Messages in the conversation that is opened."""

Prepare: TypeAlias = Callable[[Iterable[Record]], list[Any]]
numbers = count()


async def main(records: int) -> dict[str, float]:
    """All figures."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        (home / "server").mkdir()
        with _server(home / "server") as server:
            server.psql("CREATE DATABASE bench")
            postgres = server.get_uri("bench")
            await upgrade(postgres)
            figures = await appends(home, postgres)
        return figures | await reading(home, records)


async def appends(home: Path, postgres: str) -> dict[str, float]:
    """Records a second through the writer, beside the drivers' and the ORM's; and how soon they are durable."""
    path = home / "appends.db"
    async with AsyncExitStack() as stack:
        on_file = await stack.enter_async_context(open_store(str(path)))
        on_server = await stack.enter_async_context(open_store(postgres))
        rates: dict[str, list[float]] = {}
        runs: dict[str, tuple[int, Prepare, Callable[[list[Any]], Awaitable[None]]]] = {
            "sqlite": (APPENDS, list, lambda rows: by_many(on_file, rows)),
            "raw sqlite": (APPENDS, texts_of, lambda rows: asyncio.to_thread(raw_sqlite, path, rows)),
            "orm": (BY_ORM, fields_of, lambda rows: asyncio.to_thread(by_orm, path, rows)),
            "postgres": (APPENDS, list, lambda rows: by_many(on_server, rows)),
            "raw postgres": (APPENDS, rows_of, lambda rows: raw_postgres(postgres, rows)),
        }
        for _ in range(ROUNDS):
            for name, (size, prepare, run) in runs.items():
                rows = prepare(votes(next(numbers), size))
                gc.collect()
                gc.freeze()  # what the benchmark holds is none of the store's affair
                rates.setdefault(name, []).append(size / await seconds(run(rows)))
        rate = {name: statistics.median(each) for name, each in rates.items()}
        show("Durable appends, records a second", rate | {"syncs": syncs(home / "synced")})
        return {
            "append_sqlite_over_raw": rate["sqlite"] / rate["raw sqlite"],
            "append_sqlite_over_orm": rate["sqlite"] / rate["orm"],
            "append_postgres_over_raw": rate["postgres"] / rate["raw postgres"],
            "ack_p99_ms_sqlite": await acknowledged(on_file),
            "ack_p99_ms_postgres": await acknowledged(on_server),
        }


async def seconds(work: Awaitable[Any]) -> float:
    """How long `work` took."""
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


async def by_many(store: SqlStore, rows: list[Record]) -> None:
    """One record a call, from many callers at once."""

    async def produce(own: list[Record]) -> None:
        for each in own:
            await store.append(each)

    await asyncio.gather(*(produce(rows[start::PRODUCERS]) for start in range(PRODUCERS)))


def raw_sqlite(path: Path, rows: list[Any]) -> None:
    """The log's rows alone, by executemany."""
    names = ", ".join(log.COLUMNS)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = FULL")
    for group in groups(rows):
        connection.executemany(f"INSERT INTO records ({names}) VALUES ({', '.join('?' * len(log.COLUMNS))})", group)
        connection.commit()
    connection.close()


def by_orm(path: Path, rows: list[dict[str, Any]]) -> None:
    """The log's rows alone, each added and committed."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = FULL"))
    with Session(engine) as session:
        for row in rows:
            session.add(RecordRow(**row))
            session.commit()
    engine.dispose()


def syncs(path: Path) -> float:
    """How often a second the disk keeps a page for good."""
    times = 200
    begun = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(bytes(4_096))
            os.fsync(file)
    return times / (time.perf_counter() - begun)


async def raw_postgres(url: str, rows: list[Any]) -> None:
    """The log's rows alone, in arrays, as many at once as the store has from so many producers."""
    kinds = {"at": "timestamptz", "committed_at": "timestamptz"}
    arrays = ", ".join(f"${place}::{kinds.get(name, 'text')}[]" for place, name in enumerate(log.COLUMNS, start=1))
    names = ", ".join(log.COLUMNS)
    picked = names.replace("data", "data::jsonb")
    insert = f"INSERT INTO records ({names}) SELECT {picked} FROM unnest({arrays}) AS given ({names})"
    connection = await asyncpg.connect(url)
    for group in groups(rows, PRODUCERS):
        await connection.execute(insert, *map(list, zip(*group, strict=True)))
    await connection.close()


def rows_of(records: Iterable[Record]) -> list[tuple[Any, ...]]:
    """The records as rows of the log: what the drivers are given costs them nothing to make."""
    return [log.values(entry(each), each.at, each.at) for each in records]


def texts_of(records: Iterable[Record]) -> list[tuple[Any, ...]]:
    """The same with times as SQLite has them."""
    return [log.values(entry(each), to_iso_text(each.at), to_iso_text(each.at)) for each in records]


def fields_of(records: Iterable[Record]) -> list[dict[str, Any]]:
    """The same as the ORM takes them."""
    records = list(records)
    data = ({"data": dict(each.data)} for each in records)
    return [dict(zip(log.COLUMNS, row, strict=True)) | own for row, own in zip(rows_of(records), data, strict=True)]


def groups(values: list[Any], size: int = GROUP) -> Iterator[list[Any]]:
    """As many as one commit takes."""
    return (values[start : start + size] for start in range(0, len(values), size))


async def acknowledged(store: SqlStore) -> float:
    """Milliseconds until 99 of 100 records are durable, where they come at an even pace."""
    rows = list(votes(next(numbers), RATE * SECONDS))
    begun = time.perf_counter()

    async def one(place: int, record: Record) -> float:
        await asyncio.sleep(begun + place / RATE - time.perf_counter())
        return await seconds(store.append(record))

    taken = await asyncio.gather(*(one(place, each) for place, each in enumerate(rows)))
    return 1_000 * sorted(taken)[int(len(taken) * 0.99)]


async def reading(home: Path, records: int) -> dict[str, float]:
    """What rebuilding takes, and reading in a log of this size and in one of a tenth of it."""
    opened: dict[int, float] = {}
    first: dict[int, float] = {}
    for size in (records // 10, records):
        path = home / f"{size}.db"
        async with open_store(str(path)) as store:
            await fill(store, size)
            opened[size] = await typically(lambda number, store=store: store.history("long", limit=LONG), 30)
            first[size] = await typically(lambda number, store=store: to_first_text(store, number), 200)
    show("Milliseconds to open a conversation, by records", opened)
    show("Milliseconds of the store's before the first text, by records", first)
    again = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.store", "--rebuild", str(path), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await again.communicate()
    return orjson.loads(told.splitlines()[-1]) | {
        "open_conversation_ms": opened[records],
        "open_conversation_growth": opened[records] / opened[records // 10],
        "path_to_first_text_ms": first[records],
    }


async def fill(store: SqlStore, size: int) -> None:
    """A long conversation, and others until there are `size` records."""
    await store.append(*conversation("long", LONG))
    rest = conversations(size)
    while group := list(islice(rest, 2_000)):
        await store.append(*group)


async def typically(call: Callable[..., Awaitable[Any]], times: int) -> float:
    """The median of some calls, in milliseconds."""
    return 1_000 * statistics.median([await seconds(call(number)) for number in range(times)])


async def to_first_text(store: SqlStore, number: int) -> None:
    """What a question waits for before the model is asked."""
    question, place = ask(number)
    await store.opted_out(question.data["author"])
    await store.message_at(MessageRef.parse(question.data["parts"][0]))
    found = await store.latest_conversation(place)
    assert found is not None
    await store.append(question)
    await store.history(found.id, limit=20)


async def rebuilt(path: str) -> dict[str, float]:
    """Records a second, and the most memory that this process ever took, in MB."""
    async with open_store(path) as store:
        taken = await seconds(store.rebuild())
        size = await store.newest()
    return {"rebuild_per_s": size / taken, "rebuild_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024}


def show(title: str, figures: dict[Any, float]) -> None:
    """A small table."""
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in figures.items():
        table.add_row(str(name), f"{value:,.1f}")
    Console(stderr=True).print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rebuild", help="Only rebuild this file.")
    options = parser.parse_args()
    found = asyncio.run(rebuilt(options.rebuild) if options.rebuild else main(options.records))
    sys.stdout.write(orjson.dumps({name: round(value, 3) for name, value in found.items()}).decode() + "\n")
