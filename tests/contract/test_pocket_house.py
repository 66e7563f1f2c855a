"""The house: people, rooms and messages, without any wire."""

import asyncio
from datetime import UTC, datetime

import pytest

from bots.pocket.house import House
from bots.pocket.things import Change, Deleted, Edited, Posted, Reacted, RoomOpened, Unreacted


class StoppedClock:
    """It is always noon."""

    def now(self) -> datetime:
        return datetime(2024, 5, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


async def test_a_message_keeps_everything_that_it_ever_said() -> None:
    house = House()
    ada, room = house.person("Ada"), house.room("general", on="slack")

    message = await ada.says("first", room)
    await ada.edits(message, "second")

    assert [state.text for state in message.states] == ["first", "second"]
    assert message.text == "second"
    assert message.edited
    assert message.first_seen == message.states[0].at <= message.states[1].at


async def test_ids_stay_apart_and_in_order_when_the_clock_stands_still() -> None:
    house = House(StoppedClock())
    ada, room = house.person("Ada"), house.room("general", on="slack")

    messages = [await ada.says(f"{number}", room) for number in range(5)]

    ids = [each.id for each in messages]
    assert ids == sorted(set(ids))
    assert messages[0].at.date() == datetime(2024, 5, 1, tzinfo=UTC).date()


async def test_a_thread_is_told_from_any_message_in_it() -> None:
    house = House()
    ada, ben, room = house.person("Ada"), house.person("Ben"), house.room("general", on="slack")
    question = await ada.says("why?", room)

    first = await ben.says("because", room, thread=question)
    second = await ada.says("thanks", room, thread=first)

    assert second.thread is question
    assert room.thread(question) == room.thread(second) == [question, first, second]


async def test_on_discord_a_thread_is_a_room_of_its_own() -> None:
    house = House()
    ada, room = house.person("Ada"), house.room("general", on="discord")
    question = await ada.says("why?", room)

    reply = await ada.says("because", room, thread=question)

    assert reply.room.kind == "thread"
    assert (reply.room.parent, reply.room.starter, reply.thread) == (room, question, None)


async def test_a_reaction_wears_the_hand_of_its_person_and_goes_whatever_its_tone() -> None:
    house = House()
    ada, room = house.person("Ada"), house.room("general", on="slack")
    ada.skin_tone = 4
    message = await ada.says("good?", room)

    await ada.reacts("👍", message)
    await ada.reacts("🎉", message)
    worn = set(message.reactions)
    await ada.takes_back("👍", message)

    assert worn == {"👍🏽", "🎉"}
    assert message.reactions == {"🎉": [ada]}


async def test_everyone_who_watches_is_told_of_every_change_in_order() -> None:
    house, seen = House(), list[Change]()
    unwatch = house.watch(seen.append)
    ada = house.person("Ada")
    room = house.room("general", on="slack")

    message = await ada.says("hello", room)
    await ada.edits(message, "hello!")
    await ada.reacts("👍", message)
    await ada.takes_back("👍", message)
    await ada.deletes(message)
    unwatch()
    await ada.says("unseen", room)

    assert [type(each) for each in seen] == [RoomOpened, Posted, Edited, Reacted, Unreacted, Deleted]


async def test_deleted_messages_and_whispers_do_not_show_in_the_room() -> None:
    house = House()
    ada, room = house.person("Ada"), house.room("general", on="slack")
    gone = await ada.says("oops", room)
    house.post(house.assistants["slack"], room, "only you see this", only_for=ada)

    await ada.deletes(gone)

    assert room.messages == []
    assert [each.text for each in room.history] == ["oops", "only you see this"]


async def test_mentions_are_found_by_the_longest_name_and_never_inside_a_word() -> None:
    house = House()
    house.person("Ada")
    lovelace = house.person("Ada Lovelace")

    found = house.mentioned("hi @ada lovelace and @Plaudit, not mail@ada or @nobody", "slack")

    assert found == [lovelace, house.assistants["slack"]]


async def test_reply_to_finds_the_answer_among_others() -> None:
    house = House()
    ada, ben, room = house.person("Ada"), house.person("Ben"), house.room("general", on="slack")
    assistant = house.assistants["slack"]
    one, two = await ada.says("one?", room), await ben.says("two?", room)
    waiting = asyncio.create_task(house.reply_to(two))

    house.post(assistant, room, "answer one", thread=one)
    await ada.says("me too", room, thread=two)
    answer = house.post(assistant, room, "answer two", thread=two)

    assert await waiting is answer
    assert house.replies_to(one) != house.replies_to(two) == [answer]


async def test_until_tells_what_was_seen_when_it_gives_up() -> None:
    house = House()
    ada, room = house.person("Ada"), house.room("general", on="slack")
    await ada.says("is anyone there?", room)

    with pytest.raises(TimeoutError, match=r"general:\n  Ada: 'is anyone there\?'"):
        await house.until(lambda: len(room.messages) > 1, timeout=0.01)


async def test_settled_waits_for_the_last_change() -> None:
    house = House()
    ada, room = house.person("Ada"), house.room("general", on="slack")
    message = await ada.says("a", room)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(1, 4):
        loop.call_later(0.03 * number, house.edit, message, "a" * number)

    await house.settled(message, quiet=0.06)

    assert message.text == "aaa"
    assert loop.time() - began >= 0.14
