"""What a database folds by itself is what folding comes to, window for window."""

import random
from typing import Any

import pytest
from sqlalchemy import Connection

from core.records import Record
from core.store import changes, log, refolding
from core.store.refolding import PREFIX, Refolding
from core.store.setwise import is_available
from core.store.sides import MESSAGES, OPINIONS, PLACES, SIDES, Side
from core.store.sql import SqlStore
from core.store.tables import FOLDED, table
from core.upcasting import STEPS, Step
from tests.contract.store_stories import any_history, changed, ended, ref, replied, said, started, voted, withdrew

pytestmark = pytest.mark.skipif(not is_available("sqlite"), reason="this SQLite has no ->")

ODD_TEXT = 'a "quote", a \\ and a\nline, \x01\x7f, ½ 👍🏽, {"not": "json"}, \u2028'
ODD_VALUES = [True, False, None, 0, 1, -3, 4.5, 1.0, 1e300, 2**62, "", "true", "null", "a category", ODD_TEXT]


@pytest.fixture
def store(sql_store):
    return sql_store


async def folded(store: SqlStore, limit: int, *, by_sets: bool) -> tuple[dict[str, Any], int]:
    """The tables folded anew in windows of `limit` records; and how often the database folded a side by itself."""
    alone = 0

    def work(connection: Connection) -> dict[str, Any]:
        nonlocal alone
        refolding.drop(connection)
        anew = Refolding(connection)
        reached = anew._begin()
        while (up_to := log.window(connection, reached, limit)) is not None:
            for side in anew._sides:
                assert side._setwise is not None
                done = by_sets and side._setwise.fold(reached, up_to)
                alone += done
                if not done:
                    side.fold_one_by_one(reached, up_to)
            reached = up_to
        anew._settle()
        rows = {row.__tablename__: _rows(connection, table(row)) for row in FOLDED}
        refolding.drop(connection)
        return rows

    return await store._database.write(work), alone


async def folds_by_itself(store: SqlStore, side: Side) -> bool:
    """Whether the database folds a side of the whole log by itself."""

    def work(connection: Connection) -> bool:
        anew = Refolding(connection, (side,))
        anew._begin()
        [folding] = anew._sides
        assert folding._setwise is not None
        done = folding._setwise.fold(0, log.newest(connection))
        refolding.drop(connection)
        return done

    return await store._database.write(work)


def _rows(connection: Connection, like: Any) -> list[Any]:
    names = ", ".join(column.name for column in like.columns)
    # As they lie in the file: what reads alike may be written otherwise.
    kind = "typeof" if connection.dialect.name == "sqlite" else "pg_typeof"
    columns = names + "".join(f", CAST({kind}({column.name}) AS text)" for column in like.columns)
    keys = ", ".join(column.name for column in like.primary_key)
    query = f"SELECT {columns} FROM {PREFIX}{like.name} ORDER BY {keys}"
    return list(map(tuple, connection.exec_driver_sql(query)))


async def both(store: SqlStore, limit: int) -> int:
    """How often the database folded a side of a window by itself, once it is seen that all came to the same."""
    by_folding, _ = await folded(store, limit, by_sets=False)
    by_sets, alone = await folded(store, limit, by_sets=True)
    assert by_sets == by_folding
    return alone


def odd_history(seed: int, length: int) -> list[Record]:
    """Messages and ratings with every field filled in some way, now and then edited or withdrawn."""
    dice = random.Random(seed)
    return [*(started(name, dice.uniform(0, 10)) for name in "ABC"), *(_odd(dice, number) for number in range(length))]


def _odd(dice: random.Random, number: int) -> Record:
    kind, seconds = dice.random(), dice.choice([number, number + 0.5, dice.uniform(0, 1_000)])
    if kind < 0.05:
        return changed(f"m{dice.randrange(number + 1)}", seconds, content=ODD_TEXT)
    if kind < 0.1:
        return withdrew(f"m{dice.randrange(9)}", "ann", None, seconds, origin=dice.choice("ab"))
    if kind < 0.5:
        return voted(f"m{dice.randrange(9)}", "ann", dice.choice(ODD_VALUES), seconds, **_odd_opinion(dice))
    return said(f"m{number}", seconds, to=dice.choice("ABCD"), content=ODD_TEXT, **_odd_fields(dice, number))


def _odd_opinion(dice: random.Random) -> dict[str, Any]:
    return {
        "name": dice.choice(["user_feedback", "user_category", "user_comment"]),
        "origin": dice.choice("ab"),
        "feedback": dice.choice(["", ODD_TEXT]),
        "rationale": ODD_TEXT,
        "metadata": dice.choice([{}, {"deep": [{"er": ODD_TEXT}, 1.0, None]}]),
    }


def _odd_fields(dice: random.Random, number: int) -> dict[str, Any]:
    maybe: dict[str, Any] = {
        "parts": [ref(f"{number}-{part}").key for part in range(dice.randrange(13))],
        "model": {"id": ODD_TEXT, "metadata": {"b": 1.0, "a": [True, None]}},
        "parameters": {},
        "streaming": {"gaps": [0.1, 1e-9]},
        "started_at": dice.choice(["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00.000001+00:00"]),
        "prompt_tokens": 2**30,
        "rating": "like",
        "withheld": True,
        "author": "slack:T1:U1",
    }
    return {name: value for name, value in maybe.items() if dice.random() < 0.5}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("limit", [7, 60])
async def test_any_values_come_to_the_same(store, seed, limit) -> None:
    await store.append(*odd_history(seed, 400))

    assert await both(store, limit) > 9


@pytest.mark.parametrize(("limit", "length"), [(1, 100), (2, 200), (5, 600), (40, 800)])
async def test_any_order_comes_to_the_same(store, limit, length) -> None:
    await store.append(*any_history(11, length))

    await both(store, limit)


async def test_a_plain_conversation_needs_no_python(store) -> None:
    records = [
        started("c1"),
        *(said(f"m{number}", number) for number in range(20)),
        changed("m3", 30, content="edited"),
    ]
    await store.append(*records, voted("m1", "ann", 5), voted("m1", "ann", 4, origin="x"), ended("c1", 40))

    assert await both(store, 100) == len(SIDES)


@pytest.mark.parametrize(
    ("records", "side"),
    [
        ([changed("m1", 0, content="before it"), said("m1", 1)], MESSAGES),
        ([said("m1"), changed("m1", 1, content="edited"), said("m1", 2, content="told again")], MESSAGES),
        ([ended("c1"), started("c1", 1)], PLACES),
        ([replied("m1", started_at="2026-01-01T01:00:00+01:00")], MESSAGES),
        ([replied("m1", ended_at="2026-01-01 00:00:00Z")], MESSAGES),
        ([replied("m1"), voted("m1", "ann", 5, feedback=3)], OPINIONS),
    ],
)
async def test_what_is_out_of_order_or_written_otherwise_is_left_to_folding(store, records, side) -> None:
    await store.append(*records)

    assert await both(store, 100) == len(SIDES) - 1
    assert not await folds_by_itself(store, side)


async def test_a_moment_written_otherwise_leaves_nothing_of_its_window_behind(store) -> None:
    # A message that comes before its conversation does not touch it, be the window folded a second time.
    await store.append(
        said("m1", 50), started("c1", 0), said("m2", 20), said("m3", 30, timestamp="2026-01-01T01:00:00+01:00")
    )

    assert await both(store, 100) == 1


async def test_a_message_told_before_its_conversation_does_not_touch_it(store) -> None:
    await store.append(said("m1", 50), started("c1", 0), said("m2", 20))

    assert await both(store, 100) == len(SIDES)


async def test_records_of_a_version_that_is_brought_forward_are_left_to_folding(store, monkeypatch) -> None:
    await store.append(said("m1"))
    monkeypatch.setitem(STEPS, ("add_message", "1.0.0"), Step("2.0.0", lambda data: {**data, "content": "forward"}))

    assert await both(store, 100) == 1  # nothing is to be brought forward among the opinions


def test_every_table_and_every_step_is_of_one_side() -> None:
    rows = [row for side in SIDES for row in side.tables]
    steps = [step for side in SIDES for step in side.steps]

    assert sorted(map(str, rows)) == sorted(map(str, FOLDED))
    assert sorted(steps) == sorted(changes.Step)
