"""What was erased from the log leaves the files that were exported before, and nothing else does."""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.exports.erasing import erasers
from core.exports.log_files import write_log
from core.exports.making import Source
from core.exports.options import Aggregation, Format, Kind, Options, Rules, Scope
from core.forgetting import propagate, stale
from core.messages import PersonRef
from core.prompt import Window
from core.store.database import connected
from tests.contract.exports_log import ANN, BOB, CAT, asked, begun, correction, exported, vote
from tests.contract.test_exports_files import bytes_of

ANN_REF = PersonRef.parse(ANN)
WORD = "marzipan"
"""In everything that Ann said."""
FORMS = [
    Options(Kind.KTO),
    Options(Kind.KTO, Format.PARQUET),
    Options(Kind.SFT, Format.OPENAI),
    Options(Kind.EVAL),
]


@pytest.fixture
async def talked(sql_store):
    """Ann's conversations and Bob's, all of them judged."""
    for number in range(6):
        name, who = f"c{number}", (ANN, BOB)[number % 2]
        words = f"{WORD} {number}?" if who == ANN else f"bread {number}?"
        await sql_store.append(begun(name), *asked(name, words, f"So it is, {number}.", 1, by=who))
        await sql_store.append(vote(name, CAT, value=number < 4), correction(name, who, f"Better {words}"))
    return sql_store


@asynccontextmanager
async def erasing(store, url: str):
    """The erasers of the store's files."""
    async with connected(url) as database:
        yield erasers(Source(url, database, store.ledger(), await store.pseudonyms()))


def words_in(directory: Path) -> str:
    """Everything that the files say."""
    tables = [str(pq.read_table(path).to_pylist()) for path in directory.rglob("*.parquet")]
    return "".join([*tables, *(each.decode(errors="replace") for each in bytes_of(directory).values())])


@pytest.mark.parametrize("options", FORMS, ids=lambda each: f"{each.kind.value}-{each.format.value}")
async def test_files_are_made_anew_without_what_was_erased(talked, database_url, tmp_path, options):
    as_of = await talked.newest()
    await exported(talked, database_url, tmp_path / "rows", options)
    (tmp_path / "rows" / "notes.txt").write_text("mine")
    assert WORD in words_in(tmp_path / "rows")

    await talked.erase(ANN_REF)
    async with erasing(talked, database_url) as known:
        [done] = await propagate(talked.ledger(), known)

    left = bytes_of(tmp_path / "rows")
    await exported(talked, database_url, tmp_path / "anew", options, as_of=as_of)
    assert done.fault is None
    assert await stale(talked.ledger()) == []
    assert left == bytes_of(tmp_path / "anew") | {"notes.txt": b"mine"}
    assert WORD not in words_in(tmp_path / "rows")
    assert "bread" in words_in(tmp_path / "rows")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


async def test_the_logs_own_files_are_made_anew(talked, database_url, tmp_path):
    async with erasing(talked, database_url) as known, connected(database_url) as database:
        source = Source(database_url, database, talked.ledger(), await talked.pseudonyms())
        before = await write_log(source, tmp_path / "log")
        await talked.erase(ANN_REF)

        await propagate(talked.ledger(), known)

        after = await write_log(source, tmp_path / "log", as_of=before["records"]["to"])
    assert after["files"] != before["files"]
    assert after["counts"] == before["counts"]
    assert WORD not in words_in(tmp_path / "log")
    assert ANN not in words_in(tmp_path / "log")
    assert "bread" in words_in(tmp_path / "log")


async def test_what_is_too_old_leaves_the_files_as_well(talked, database_url, tmp_path):
    await exported(talked, database_url, tmp_path / "rows", Kind.KTO)

    await talked.retention().redact(datetime.now(UTC) + timedelta(days=1))
    marked = await stale(talked.ledger())
    async with erasing(talked, database_url) as known:
        await propagate(talked.ledger(), known)

    assert [each.kind for each in marked] == ["kto"]
    assert await stale(talked.ledger()) == []
    assert "bread" not in words_in(tmp_path / "rows")


async def test_files_that_are_not_here_stay_stale_and_it_is_said_what_to_do(talked, database_url, tmp_path):
    await exported(talked, database_url, tmp_path / "rows", Kind.KTO)
    (tmp_path / "rows").rename(tmp_path / "elsewhere")
    await talked.erase(ANN_REF)

    async with erasing(talked, database_url) as known:
        [told] = await propagate(talked.ledger(), known)

    assert "plaudit export settle" in str(told.fault)
    assert len(await stale(talked.ledger())) == 1


async def test_a_directory_that_holds_something_else_is_left_alone(talked, database_url, tmp_path):
    await exported(talked, database_url, tmp_path / "rows", Kind.KTO)
    (tmp_path / "rows" / "manifest.json").unlink()
    there = bytes_of(tmp_path / "rows")
    await talked.erase(ANN_REF)

    async with erasing(talked, database_url) as known:
        [told] = await propagate(talked.ledger(), known)

    assert "no export can be found in it" in str(told.fault)
    assert bytes_of(tmp_path / "rows") == there


async def test_an_erasing_that_was_broken_off_is_done_again(talked, database_url, tmp_path):
    _, manifest = await exported(talked, database_url, tmp_path / "rows", Kind.KTO)
    await talked.erase(ANN_REF)
    (tmp_path / "rows" / manifest["files"][0]["path"]).unlink()
    (tmp_path / ".rows.anew").mkdir()
    (tmp_path / ".rows.anew" / "half").write_text(WORD)

    async with erasing(talked, database_url) as known:
        [done] = await propagate(talked.ledger(), known)

    assert done.fault is None
    assert WORD not in words_in(tmp_path)


def test_a_manifest_tells_all_options():
    options = Options(
        Kind.DPO,
        Format.PARQUET,
        Rules(("user_rating",), 4.5, 1.5, Aggregation.MEAN, 3),
        Scope(datetime(2026, 1, 2, tzinfo=UTC), None, ("slack",), ("T1",), ("org/model",)),
        0.25,
        7,
        500,
        Window(3, 1_000),
        "Be brief.",
    )

    assert Options.from_json(options.to_json()) == options
    assert Options.from_json(replace(options, kind=Kind.KTO).to_json()).kind is Kind.KTO
