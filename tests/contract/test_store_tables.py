"""The tables are what the log says: on every database the same rows, live, in any batches, and folded again."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, select

from core.messages import PersonRef
from core.store.memory import MemoryStore
from core.store.refolding import Difference, Refolding
from core.store.sql import SqlStore
from core.store.tables import FOLDED, table
from tests.contract.store_refolding import broken_off, left_behind
from tests.contract.store_stories import any_history, replied, said, started, voted

TABLES = [table(row) for row in FOLDED]


async def rows_of(store: SqlStore) -> dict[str, list[dict[str, Any]]]:
    def work(connection: Connection) -> dict[str, list[dict[str, Any]]]:
        return {
            each.name: [dict(row) for row in connection.execute(select(each).order_by(*each.primary_key)).mappings()]
            for each in TABLES
        }

    return await store._database.read(work)


def rows_in_memory(store: MemoryStore) -> dict[str, list[dict[str, Any]]]:
    tables = store.tables
    rows = {
        "conversations": tables.conversations.values(),
        "messages": tables.messages.values(),
        "message_parts": tables.parts.values(),
        "assessments": [row for rows in tables.assessments.values() for row in rows.values()],
        "subjects": tables.subjects.values(),
        "model_choices": tables.choices.values(),
    }
    return {
        each.name: sorted(map(dict, rows[each.name]), key=lambda row: [row[name.name] for name in each.primary_key])
        for each in TABLES
    }


@pytest.mark.parametrize("seed", range(4))
async def test_a_database_folds_as_memory_does_whatever_happens_and_however_it_is_batched(sql_store, seed) -> None:
    history = any_history(seed, 600)
    twin = MemoryStore()
    for record in history:
        await twin.append(record)

    await sql_store.append(*history[:200])
    await asyncio.gather(*(sql_store.append(record) for record in history[200:500]))
    for record in history[500:]:
        await sql_store.append(record)

    assert await rows_of(sql_store) == rows_in_memory(twin)


async def test_tables_folded_again_from_the_log_are_the_tables_that_were_there(sql_store) -> None:
    await sql_store.append(*any_history(seed=7, length=2_500))
    before = await rows_of(sql_store)

    await sql_store.rebuild()

    assert await rows_of(sql_store) == before
    assert all(before.values())


async def test_rebuilding_repairs_tables_that_were_damaged(sql_store) -> None:
    await sql_store.append(started("c1"), said("m1"), replied("m2"), voted("m2", "ann", 5, name="user_rating"))
    before = await rows_of(sql_store)

    def damage(connection: Connection) -> None:
        for each in TABLES:
            connection.execute(each.delete())

    await sql_store._database.write(damage)

    await sql_store.rebuild()

    assert await rows_of(sql_store) == before


async def test_tables_that_agree_with_the_log_are_said_to_and_left_as_they_are(sql_store) -> None:
    await sql_store.append(*any_history(seed=9, length=1_500))
    before = await rows_of(sql_store)

    assert await sql_store.check() == []
    assert await rows_of(sql_store) == before


async def test_rows_that_are_wrong_or_missing_are_named(sql_store) -> None:
    await sql_store.append(started("c1"), said("m1"), replied("m2"), voted("m2", "ann", 5, name="user_rating"))

    def damage(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE messages SET content = 'forged' WHERE id = 'm1'")
        connection.exec_driver_sql("DELETE FROM message_parts")
        connection.exec_driver_sql(
            "INSERT INTO subjects (key, seq, at, keep) SELECT 'x', 1, at, true FROM records LIMIT 1"
        )

    await sql_store._database.write(damage)

    found = await sql_store.check()

    assert found == [
        Difference("messages", "wrong", 1, ("m1",)),
        Difference("message_parts", "missing", 2, ("slack:T1:C1:m1", "slack:T1:C1:m2")),
        Difference("subjects", "wrong", 1, ("x",)),
    ]


async def test_a_rebuild_that_was_broken_off_goes_on_where_it_was(sql_store, monkeypatch) -> None:
    monkeypatch.setattr("core.store.refolding._STEP", 100)
    await sql_store.append(*any_history(seed=8, length=350))
    await broken_off(sql_store, at=200)
    reached: list[int] = []

    await sql_store.rebuild(reached.append)

    assert reached[0] >= 200
    assert await sql_store.check() == []
    assert not await left_behind(sql_store)


async def test_an_erasure_leaves_nothing_of_a_rebuild_that_was_broken_off(sql_store) -> None:
    await sql_store.append(started("c1"), said("m1"))
    await broken_off(sql_store, at=1)

    await sql_store.erase(PersonRef("slack", "T1", "U1"))

    assert not await left_behind(sql_store)


async def test_an_erasure_in_the_midst_of_a_rebuild_lets_it_begin_anew(sql_store, monkeypatch) -> None:
    monkeypatch.setattr("core.store.refolding._STEP", 10)
    await sql_store.append(started("c1"), *(said(f"m{number}", author="slack:T1:U1") for number in range(50)))
    step, erasing = Refolding.step, []

    def some(refolding: Refolding) -> int:
        if refolding._begin() >= 30 and not erasing:
            erasing.append(asyncio.run_coroutine_threadsafe(sql_store.erase(PersonRef("slack", "T1", "U1")), loop))
        return step(refolding)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(Refolding, "step", some)
    await sql_store.rebuild()
    await asyncio.wrap_future(erasing[0])

    assert not await left_behind(sql_store)
    assert await sql_store.check() == []


async def test_people_go_on_talking_while_the_tables_are_rebuilt(sql_store) -> None:
    await sql_store.append(started("c1"), *(said(f"m{number}") for number in range(300)))

    await asyncio.gather(sql_store.rebuild(), *(sql_store.append(replied(f"r{number}")) for number in range(50)))

    before = await rows_of(sql_store)
    await sql_store.rebuild()
    assert await rows_of(sql_store) == before
    assert len(before["messages"]) == 350


async def test_what_failed_leaves_no_trace_in_the_tables(sql_store) -> None:
    first = started("c1")
    await sql_store.append(first)
    before = await rows_of(sql_store)

    with pytest.raises(ValueError, match="does not take"):
        await sql_store.append(said("m1"), voted("m1", "ann", 3), said("m2", prompt_tokens=2**63))

    assert await rows_of(sql_store) == before
