"""What every store answers of conversations and the messages in them."""

import pytest

from core.errors import NotFoundError
from core.messages import MessageRef, ModelIdentity, PlaceRef, ReplyStatus, Role
from tests.contract.store_stories import PLACE, changed, ended, moment, ref, replied, said, started


async def contents(store, conversation: str, **bounds) -> list[str]:
    return [message.content for message in await store.history(conversation, **{"limit": 100, **bounds})]


async def test_a_place_knows_its_latest_conversation_also_after_its_end(store) -> None:
    elsewhere = PlaceRef("slack", "T1", "C1", "2.0")
    await store.append(started("c1", 5))

    going_on = await store.latest_conversation(PLACE)
    await store.append(ended("c1", 9))
    over = await store.latest_conversation(PLACE)

    assert going_on is not None
    assert (going_on.id, going_on.place, going_on.started_at, going_on.ended_at) == ("c1", PLACE, moment(5), None)
    assert going_on.model == ModelIdentity("org/model", {"revision": "main"})
    assert over is not None
    assert (over.id, over.ended_at, over.end_reason) == ("c1", moment(9), "reset")
    assert over == await store.conversation("c1")
    assert await store.latest_conversation(elsewhere) is None


async def test_the_latest_of_two_conversations_is_the_one_told_last(store) -> None:
    await store.append(started("c1", 2), started("c2", 1))

    latest = await store.latest_conversation(PLACE)

    assert latest is not None
    assert latest.id == "c2"


async def test_a_chain_of_replies_is_found_by_its_messages_only(store) -> None:
    await store.append(started("c1", lasting=False), said("m1"))

    message = await store.message_at(ref("m1"))

    assert await store.latest_conversation(PLACE) is None
    assert message is not None
    assert message.conversation_id == "c1"


async def test_what_was_never_told_is_not_there(store) -> None:
    assert await store.conversation("c9") is None
    assert await store.message("m9") is None
    assert await store.message_at(ref("m9")) is None
    assert await store.last_reply("c9") is None
    assert await store.history("c9", limit=10) == []
    assert await store.assessments("m9") == []


async def test_recent_replies_come_newest_first_without_what_people_said_or_was_deleted(store) -> None:
    await store.append(started("c1"), started("c2"), replied("m1", 1), replied("m2", 5, to="c2"), replied("m3", 3))
    await store.append(said("m4", 4), replied("m5", 6), changed("m5", 7, deleted=True), replied("m6", 3))

    recent = await store.recent_replies(moment(3))

    assert [each.id for each in recent] == ["m2", "m6", "m3"]


async def test_recent_replies_come_in_pages_that_part_none_of_one_moment(store) -> None:
    await store.append(
        started("c1"), *(replied(f"m{number}", seconds) for number, seconds in enumerate([1, 2, 2, 2, 3]))
    )

    first = await store.recent_replies(moment(1), limit=2)
    second = await store.recent_replies(moment(1), before=first[-1].timestamp, limit=2)
    last = await store.recent_replies(moment(1), before=second[-1].timestamp, limit=2)

    assert [[each.id for each in page] for page in (first, second, last)] == [["m4", "m3", "m2", "m1"], ["m0"], []]
    assert await store.recent_replies(moment(1), limit=0) == []


async def test_the_first_start_and_the_first_end_count(store) -> None:
    await store.append(started("c1", 1), started("c1", 2), ended("c1", 3), ended("c1", 4))

    conversation = await store.conversation("c1")

    assert conversation is not None
    assert (conversation.started_at, conversation.ended_at) == (moment(1), moment(3))


async def test_a_message_is_found_by_each_of_its_parts(store) -> None:
    parts = [ref(1), ref(2), MessageRef("discord", "G1", "C1", "a:b")]
    await store.append(
        started("c1"),
        said("m1"),
        replied("m2", 2, parts=[part.key for part in parts], question_id="m1", status="cut_off", content="ja"),
    )

    found = [await store.message_at(part) for part in parts]

    assert found == [await store.message("m2")] * 3
    assert found[0].parts == tuple(parts)
    assert (found[0].id, found[0].role, found[0].content) == ("m2", Role.ASSISTANT, "ja")
    assert (found[0].question_id, found[0].status, found[0].timestamp) == ("m1", ReplyStatus.CUT_OFF, moment(2))


async def test_an_edit_changes_the_text_and_an_empty_one_leaves_it(store) -> None:
    await store.append(started("c1"), said("m1", content="helo"), said("m2", content="bye"))

    await store.append(changed("m1", 1, content="hello"), changed("m1", 2), changed("m2", 3, content=""))

    assert await contents(store, "c1") == ["hello", "bye"]


async def test_a_deleted_message_leaves_the_history_and_is_still_found(store) -> None:
    await store.append(started("c1"), said("m1", content="a"), said("m2", content="b"), changed("m1", deleted=True))

    message = await store.message_at(ref("m1"))

    assert await contents(store, "c1") == ["b"]
    assert message is not None
    assert message.deleted


async def test_a_message_told_again_is_as_told_last_and_stays_where_it_was(store) -> None:
    await store.append(started("c1"), replied("m1", 1, content="half", status="cut_off"), said("m2", 2, content="so?"))

    await store.append(replied("m1", 3, content="half and half"))

    first, _ = await store.history("c1", limit=10)
    assert (first.content, first.status) == ("half and half", ReplyStatus.COMPLETE)


async def test_the_last_reply_is_the_newest_one_that_is_still_there(store) -> None:
    await store.append(started("c1"), replied("m1", 1), replied("m2", 2), replied("m3", 3), said("m4", 4))
    await store.append(changed("m3", 5, deleted=True))

    reply = await store.last_reply("c1")

    assert reply is not None
    assert reply.id == "m2"


async def test_a_history_is_the_newest_messages_oldest_first_up_to_the_one_asked_for(store) -> None:
    await store.append(started("c1"), *(said(f"m{number}", 9 - number, content=str(number)) for number in range(6)))

    assert await contents(store, "c1", limit=3) == ["3", "4", "5"]
    assert await contents(store, "c1", up_to="m3") == ["0", "1", "2", "3"]
    assert await contents(store, "c1", up_to="m3", limit=2) == ["2", "3"]
    assert await contents(store, "c1", limit=0) == []


async def test_a_history_goes_back_into_the_conversation_it_branched_from(store) -> None:
    await store.append(started("c1"), said("a1", content="a1"), replied("a2", content="a2"))
    await store.append(started("c2", branched="a2"), said("b1", to="c2", content="b1"))
    await store.append(said("a3", content="a3"), said("b2", to="c2", content="b2"))
    await store.append(started("c3", branched="b1"), said("d1", to="c3", content="d1"))

    assert await contents(store, "c3") == ["a1", "a2", "b1", "d1"]
    assert await contents(store, "c3", limit=2) == ["b1", "d1"]
    assert await contents(store, "c3", up_to="b1", limit=2) == ["a2", "b1"]
    assert await contents(store, "c3", up_to="a1") == ["a1"]
    assert await contents(store, "c1") == ["a1", "a2", "a3"]


async def test_a_history_up_to_a_message_of_another_conversation_says_that_it_is_not_there(store) -> None:
    await store.append(started("c1"), said("m1"), started("c2"), said("m2", to="c2"))

    for stranger in ("m2", "m9"):
        with pytest.raises(NotFoundError, match=f"no message {stranger} in the conversation c1"):
            await store.history("c1", limit=5, up_to=stranger)


async def test_a_history_that_branched_from_an_unknown_message_begins_with_its_own(store) -> None:
    await store.append(started("c1", branched="m9"), said("m1", content="a"))

    assert await contents(store, "c1") == ["a"]


async def test_conversations_without_a_message_for_long_are_idle_until_they_are_ended(store) -> None:
    await store.append(started("c1", 0), said("m1", 100, to="c1"), said("m2", 50, to="c1"))
    await store.append(started("c2", 20), started("c3", 10), said("m3", 30, to="c3"), started("c4", 5), ended("c4", 6))

    idle = [conversation.id for conversation in await store.idle_conversations(moment(100))]

    assert idle == ["c2", "c3"]
    assert [each.id for each in await store.idle_conversations(moment(101))] == ["c2", "c3", "c1"]
