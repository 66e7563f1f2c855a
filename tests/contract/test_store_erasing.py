"""What every store does when a person is to be forgotten: nothing of theirs is left, and every number is as it was."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from core.insight.report import report
from core.messages import PersonRef, PlaceRef
from core.records import Record
from core.store.memory import MemoryStore
from core.store.sql import SqlStore
from core.store.sqlite import SqliteDatabase
from tests.contract.store_stories import (
    DISLIKE,
    LIKE,
    categorised,
    changed,
    commented,
    consented,
    corrected,
    replied,
    said,
    started,
    voted,
    withdrew,
)
from tests.contract.test_store_tables import rows_in_memory, rows_of

ANN = PersonRef("slack", "T1", "U0ANN45678")
BOB = PersonRef("slack", "T1", "U0BOB45678")
WORDS = "marzipan"
"""In everything that ann says."""


def by(person: PersonRef, record: Record) -> Record:
    return replace(record, subject=person.key)


def story() -> list[Record]:
    first = by(ANN, started("c1"))
    return [
        replace(first, data={**first.data, "username": f"ann {WORDS}"}),
        by(ANN, said("m1", 1, content=f"What is {WORDS}?", author=ANN.key)),
        replied("m2", 2, content=f"{WORDS} is sweet", question_id="m1"),
        by(ANN, changed("m1", 3, content=f"What was {WORDS}?")),
        by(BOB, said("m3", 4, content="And nougat?", author=BOB.key)),
        replied("m4", 5, content="Nougat too", question_id="m3"),
        by(ANN, voted("m2", ANN.key, LIKE, 6, rationale=WORDS, metadata={"emoji": "👍", "heard": WORDS})),
        by(ANN, voted("m4", ANN.key, LIKE, 6, origin="reaction:1")),
        by(ANN, voted("m4", ANN.key, DISLIKE, 7, origin="reaction:2")),
        by(ANN, categorised("m4", ANN.key, "rude", 8)),
        by(ANN, voted("m4", ANN.key, 4, 8, name="user_accuracy", rationale=WORDS)),
        by(ANN, commented("m4", ANN.key, f"no {WORDS}", 9)),
        by(ANN, corrected("m4", ANN.key, f"Say {WORDS}", 10, origin="message:slack:T1:C1:77")),
        by(ANN, voted("m2", ANN.key, LIKE, 11, origin="reaction:3")),
        by(ANN, withdrew("m2", ANN.key, None, 12, origin="reaction:3")),
        by(BOB, voted("m2", BOB.key, DISLIKE, 13)),
        by(BOB, commented("m4", BOB.key, f"<@{ANN.id}> is right", 14)),
        by(BOB, said("m5", 15, content=f"Ask {ANN.id}", author=BOB.key)),
    ]


async def everything_in(store) -> bytes:
    """All that a database keeps, as bytes: files, or every row and every sample of the planner's."""
    if isinstance(store, MemoryStore):
        return repr([[record async for record in store.records()], vars(store.tables), store._keys]).encode()
    if isinstance(store._database, SqliteDatabase):
        path = store._database.path
        return b"".join(Path(f"{path}{end}").read_bytes() for end in ("", "-wal", "-shm"))  # noqa: ASYNC240 - nobody else waits here
    return await store._database.read(_dump)


def _dump(connection: Connection) -> bytes:
    names = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
    parts = [connection.execute(text(f"SELECT {name}::text FROM {name}")).scalars().all() for name in names]
    parts.append(connection.execute(text("SELECT pg_stats::text FROM pg_stats")).scalars().all())
    return repr(parts).encode()


def _carelessly(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA secure_delete = OFF")


async def tables_of(store) -> dict[str, list[dict[str, object]]]:
    return rows_in_memory(store) if isinstance(store, MemoryStore) else await rows_of(store)


async def numbers_of(store) -> list[object]:
    judged = [
        [(each.name, each.value) for each in await store.assessments(message) if not isinstance(each.value, str)]
        for message in ("m2", "m4")
    ]
    return [judged, report(await store.tally())]


async def test_no_byte_of_a_forgotten_person_is_left(store) -> None:
    if isinstance(store, SqlStore) and isinstance(store._database, SqliteDatabase):
        # Some builds of SQLite write zeros over what they delete, most do not.
        await asyncio.gather(*(store._database.read(_carelessly) for _ in range(8)))
        await store._database.write(_carelessly)
    filler = [said(f"f{number}", number, content="x" * 300, to="c2") for number in range(300)]
    await store.append(*filler[:150], *story(), *filler[150:])
    await store.append(*(by(ANN, said(f"a{n}", n, content=f"{WORDS} {n}" * n, author=ANN.key)) for n in range(80)))
    before = await everything_in(store)

    await store.erase(ANN)

    after = await everything_in(store)
    for marker in (WORDS.encode(), ANN.id.encode()):
        assert marker in before
        assert marker not in after
    assert BOB.id.encode() in after


async def test_the_numbers_are_as_they_were(store) -> None:
    await store.append(*story())
    before = await numbers_of(store)

    changed_records = await store.erase(ANN)

    assert await numbers_of(store) == before
    assert changed_records == 15
    people = {each.source.id for each in await store.assessments("m4")}
    assert len(people) == 2
    assert BOB.key in people
    [record] = [each async for each in store.records() if each.type == "erase_subject"]
    assert people == {BOB.key, record.subject}
    assert record.data == {"subject": record.subject}
    assert record.topic == "test.slack.T1"


async def test_what_others_said_and_were_told_stays(store) -> None:
    await store.append(*story())

    await store.erase(ANN)

    assert [each.content for each in await store.history("c1", limit=9)][2:4] == ["And nougat?", "Nougat too"]
    assert [each.content for each in await store.history("c1", limit=9)][:2] == ["", ""]
    comments = [each.value for each in await store.assessments("m4") if each.source.id == BOB.key]
    assert len(comments) == 1
    assert str(comments[0]).endswith("> is right")


async def test_the_tables_are_still_what_the_log_says(store) -> None:
    await store.append(*story())
    await store.erase(ANN)
    before = await tables_of(store)

    await store.rebuild()

    assert await tables_of(store) == before


async def test_forgetting_again_finds_nothing(store) -> None:
    await store.append(*story())
    await store.erase(ANN)
    before = [each async for each in store.records()]

    again = await store.erase(ANN)

    assert again == await store.erase(PersonRef("slack", "T1", "U0NOBODY99")) == 0
    assert [each async for each in store.records()] == before
    assert [each async for each in store.data_of(ANN.key)] == []


async def test_what_the_platform_tells_again_does_not_come_back(store) -> None:
    told = [replace(each, idempotency_key=f"slack:{ANN.id}:{number}") for number, each in enumerate(story())]
    await store.append(*told)
    await store.erase(ANN)
    numbers = await numbers_of(store)

    answers = await store.append(*told)

    assert answers == [False] * len(told)
    assert await numbers_of(store) == numbers
    assert WORDS.encode() not in await everything_in(store)


async def test_a_reaction_that_still_stands_is_not_found_later(store) -> None:
    vote = by(ANN, voted("m2", ANN.key, LIKE, 6))
    await store.append(*story()[:3], vote)
    await store.erase(ANN)

    found = replace(
        by(ANN, voted("m2", ANN.key, LIKE, 60, metadata={"found_later": True})), idempotency_key="found later"
    )
    standing = await store.standing_assessments("m2")

    assert standing == []
    assert await store.append(found) == [False]
    assert len(await store.assessments("m2")) == 1


async def test_what_is_told_of_a_forgotten_persons_message_comes_without_words(store) -> None:
    await store.append(*story())
    await store.erase(ANN)
    message = await store.message("m1")
    assert message is not None

    edit = replace(changed("m1", 20, content=f"{WORDS}, edited"), subject=message.author)
    await store.append(edit)

    assert WORDS.encode() not in await everything_in(store)
    assert await store.assessment_from("message:slack:T1:C1:77") is None


async def test_a_wish_not_to_be_kept_outlives_the_erasure(store) -> None:
    await store.append(*story(), consented(ANN.key, 20, keep=False))

    await store.erase(ANN)
    still_out = await store.opted_out(ANN.key)
    await store.append(consented(ANN.key, 21, keep=True))

    assert still_out
    assert not await store.opted_out(ANN.key)


async def test_a_person_who_comes_back_is_someone_new(store) -> None:
    await store.append(*story())
    await store.erase(ANN)

    await store.append(by(ANN, voted("m4", ANN.key, LIKE, 30)))

    assert [each.source.id for each in await store.standing_assessments("m4")][-1] == ANN.key
    assert await store.erase(ANN) == 1


@pytest.mark.parametrize("place", [PlaceRef("slack", "T1", "C9"), PlaceRef("slack", "T1", "C9", "1.0")])
async def test_a_short_id_is_no_reason_to_change_other_words(store, place) -> None:
    cat = PersonRef("slack", "T1", "7")
    await store.append(started("c9", place=place), by(cat, said("m1", to="c9", content=WORDS, author=cat.key)))
    await store.append(said("m2", to="c9", content="7 dwarfs"))

    await store.erase(cat)

    assert [each.content for each in await store.history("c9", limit=9)] == ["", "7 dwarfs"]


async def test_an_answer_in_the_making_is_kept_without_its_words_where_its_asker_was_erased(store) -> None:
    await store.append(*story())
    await store.erase(ANN)

    await store.append(
        replied("m8", 20, content=f"{WORDS}, as I said", question_id="m1", completion_tokens=7),
        replied("m9", 21, content="Nougat, as I said", question_id="m3"),
    )

    assert WORDS.encode() not in await everything_in(store)
    [late, other] = [await store.message(each) for each in ("m8", "m9")]
    assert late is not None
    assert other is not None
    assert (late.content, other.content) == ("", "Nougat, as I said")
    assert report(await store.tally()).total_traces == 4
