"""What only Discord has: chains of replies, threads that are rooms, forums, pings, emoji of a server's own."""

import pytest

from tests.scenarios.conftest import a_world


@pytest.fixture
async def world(sqlite_url):
    async with a_world("discord", sqlite_url) as made:
        yield made


def read_by_the_model(world) -> list[str]:
    messages = world.model.requests[-1].body["messages"]
    return [each["content"] for each in messages if each["role"] == "user"]


async def test_a_reply_to_the_last_answer_goes_on_and_one_to_an_older_answer_branches_there(world):
    first, answer = await world.ask("Ada", "first")
    await world.ask("Ada", "second", after=first)

    branch = await world.person("Ben").says("@plaudit another way", world.room(), reply_to=answer)
    await world.kept(branch)

    starts = await world.log("start_conversation")
    assert read_by_the_model(world) == ["first", "another way"]
    assert len(starts) == 2
    assert starts[1].data["branched_from"] == (await world.log("add_message"))[1].data["id"]


async def test_a_mention_beside_the_chain_begins_a_conversation_of_its_own(world):
    await world.ask("Ada", "first")

    await world.ask("Ada", "unrelated")

    assert read_by_the_model(world) == ["unrelated"]


async def test_a_reply_with_the_ping_on_is_a_question_and_with_the_ping_off_it_is_feedback(world):
    _, answer = await world.ask("Ada", "first")
    ben = world.person("Ben")

    comment = await ben.says("too long", world.room(), reply_to=answer, rings=False)
    await world.pocket.until(lambda: "📝" in comment.reactions)
    ringing = await ben.says("and shorter?", world.room(), reply_to=answer)
    await world.kept(ringing)

    [feedback] = await world.log("log_feedback")
    assert feedback.data["feedback"] == "too long"
    assert read_by_the_model(world) == ["first", "and shorter?"]
    assert world.face.rung_by(answer) == []


async def test_a_thread_made_from_an_answer_takes_comments_and_goes_on_from_that_answer(world):
    first, answer = await world.ask("Ada", "first")
    ben = world.person("Ben")

    comment = await ben.says("not quite", world.room(), thread=answer)
    await world.pocket.until(lambda: "📝" in comment.reactions)
    question = await ben.says("@plaudit why?", world.room(), thread=answer)
    reply = await world.pocket.reply_to(question)
    kept = await world.kept(question)
    later = await ben.says("better", world.room(), thread=answer)
    await world.pocket.until(lambda: "📝" in later.reactions)

    feedback = await world.log("log_feedback")
    assert read_by_the_model(world) == ["first", "why?"]
    assert reply.room is question.room
    assert reply.room is not first.room
    assert feedback[0].data["id"] == (await world.log("add_message"))[1].data["id"]
    assert feedback[1].data["id"] == kept.data["id"]


async def test_words_in_a_thread_that_has_nothing_to_do_with_an_answer_are_nobodys_business(world):
    ada = world.person("Ada")
    message = await ada.says("look at this", world.room())

    await ada.says("nice", world.room(), thread=message)
    await world.ask("Ada", "hello")

    assert await world.log("log_feedback") == []


async def test_in_a_forum_every_post_is_a_conversation(world):
    forum = world.pocket.house.room("help", on="discord", kind="forum")
    ada = world.person("Ada")

    post = await world.face.hands.post_in_forum(ada, forum, "It does not start", "@plaudit why does it not start?")
    await world.kept(post)
    await world.ask("Ben", "what else?", post.room)
    comment = await ada.says("that helped", post.room)
    await world.pocket.until(lambda: "📝" in comment.reactions)

    [start] = await world.log("start_conversation")
    [feedback] = await world.log("log_feedback")
    assert start.data["place"].endswith(f":{world.face.id(forum)}:{world.face.id(post.room)}")
    assert read_by_the_model(world) == ["why does it not start?", "what else?"]
    assert feedback.data["id"] == (await world.log("add_message"))[-1].data["id"]


async def test_a_direct_conversation_goes_on_without_mentions_or_replies(world):
    ada = world.person("Ada")

    await world.pocket.reply_to(await ada.says("first", ada.dm("discord")))
    second = await ada.says("second", ada.dm("discord"))
    await world.kept(second)

    assert read_by_the_model(world) == ["first", "second"]
    assert len(await world.log("start_conversation")) == 1


async def test_an_answer_survives_the_deletion_of_its_question(world):
    ada = world.person("Ada")
    world.face.rules.latency = 0.05
    question = await ada.says("@plaudit hello", world.room())

    await ada.deletes(question)
    await world.kept(question)

    assert [each.text for each in world.room().messages] == ["You said: hello"]


async def test_super_reactions_and_skin_tones_are_votes_and_other_emoji_are_not(world):
    _, answer = await world.ask("Ada", "hello")
    ben, chloe = world.person("Ben"), world.person("Chloe")
    chloe.skin_tone = 5
    party = world.face.add_emoji("party")

    await world.face.hands.burst(ben, "👍", answer)
    await chloe.reacts("👎", answer)
    await chloe.reacts(party, answer)
    await ben.takes_back("👍", answer)
    await world.eventually(lambda: world.log("withdraw_assessment"))

    votes = {each.data["rating"] for each in await world.log("log_feedback")}
    standing = await world.store.assessments((await world.log("add_message"))[-1].data["id"])
    assert votes == {"like", "dislike"}
    assert [each.value for each in standing] == [False]


@pytest.mark.parametrize(("cleared", "left"), [(None, []), ("👍", [False])])
async def test_a_moderator_clears_reactions_all_or_those_of_one_emoji(world, cleared, left):
    _, answer = await world.ask("Ada", "hello")
    for name, emoji in (("Ben", "👍"), ("Chloe", "👍"), ("Dora", "👎")):
        await world.person(name).reacts(emoji, answer)

    await world.face.hands.clear_reactions(answer, cleared)
    await world.eventually(lambda: world.log("withdraw_assessment"))

    standing = await world.store.assessments((await world.log("add_message"))[-1].data["id"])
    assert [each.value for each in standing] == left


async def test_reset_in_a_reply_ends_the_chain_it_is_in(world):
    question, _ = await world.ask("Ada", "first")

    reset = await world.asks("Ada", "reset", after=question)
    answer = await world.pocket.reply_to(reset)

    [end] = await world.log("end_conversation")
    assert "forgotten" in answer.text
    assert end.conversation_id == (await world.log("start_conversation"))[0].conversation_id


async def test_where_it_may_not_write_nothing_breaks(world):
    world.face.deny(world.room("silent"), "send_messages")

    refused = await world.asks("Ada", "hello", world.room("silent"))
    await world.kept(refused)
    await world.ask("Ada", "hello")

    answers = [each.data for each in await world.log("add_message") if each.data["role"] == "assistant"]
    assert [each["reason"] for each in answers] == ["not_shown", None]
