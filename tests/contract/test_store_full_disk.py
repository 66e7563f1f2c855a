"""A disk that is full: what was acknowledged is there, nothing else is, and with room again all goes on."""

import asyncio
import resource
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from core.errors import DatabaseUnavailableError
from core.store.database import open_store
from tests.contract.store_stories import said, started

ROOM = 400_000
"""Bytes that the file may still grow by; much less than what is told."""


@contextmanager
def no_pages_left(store, path):
    """SQLite's own way to say that the disk is full."""
    limit = (path.stat().st_size + ROOM) // 4_096

    def take_room(connection, _record, _proxy):
        connection.execute(f"PRAGMA max_page_count = {limit}")

    engine = store._database._writing
    event.listen(engine, "checkout", take_room)
    yield
    event.remove(engine, "checkout", take_room)
    event.listen(engine, "checkout", lambda connection, *_: connection.execute("PRAGMA max_page_count = 1000000"))


@contextmanager
def writing_fails(store, path):
    """The system refuses to let a file grow, in the middle of what is written."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(each.stat().st_size for each in path.parent.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + ROOM, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("full", [no_pages_left, writing_fails])
async def test_on_a_full_disk_only_what_is_kept_is_acknowledged(tmp_path, full) -> None:
    path = tmp_path / "plaudit.db"
    records = [said(f"m{number}", number, content="much " * 200) for number in range(1_500)]
    async with open_store(str(path)) as store:
        await store.append(started("c1"))

        with full(store, path):
            told = []
            for group in range(0, len(records), 50):
                appends = (store.append(each) for each in records[group : group + 50])
                told += await asyncio.gather(*appends, return_exceptions=True)
        acknowledged = {each.id for each, answer in zip(records, told, strict=True) if answer == [True]}
        refused = [answer for answer in told if answer != [True]]

        assert 0 < len(acknowledged) < len(records)
        assert {type(each) for each in refused} == {DatabaseUnavailableError}
        assert "that the disk has room" in str(refused[0])
        assert {each.id async for each in store.records() if each.type == "add_message"} == acknowledged
        assert await store.check() == []
        assert await store.append(records[-1]) == [True]
    async with open_store(str(path)) as again:
        assert len([each async for each in again.records()]) == len(acknowledged) + 2
