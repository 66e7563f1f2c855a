"""The log on the command line: readers with a name, reports of the past, and forgetting."""

import asyncio

import orjson
import pytest
from typer.testing import CliRunner

from bots.cli import app
from bots.commands.terminal import out
from core.errors import PlauditError
from core.store.database import open_store
from tests.contract.store_stories import LIKE, replied, said, started, voted
from tests.contract.test_store_erasing import ANN, WORDS, by, story


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> None:
    """Commands are given in a directory of their own, in a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(out, "width", 200)


def plaudit(*arguments: str) -> str:
    """What a command prints. Raises what it ends with."""
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, PlauditError):
        raise result.exception
    return result.output


def in_store(work):
    async def do():
        async with open_store("plaudit.db") as store:
            return await work(store)

    return asyncio.run(do())


def filled(*records) -> None:
    in_store(lambda store: store.append(*records))


def test_a_reader_with_a_name_goes_on_where_it_was() -> None:
    filled(started("c1"), said("m1"), said("m2"))

    first = plaudit("events", "--consumer", "ours", "--from-start", "--limit", "2")
    second = plaudit("events", "--consumer", "ours")
    readers = plaudit("consumers", "--json")
    back = plaudit("consumers", "ours", "--reset", "1", "--json")
    again = plaudit("events", "--consumer", "ours", "--json")

    assert [line.split()[0] for line in first.splitlines()] == ["1", "2"]
    assert [line.split()[0] for line in second.splitlines()] == ["3"]
    well = {"name": "ours", "error": None, "since": None}
    assert orjson.loads(readers) == [{**well, "seq": 3, "lag": 0}]
    assert orjson.loads(back) == [{**well, "seq": 1, "lag": 2}]
    assert [orjson.loads(line)["seq"] for line in again.splitlines()] == [2, 3]
    assert "ours" not in plaudit("consumers", "ours", "--remove")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["events", "--consumer", "ours", "--after", "3"], "choose one of them"),
        (["events", "--consumer", ".retention"], "begin with a dot"),
        (["events", "--from-start"], "--consumer NAME"),
        (["consumers", "theirs"], "No reader called theirs"),
        (["consumers", "--reset", "3"], "Name the reader"),
        (["forget", "person-0123456789", "--yes"], "Nobody in the log is called"),
        (["forget", "ann", "--yes"], "'ann' names nobody"),
        (["report", "--as-of", "0"], "no record up to 0"),
        (["report", "--since", "soon"], "'soon' is no moment"),
    ],
)
def test_what_cannot_be_is_said(arguments, says) -> None:
    filled(started("c1"))

    with pytest.raises(PlauditError, match=says):
        plaudit(*arguments)


def test_a_report_is_of_the_past_where_one_asks_for_it() -> None:
    filled(started("c1"), replied("m1"), voted("m1", "ann", LIKE))
    span = ("--since", "2026-01-01", "--until", "2026-01-02", "--json")

    now = plaudit("report", *span)
    then = plaudit("report", *span, "--as-of", "2")
    parts = plaudit("report", *span, "--as-of", "2", "--by", "channel")

    assert [orjson.loads(each)["positive_count"] for each in (now, then)] == [1, 0]
    assert orjson.loads(parts)["slack:T1:C1"]["total_traces"] == 1


def test_a_person_is_forgotten_by_the_name_that_a_view_has_and_what_is_stale_is_said(tmp_path) -> None:
    filled(*story())
    in_store(lambda store: store.ledger().note("sft", "rows.jsonl", seq_from=1, seq_to=9))
    name = in_store(pseudonym_of_ann)
    before = plaudit("report", "--since", "2026-01-01", "--json")

    asked = plaudit("forget", name)
    still_there = WORDS.encode() in (tmp_path / "plaudit.db").read_bytes()
    told = plaudit("forget", name, "--yes", "--propagate")

    assert f"Of {ANN.key} the log has 12 records: 1 messages and 8 opinions." in asked
    assert still_there
    assert "15 records were changed" in told
    assert "sft rows.jsonl: it is not there any more" in told
    assert told.splitlines()[-1].startswith("  sft  rows.jsonl  made ")
    assert WORDS.encode() not in (tmp_path / "plaudit.db").read_bytes()
    assert plaudit("report", "--since", "2026-01-01", "--json") == before


async def pseudonym_of_ann(store) -> str:
    return (await store.pseudonyms()).of(ANN.key)


def test_where_nothing_was_exported_nothing_is_stale() -> None:
    filled(started("c1"), by(ANN, said("m1", author=ANN.key)))

    told = plaudit("forget", ANN.key, "--yes")

    assert told.splitlines()[-1] == "No export and no MLflow trace is stale."
