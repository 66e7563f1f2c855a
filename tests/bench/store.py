"""What the store costs: appends beside the raw drivers and the ORM, acknowledgements, rebuilding, opening.

Run as `python -m tests.bench.store` (make bench-store). What is compared takes turns, in one run, on rows of the same
kind, in one database, with the same settings and connections that are open; a figure is the median of the rounds. The
drivers and the ORM are given rows that are ready, for the same tables; the store makes them of records, and looks
whether they were told before. The figures that end in `_log` are those beside drivers that write the log alone: less
than the store does. The driver of SQLite commits 100 records at once, that of Postgres as many as there are producers,
the ORM one: how much it loses by that hangs on what a sync costs, which is shown; `raw_sqlite_over_orm` is how far the
driver itself gets. `--records` says how large the log is that is rebuilt and read.
"""

import argparse
import asyncio
import gc
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import orjson
from rich.console import Console
from rich.table import Table

from bots import loop
from core.messages import MessageRef
from core.records import Record
from core.store.database import open_store, upgrade
from core.store.sql import SqlStore
from tests.bench.store_log import ask, conversation, conversations, votes
from tests.bench.store_rivals import BOTH, LOG, Orm, RawPostgres, RawSqlite, fields_of, ready, syncs
from tests.conftest import _server

PRODUCERS, ROUNDS = 256, 5
RIVALS = (("sqlite", "raw", "raw sqlite"), ("sqlite", "orm", "orm"), ("postgres", "raw", "raw postgres"))
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

        def texts(records: Iterable[Record]) -> list[Any]:
            return ready(records, texts=True)

        def values(records: Iterable[Record]) -> list[Any]:
            return ready(records, texts=False)

        async def on(tables: Sequence[Any]) -> RawPostgres:
            return RawPostgres(await asyncpg.connect(postgres), tables, PRODUCERS)

        runs: dict[str, tuple[int, Prepare, Any]] = {
            "sqlite": (APPENDS, list, partial(by_many, on_file)),
            "raw sqlite": (APPENDS, texts, RawSqlite(path, BOTH)),
            "raw sqlite, the log alone": (APPENDS, texts, RawSqlite(path, LOG)),
            "orm": (BY_ORM, fields_of, Orm(path, BOTH)),
            "orm, the log alone": (BY_ORM, fields_of, Orm(path, LOG)),
            "postgres": (APPENDS, list, partial(by_many, on_server)),
            "raw postgres": (APPENDS, values, await on(BOTH)),
            "raw postgres, the log alone": (APPENDS, values, await on(LOG)),
        }
        rate = await rates(runs)
        for _, _, run in runs.values():
            if hasattr(run, "close"):
                await run.close()
        show("Durable appends, records a second", rate | {"syncs": syncs(home / "synced")})
        figures = {
            f"append_{ours}_over_{name}{suffix}": rate[ours] / rate[f"{theirs}{alone}"]
            for alone, suffix in (("", ""), (", the log alone", "_log"))
            for ours, name, theirs in RIVALS
        }
        soon = {"sqlite": on_file, "postgres": on_server}
        rounds = [{name: await acknowledged(store) for name, store in soon.items()} for _ in range(ROUNDS)]
        show(
            "Milliseconds until 99 of 100 records are durable, round by round",
            {f"{name} {number}": each[name] for name in soon for number, each in enumerate(rounds, 1)},
        )
        return figures | {
            "raw_sqlite_over_orm": rate["raw sqlite"] / rate["orm"],
            **{f"ack_p99_ms_{name}": statistics.median(each[name] for each in rounds) for name in soon},
        }


async def rates(runs: dict[str, tuple[int, Prepare, Any]]) -> dict[str, float]:
    """Records a second of each: how many, what makes them ready, and what writes them."""
    found: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, (size, prepare, run) in runs.items():
            rows = prepare(votes(next(numbers), size))
            gc.collect()
            gc.freeze()  # what the benchmark holds is none of the store's affair
            found.setdefault(name, []).append(size / await seconds(run(rows)))
    return {name: statistics.median(each) for name, each in found.items()}


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
    found = loop.run(rebuilt(options.rebuild) if options.rebuild else main(options.records))
    sys.stdout.write(orjson.dumps({name: round(value, 3) for name, value in found.items()}).decode() + "\n")
