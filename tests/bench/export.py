"""What exports cost: the log as JSONL beside the raw driver and the ORM, and a KTO set as JSONL and Parquet.

Run as `python -m tests.bench.export` (make bench-export). The figures of `tests.bench.insight` stand in the last line,
too: what a report costs, and how far what it says of its own certainty is so. What is compared takes turns, in one run,
on the same file; a figure is the median of the rounds. Memory is what an export takes, in a process of its own,
at most: beyond what the interpreter and the libraries take before it begins.
"""

import argparse
import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from sqlmodel import Session, create_engine, select

from core.exports.log_files import write_log
from core.exports.making import Source, make
from core.exports.options import Format, Kind, Options
from core.exports.writing import arrow
from core.messages import PlaceRef
from core.records import Record, StartConversation
from core.store.database import connected, open_store
from core.store.tables import RecordRow
from tests.bench import insight
from tests.bench.store_log import ANSWER, MODEL, QUESTION, said, told, vote

ROUNDS = 3
BY_ORM = 100_000
EXCHANGES = (1, 2, 3, 1, 1)
"""Questions in a conversation, in turn."""


def rated(replies: int) -> Iterator[Record]:
    """Conversations of one to three questions, each answer with somebody's vote."""
    number = conversation = 0
    while number < replies:
        conversation += 1
        name = f"{conversation:026}"
        place = PlaceRef("slack", "T1", "C1", name)
        yield told(StartConversation(id=name, model=MODEL, username="ann", place=place.key), place, name, number, name)
        for exchange in range(EXCHANGES[conversation % len(EXCHANGES)]):
            number += 1
            question, answer = f"q{conversation}-{exchange}", f"a{conversation}-{exchange}"
            asker = f"slack:T1:U{number % 500}"
            yield said(question, name, "user", f"{number} {QUESTION}", place, number, author=asker)
            yield said(answer, name, "assistant", ANSWER, place, number, question_id=question, model=MODEL)
            yield vote(answer, name, number % 499, f"{answer}:vote", number)


async def fill(path: Path, replies: int) -> None:
    """The log that everything is measured on."""
    async with open_store(str(path)) as store:
        rows = rated(replies)
        while group := list(islice(rows, 5_000)):
            await store.append(*group)


def raw(path: Path, target: Path, records: int) -> None:
    """The driver's rows, each a line: what no export in Python is much faster than."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT * FROM records WHERE seq <= ? ORDER BY seq", (records,))
    names = [column[0] for column in rows.description]
    with target.open("wb") as file:
        for row in rows:
            file.write(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n")
    connection.close()


def orm(path: Path, target: Path, records: int) -> None:
    """The same by iterating over SQLModel's objects."""
    engine = create_engine(f"sqlite:///{path}")
    with Session(engine) as session, target.open("wb") as file:
        query = select(RecordRow).where(RecordRow.seq <= records).order_by(RecordRow.seq)  # type: ignore[operator]
        for row in session.exec(query.execution_options(yield_per=1_000)):
            file.write(orjson.dumps(row.model_dump()) + b"\n")
    engine.dispose()


async def export(path: Path, target: Path, what: str, records: int) -> float:
    """Seconds that an export takes, from opening to the manifest."""
    begun = time.perf_counter()
    async with open_store(str(path), must_exist=True) as store, connected(str(path)) as database:
        source = Source(str(path), database, store.ledger(), await store.pseudonyms(), {"slack", "discord"})
        if what == "log":
            await write_log(source, target, as_of=records)
        else:
            await make(source, Options(Kind.KTO, Format(what)), target)
    return time.perf_counter() - begun


def peak_mb() -> float:
    """The most memory that this process ever had. Unlike `ru_maxrss`, it forgets the one that started it."""
    [line] = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) / 1_024


async def in_a_process(home: Path, path: Path, what: str, records: int) -> dict[str, float]:
    """The seconds and the megabytes of one export."""
    with tempfile.TemporaryDirectory(dir=home) as directory:
        arguments = ("--only", what, "--file", str(path), "--out", f"{directory}/out", "--records", str(records))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.export", *arguments, stdout=asyncio.subprocess.PIPE
        )
        answer, _ = await process.communicate()
        assert process.returncode == 0
        found: dict[str, float] = orjson.loads(answer.splitlines()[-1])
        return found


def timed(work: Callable[[Path, Path, int], None], home: Path, path: Path, records: int) -> float:
    """Records a second."""
    target = home / "compared.jsonl"
    begun = time.perf_counter()
    work(path, target, records)
    taken = time.perf_counter() - begun
    target.unlink()
    return records / taken


async def main(records: int, replies: int) -> dict[str, float]:
    """All figures."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        path = home / "plaudit.db"
        await fill(path, replies)
        rates: dict[str, list[float]] = {}
        memory: dict[str, float] = {}
        for _ in range(ROUNDS):
            for what, count in (("log", records), ("jsonl", replies), ("parquet", replies)):
                found = await in_a_process(home, path, what, records)
                rates.setdefault(what, []).append(count / found["seconds"])
                memory[what] = max(memory.get(what, 0), found["mb"])
            rates.setdefault("raw", []).append(timed(raw, home, path, records))
            rates.setdefault("orm", []).append(timed(orm, home, path, min(records, BY_ORM)))
        rate = {name: statistics.median(each) for name, each in rates.items()}
    show("Rows a second", rate)
    show("Megabytes", memory)
    return {
        "jsonl_over_raw": rate["log"] / rate["raw"],
        "jsonl_over_orm": rate["log"] / rate["orm"],
        "jsonl_mb": memory["log"],
        "kto_rows_per_s": min(rate["jsonl"], rate["parquet"]),
        "kto_mb": max(memory["jsonl"], memory["parquet"]),
    }


def show(title: str, figures: dict[str, Any]) -> None:
    """A small table."""
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in figures.items():
        table.add_row(name, f"{value:,.1f}")
    Console(stderr=True).print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--replies", type=int, default=500_000)
    parser.add_argument("--reported", type=int, default=1_000_000, help="Replies that a report is about.")
    parser.add_argument("--logs", type=int, default=1_000, help="Simulated logs that intervals are tried on.")
    parser.add_argument("--only", help="Only this export, of --file into --out.")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.only:
        if given.only == Format.PARQUET:
            arrow()
        before = peak_mb()
        taken = asyncio.run(export(given.file, given.out, given.only, given.records))
        figures = {"seconds": taken, "mb": peak_mb() - before}
    else:
        figures = asyncio.run(main(given.records, given.replies))
        figures |= asyncio.run(insight.main(given.reported, given.logs))
    sys.stdout.write(orjson.dumps({name: round(value, 3) for name, value in figures.items()}).decode() + "\n")
