"""Readers of the log who have a name: every record at least once, in order, whoever writes meanwhile."""

import asyncio
from contextlib import AsyncExitStack, aclosing

from core.following import Batch, consume
from core.store.consumers import Consumer
from core.store.database import open_store
from core.store.sql import SqlStore
from tests.contract.store_stories import said


async def read(store: SqlStore, name: str, *, commits: int = 1_000, **options) -> list[int]:
    """The seqs that a reader gets of what is there; it dies after so many commits, before the next."""
    seqs: list[int] = []
    async with aclosing(consume(store, name, forever=False, **options)) as batches:
        async for batch in batches:
            seqs += [record.seq or 0 for record in batch.records]
            if commits == 0:
                break
            commits -= 1
            await batch.commit()
    return seqs


async def test_a_reader_goes_on_where_it_was(sql_store) -> None:
    await sql_store.append(*(said(f"m{number}") for number in range(1_200)))
    first = await read(sql_store, "ours", from_start=True)
    await sql_store.append(said("m1200"))

    second = await read(sql_store, "ours", from_start=True)

    assert (first, second) == ([*range(1, 1_201)], [1_201])


async def test_a_new_reader_begins_with_what_comes(sql_store) -> None:
    await sql_store.append(said("m1"), said("m2"))

    before = await read(sql_store, "ours")
    await sql_store.append(said("m3"))

    assert (before, await read(sql_store, "ours")) == ([], [3])


async def test_one_that_dies_before_it_commits_gets_the_batch_again(sql_store) -> None:
    await sql_store.append(*(said(f"m{number}") for number in range(1_200)))

    first = await read(sql_store, "ours", commits=1, from_start=True)
    second = await read(sql_store, "ours")

    assert first == [*range(1, 1_001)]
    assert second == [*range(501, 1_201)]


async def test_readers_do_not_know_of_each_other(sql_store) -> None:
    await sql_store.append(said("m1"), said("m2"))

    found = [await read(sql_store, name, from_start=True, limit=1) for name in ("a", "b", "a")]

    assert found == [[1], [1], [2]]
    assert await sql_store.consumers().all() == [Consumer("a", 2), Consumer("b", 1)]


async def test_a_reader_can_be_moved_and_forgotten(sql_store) -> None:
    await sql_store.append(said("m1"), said("m2"), said("m3"))
    await read(sql_store, "ours", from_start=True)

    await sql_store.consumers().move("ours", 1)
    again = await read(sql_store, "ours")
    await sql_store.consumers().remove("ours")

    assert again == [2, 3]
    assert await sql_store.consumers().all() == []


async def test_no_reader_misses_a_record_while_six_write_to_postgres(postgres_url) -> None:
    each, writers, readers = 50, 6, 3
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(open_store(postgres_url)) for _ in range(writers + 1)]
        reading = [
            asyncio.create_task(_read_until(stores[-1], f"reader{number}", each * writers)) for number in range(readers)
        ]

        await asyncio.gather(*(_write(store, number, each) for number, store in enumerate(stores[:writers])))
        found = await asyncio.wait_for(asyncio.gather(*reading), 30)

        kept = [record.seq async for record in stores[-1].records()]
    assert len(kept) == each * writers
    assert found == [kept] * readers


async def _write(store: SqlStore, number: int, count: int) -> None:
    for n in range(count):
        await store.append(said(f"m{number}-{n}"))


async def _read_until(store: SqlStore, name: str, count: int) -> list[int]:
    seqs: list[int] = []
    batch: Batch
    async with aclosing(consume(store, name, from_start=True, pause=0.001)) as batches:
        async for batch in batches:
            seqs += [record.seq or 0 for record in batch.records]
            await batch.commit()
            if len(seqs) >= count:
                break
    return seqs
