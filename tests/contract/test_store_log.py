"""What every store promises of its log: kept once, in order, all or none."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.records import Payload, Record
from core.store.database import open_store
from tests.contract.store_stories import changed, commented, moment, replied, said, started, told, voted


async def log_of(store, **bounds) -> list[Record]:
    return [record async for record in store.records(**bounds)]


def as_kept(record: Record, kept: Record) -> Record:
    """`record` with what only the log can say of it."""
    return replace(
        record,
        seq=kept.seq,
        committed_at=kept.committed_at,
        conversation_id=kept.conversation_id,
        message_id=kept.message_id,
    )


async def test_records_are_read_in_the_order_and_the_words_in_which_they_were_told(store) -> None:
    story = [
        replace(started("c1"), subject="slack:T1:U1"),
        said("m1", 1, content="naïve 日本語 \N{PILE OF POO} 'quoted' \"twice\" \\ \x01\u2028"),
        replied("m2", 2.000001, model={"id": "m", "metadata": {"n": 1.0}}, prompt_tokens=3),
        voted("m2", "ann", 4, 3, name="user_rating", metadata={"deep": [{"a": None}, True, -1.5]}),
    ]

    answers = await store.append(*story)

    kept = await log_of(store)
    assert answers == [True] * 4
    assert kept == [as_kept(told, there) for told, there in zip(story, kept, strict=True)]
    assert [record.seq for record in kept] == sorted(record.seq for record in kept)
    assert kept[2].payload.parts == ["slack:T1:C1:m2"]


async def test_a_record_names_its_conversation_and_message_even_if_its_envelope_does_not(store) -> None:
    await store.append(started("c1"), said("m1"), voted("m1", "ann", value=True))

    kept = await log_of(store)

    assert [(record.conversation_id, record.message_id) for record in kept] == [
        ("c1", None),
        ("c1", "m1"),
        ("c1", "m1"),
    ]


async def test_what_is_told_again_is_kept_once(store) -> None:
    first, second = said("m1"), said("m2")

    answers = [await store.append(first), await store.append(first, second, second), await store.append(second)]

    assert answers == [[True], [False, True, False], [False]]
    assert [record.message_id for record in await log_of(store)] == ["m1", "m2"]


async def test_of_many_who_tell_the_same_at_once_one_is_told_that_it_is_new(store) -> None:
    record = said("m1")

    answers = await asyncio.gather(*(store.append(record) for _ in range(50)))

    assert sum(new for [new] in answers) == 1


async def test_nothing_appended_is_nothing_kept(store) -> None:
    assert await store.append() == []
    assert await log_of(store) == []


async def test_a_call_is_kept_whole_or_not_at_all(store) -> None:
    there, other = said("m1"), said("m2")
    await store.append(there)

    with pytest.raises(ValueError, match="id"):
        await store.append(other, replace(there, idempotency_key="another"))

    assert [record.message_id for record in await log_of(store)] == ["m1"]
    assert await store.append(other) == [True]


async def test_a_record_that_cannot_be_kept_fails_its_own_caller_only(store) -> None:
    there = said("m0")
    await store.append(there)
    calls = [store.append(said(f"m{number}")) for number in range(1, 20)]
    calls.insert(7, store.append(replace(there, idempotency_key="another")))

    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(answers.pop(7), ValueError)
    assert answers == [[True]] * 19


@pytest.mark.parametrize(
    "broken",
    [
        replace(said("m1"), at=datetime(2026, 1, 1)),  # noqa: DTZ001 - without a zone on purpose
        replace(said("m1"), data={"id": "m1"}),
        said("m1", role="parrot"),
        said("m1", parts=["no address"]),
        said("m1", finish_reason=object()),
        said("m1", prompt_tokens=2**70),
        voted("m1", "ann", value=float("nan")),
    ],
    ids=["no zone", "a field missing", "an unknown role", "no address", "not JSON", "too large", "not a number"],
)
async def test_a_record_that_nobody_could_read_back_is_refused(store, broken) -> None:
    with pytest.raises(ValueError, match=broken.id):
        await store.append(broken)

    assert await log_of(store) == []


async def test_times_of_any_zone_are_kept_in_utc_to_the_microsecond(store) -> None:
    tokyo = timezone(timedelta(hours=9))
    record = replace(said("m1"), at=datetime(2026, 1, 1, 9, 0, 0, 7, tzinfo=tokyo))

    await store.append(record)

    [kept] = await log_of(store)
    assert kept.at == datetime(2026, 1, 1, 0, 0, 0, 7, tzinfo=UTC)
    assert kept.at.utcoffset() == kept.committed_at.utcoffset() == timedelta(0)


async def test_a_timestamp_without_a_zone_is_read_as_utc(store) -> None:
    await store.append(started("c1"), said("m1"))
    await store.append(replace(said("m2"), data={**said("m2").data, "timestamp": "2026-01-01T00:00:05"}))

    [_, message] = await store.history("c1", limit=2)

    assert message.timestamp == moment(5)


async def test_a_question_about_a_time_without_a_zone_is_refused(store) -> None:
    await store.append(started("c1"), replied("m1"))
    noon = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - without a zone on purpose

    for ask in (
        store.idle_conversations,
        lambda moment: store.tally((), moment),
        lambda moment: store.conversation_view("c1", moment),
    ):
        with pytest.raises(ValueError, match="has no zone"):
            await ask(noon)


async def test_characters_that_postgres_refuses_are_replaced_and_nothing_is_lost(store) -> None:
    lone_surrogate = "\ud83d"
    record = said("m1", content=f"a\0b{lone_surrogate}c \N{GRINNING FACE}", model={"id": "m", "x\0": ["\0"]})

    await store.append(started("c1"), replace(record, source="sla\0ck"))

    [_, kept] = await log_of(store)
    [message] = await store.history("c1", limit=1)
    assert kept.source == "sla\ufffdck"
    assert kept.data["model"] == {"id": "m", "x\ufffd": ["\ufffd"]}
    assert message.content == "a\ufffdb\ufffdc \N{GRINNING FACE}"


async def test_a_type_of_a_later_version_is_kept_and_changes_nothing(store) -> None:
    class Later(Payload):
        type = "rename_conversation"

    await store.append(started("c1"), told(Later(), 1))

    assert [record.type for record in await log_of(store)] == ["start_conversation", "rename_conversation"]


async def test_the_log_is_read_from_any_record_on_and_as_far_as_wanted(store) -> None:
    await store.append(*(changed(f"m{number}", number, content="x") for number in range(2_500)))
    seqs = [record.seq for record in await log_of(store)]

    after = await log_of(store, after=seqs[1_199])
    some = await log_of(store, after=seqs[4], limit=1_100)

    assert len(seqs) == 2_500
    assert [record.seq for record in after] == seqs[1_200:]
    assert [record.seq for record in some] == seqs[5:1_105]
    assert await log_of(store, limit=0) == await log_of(store, after=seqs[-1]) == []


async def follow(store, done: asyncio.Event) -> list[str]:
    """The keys of all records, read as they come until `done`."""
    seen: list[str] = []
    after = 0
    while not done.is_set() or [record async for record in store.records(after=after, limit=1)]:
        async for record in store.records(after=after):
            after = record.seq
            seen.append(record.idempotency_key)
        await asyncio.sleep(0)
    return seen


async def tell(store, person: int) -> None:
    for number in range(20):
        await store.append(commented("m1", f"U{person}", f"comment {number}", number))


async def test_a_reader_who_follows_seq_misses_nothing_of_what_many_tell_at_once(store) -> None:
    done = asyncio.Event()
    reader = asyncio.create_task(follow(store, done))

    await asyncio.gather(*(tell(store, person) for person in range(30)))
    done.set()

    seen = await reader
    assert len(seen) == len(set(seen)) == 600


async def test_a_reader_misses_nothing_where_several_write_to_one_database(database_url) -> None:
    done = asyncio.Event()
    async with open_store(database_url) as one, open_store(database_url) as two, open_store(database_url) as three:
        reader = asyncio.create_task(follow(three, done))
        same = said("m1")

        await asyncio.gather(*(tell(store, person) for store in (one, two) for person in range(10)))
        answers = await asyncio.gather(*(store.append(same) for store in (one, two, three)))
        done.set()

        seen = await reader
        assert len(seen) == len(set(seen)) == 401
        assert sorted(answers) == [[False], [False], [True]]
