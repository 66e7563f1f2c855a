"""Logs that released versions wrote are read by this one; records of earlier versions are brought forward."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Connection, text

from core import upcasting
from core.messages import PersonRef
from core.records import RECORD_TYPES, AddMessage, Record
from core.store.sql import SqlStore
from core.upcasting import Step, upcast
from tests.contract.store_stories import replied, said, started, voted
from tests.contract.test_store_erasing import everything_in

LOGS = sorted((Path(__file__).parents[1] / "payloads").glob("log-*.jsonl"))
ANN, BOB = "slack:T1:U0ANN45678", "slack:T1:U0BOB45678"


def written_in(path: Path) -> list[Record]:
    """The records of a file that `plaudit events --json` wrote."""
    return [_record(orjson.loads(line)) for line in path.read_bytes().splitlines()]


def _record(told) -> Record:
    return Record(**{**told, "at": datetime.fromisoformat(told["at"]), "seq": None, "committed_at": None})


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
async def test_the_log_of_a_released_version_is_read(store, path) -> None:
    answers = await store.append(*(record.forward for record in written_in(path)))

    assert all(answers)
    view = await store.conversation_view("c1")
    people = await store.pseudonyms()
    assert [(each.role, each.content, each.rating, each.feedback) for each in view.messages] == [
        ("user", "What is marzipan made of?", "", ""),
        ("assistant", "Almonds and sugar.", "like", "And rose water."),
        ("user", "", "", ""),
        ("assistant", "", "", ""),
    ]
    assert {(each.person, each.name, each.value) for each in view.messages[1].opinions} == {
        (people.of(BOB), "user_feedback", True),
        (people.of(ANN), "user_rating", 4),
        (people.of(ANN), "user_comment", "And rose water."),
        (people.of(BOB), "expected_response", "Almonds, sugar and rose water."),
    }
    conversation = await store.conversation("c1")
    assert conversation is not None
    assert conversation.end_reason == "idle"
    assert await store.opted_out("slack:T1:U0CEM45678")


def test_the_newest_log_has_every_type_of_record_as_this_version_writes_it() -> None:
    records = written_in(LOGS[-1])

    assert {each.type for each in records} == set(RECORD_TYPES)
    for record in records:
        assert record.version == RECORD_TYPES[record.type].version
        assert record.payload.to_json() == record.data


def _renamed(data):
    return {"content" if name == "words" else name: value for name, value in data.items()}


def _counted(data):
    return {**data, "completion_tokens": data.get("tokens")}


@pytest.fixture
def older(monkeypatch) -> None:
    """As if two versions had been before: the first said `words`, the first two `tokens`."""
    monkeypatch.setitem(upcasting.STEPS, ("add_message", "0.1.0"), Step("0.2.0", _renamed))
    monkeypatch.setitem(upcasting.STEPS, ("add_message", "0.2.0"), Step("1.0.0", _counted))


def test_data_takes_every_step_from_its_own_version_on(older) -> None:
    first = upcast("add_message", "0.1.0", {"words": "hello", "tokens": 1})
    second = upcast("add_message", "0.2.0", {"content": "hello", "tokens": 1})
    other = upcast("update_message", "0.1.0", {"words": "hello"})

    assert first == second == ("1.0.0", {"content": "hello", "tokens": 1, "completion_tokens": 1})
    assert other == ("0.1.0", {"words": "hello"})


def test_a_payload_is_read_from_an_older_record(older) -> None:
    now = said("m1")
    data = {**now.data, "words": "bonjour"}
    del data["content"]

    payload = replace(now, version="0.1.0", data=data).payload

    assert isinstance(payload, AddMessage)
    assert payload.content == "bonjour"


async def _age(store: SqlStore) -> None:
    """Put what the first version would have written in the place of the answers."""
    [record] = [each async for each in store.records() if each.message_id == "m2" and each.type == "add_message"]
    data = {"words" if name == "content" else name: value for name, value in record.data.items()}
    written = orjson.dumps({**data, "tokens": 7}).decode()

    def work(connection: Connection) -> None:
        kind = "CAST(:data AS jsonb)" if connection.dialect.name == "postgresql" else ":data"
        statement = f"UPDATE records SET version = '0.1.0', data = {kind} WHERE seq = :seq"
        connection.execute(text(statement), {"data": written, "seq": record.seq})

    await store._database.write(work)


async def test_tables_views_and_reports_are_folded_from_older_records(sql_store, older) -> None:
    await sql_store.append(started("c1"), said("m1"), replied("m2", 1, content="old words"), voted("m2", "ann", 4))
    await _age(sql_store)

    await sql_store.rebuild()

    [_, reply] = (await sql_store.conversation_view("c1")).messages
    assert reply.content == "old words"
    assert await sql_store.check() == []
    assert (await sql_store.message("m2")).content == "old words"
    assert [(each.version, each.data["content"]) async for each in sql_store.records(after=2, limit=1)] == [
        ("1.0.0", "old words")
    ]


async def test_older_records_can_be_erased(sql_store, older) -> None:
    question = replace(said("m1", author=ANN), subject=ANN)
    await sql_store.append(started("c1"), question, replied("m2", 1, content="marzipan", question_id="m1"))
    await _age(sql_store)
    await sql_store.rebuild()

    await sql_store.erase(PersonRef.parse(ANN))

    assert b"marzipan" not in await everything_in(sql_store)
    assert await sql_store.check() == []
