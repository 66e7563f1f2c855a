"""Reading conversations from the tables, and folding them from the log, is the same."""

from dataclasses import replace
from typing import Self

import pytest

from core.exports.options import Scope
from core.exports.reading import TalkReader, find_edited
from core.exports.talks import Talk
from core.records import Record
from core.store.database import connected
from tests.contract.store_stories import any_history


def comparable(talk: Talk) -> tuple[object, ...]:
    """The talk with what follows from it left out."""
    mine = {each.id for each in talk.messages}
    opinions = {id_: sorted(each) for id_, each in talk.opinions.items() if id_ in mine}
    messages = [
        each._replace(withheld=bool(each.withheld), deleted=bool(each.deleted), edited=0) for each in talk.messages
    ]
    return talk.id, talk.root, talk.place, messages, talk.inherited, opinions


def settled(record: Record) -> Record:
    """The record, with each message in one conversation for ever, those that are judged as the assistant's."""
    if not record.data.get("id", "").startswith("m"):
        return record
    number = int(record.data["id"][1:])
    conversation, role = "ABCDE"[number % 5], "assistant" if number < 4 else "user"
    more = {"conversation_id": conversation} | ({"role": role} if "role" in record.data else {})
    return replace(record, conversation_id=None, data={**record.data, **more})


async def read(url: str, as_of: int, *, from_the_log: bool) -> list[tuple[object, ...]]:
    async with connected(url) as database:
        reader = TalkReader(database, as_of, Scope(), await find_edited(database, as_of))
        if from_the_log:
            reader._changed = Everything()
        return [comparable(talk) async for _, _, talks in reader.pages() for talk in talks]


class Everything(set[str]):
    """Has whatever is asked for."""

    def __contains__(self, _: object) -> bool:
        return True

    def __ior__(self, _: object) -> Self:
        return self


@pytest.mark.parametrize("seed", range(6))
async def test_tables_and_log_tell_the_same_conversations(sql_store, database_url, seed):
    await sql_store.append(*map(settled, any_history(seed, 200)))

    as_of = await sql_store.newest()
    from_tables = await read(database_url, as_of, from_the_log=False)

    assert from_tables
    assert from_tables == await read(database_url, as_of, from_the_log=True)
