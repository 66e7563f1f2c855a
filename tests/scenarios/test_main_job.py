"""Ask, watch the reply grow, react, and find the vote in the database."""

import asyncio

from bots.pocket.model_answers import Answer
from core.messages import ReplyStatus

LONG = "\n\n".join(
    [f"## Part {i}\n\n" + " ".join(f"word{i}-{j}" for j in range(60)) for i in range(12)]
    + ["```python\n" + "\n".join(f"print({i})" for i in range(200)) + "\n```", "The end."]
)


def streaming(text: str, **more):
    return lambda _: Answer(text, **{"tokens_per_second": 400, "first_token_after": 0.02, **more})


async def test_a_question_and_its_answer_are_kept_in_order(world):
    _, reply = await world.ask("Ada", "what is WAL?")

    records = await world.log()

    assert reply.text == "You said: what is WAL?"
    assert [each.type for each in records] == ["start_conversation", "add_message", "add_message"]
    start, asked, answered = (each.data for each in records)
    assert start["username"] == "Ada"
    assert start["model"]["id"] == "demo-model"
    assert (asked["role"], asked["content"]) == ("user", "what is WAL?")
    assert (answered["role"], answered["content"]) == ("assistant", "You said: what is WAL?")
    assert answered["question_id"] == asked["id"]
    assert answered["finish_reason"] == "stop"
    assert answered["completion_tokens"] > 0
    assert answered["started_at"] <= answered["first_token_at"] <= answered["ended_at"]


async def test_a_reply_grows_and_is_whole_in_the_end(make_world):
    text = " ".join(f"word{i}" for i in range(250))
    async with make_world(answers=streaming(text)) as world:
        _, reply = await world.ask("Ada", "go on")

        assert reply.text == text
        assert len(reply.states) > 2
        assert all(text.startswith(state.text.rstrip()) for state in reply.states)


async def test_a_long_reply_is_several_messages_and_any_of_them_can_be_rated(make_world):
    async with make_world(answers=streaming(LONG, tokens_per_second=2000)) as world:
        question, _ = await world.ask("Ada", "everything, please")
        parts = world.parts(question)
        ben = world.person("Ben")

        await ben.reacts("👎", parts[-1])
        [vote] = await world.eventually(lambda: world.log("log_feedback"))

        assert len(parts) > 1
        assert "print(199)" in parts[-1].text
        assert all(part.text.count("```") % 2 == 0 for part in parts)
        assert vote.data["rating"] == "dislike"
        assert vote.data["source_id"].endswith(vote.subject.split(":")[-1])
        answer = (await world.log("add_message"))[-1]
        assert vote.data["id"] == answer.data["id"]
        assert len(answer.data["parts"]) == len(parts)
        assert answer.data["content"] == LONG


async def test_a_vote_can_be_changed_and_taken_back(world):
    _, reply = await world.ask("Ada", "hello")
    ben = world.person("Ben")
    ben.skin_tone = 4

    await ben.reacts("👍", reply)
    await ben.reacts("👎", reply)
    await ben.takes_back("👎", reply)
    await world.eventually(lambda: world.log("withdraw_assessment"))
    [standing] = await world.store.assessments((await world.log("add_message"))[-1].data["id"])

    assert [each.data["rating"] for each in await world.log("log_feedback")] == ["like", "dislike"]
    assert standing.value is True


async def test_a_reaction_while_the_reply_grows_counts_and_is_marked(make_world):
    async with make_world(answers=streaming("slow " * 60, tokens_per_second=60)) as world:
        question = await world.person("Ada").says("@plaudit slowly, please", world.room())
        reply = await world.pocket.reply_to(question)

        await world.person("Ben").reacts("👍", reply)
        [vote] = await world.eventually(lambda: world.log("log_feedback"))
        answer = await world.kept(question)

        assert vote.data["metadata"]["before_completion"] is True
        assert vote.data["id"] == answer.data["id"]


async def test_words_below_a_reply_are_feedback_and_are_marked_as_noted(world):
    question, _ = await world.ask("Ada", "hello")
    ben = world.person("Ben")

    comment = await world.comments("Ben", "too short", question)
    [noted] = await world.eventually(lambda: world.log("log_feedback"))
    await world.pocket.until(lambda: "📝" in comment.reactions)
    await ben.edits(comment, "far too short")
    await world.eventually(lambda: _is_count(world, 2))
    await ben.deletes(comment)
    await world.eventually(lambda: world.log("withdraw_assessment"))

    assert noted.data["feedback"] == "too short"
    assert noted.data["metadata"]["by_asker"] is False
    assert await world.store.assessments(noted.data["id"]) == []
    assert len(world.parts(question)) == 1


async def _is_count(world, count: int) -> bool:
    return len(await world.log("log_feedback")) == count


async def test_the_conversation_goes_on_with_a_mention_and_the_model_reads_its_history(world):
    question, _ = await world.ask("Ada", "first")

    await world.ask("Ben", "second", after=question)

    messages = world.model.requests[-1].body["messages"]
    assert [each["content"] for each in messages if each["role"] != "system"] == ["first", "You said: first", "second"]
    assert len(await world.log("start_conversation")) == 1


async def test_reset_ends_the_conversation_and_the_next_question_starts_another(world):
    question, _ = await world.ask("Ada", "first")

    reset = await world.asks("Ada", "reset", after=question)
    await world.pocket.until(lambda: any("forgotten" in each.text for each in world.room().messages))
    await world.ask("Ada", "second", after=question)

    ends = await world.log("end_conversation")
    assert [each.data["reason"] for each in ends] == ["reset"]
    assert len(await world.log("start_conversation")) == 2
    messages = world.model.requests[-1].body["messages"]
    assert [each["content"] for each in messages if each["role"] == "user"] == ["second"]
    assert reset.reactions == {}


async def test_a_direct_message_needs_no_mention(world):
    ada = world.person("Ada")

    question = await ada.says("hello", ada.dm(world.platform))
    reply = await world.pocket.reply_to(question)

    assert reply.text == "You said: hello"


async def test_other_bots_and_empty_messages_are_ignored(world):
    robot = world.pocket.person("robot", is_bot=True, platform=world.platform)
    _, reply = await world.ask("Ada", "hello")

    await robot.says("@plaudit hello", world.room())
    await robot.reacts("👎", reply)
    await world.person("Ada").says("@plaudit   ", world.room())
    await world.person("Ada").says("just chatting", world.room())
    await world.ask("Ada", "again")

    assert len(await world.log("log_feedback")) == 0
    assert len(await world.log("add_message")) == 4


async def test_a_second_question_waits_its_turn_and_none_is_dropped(make_world):
    async with make_world(answers=lambda m: Answer(f"re: {m[-1]['content']} " + "x " * 40, tokens_per_second=200)) as w:
        question, _ = await w.ask("Ada", "zero")
        asked = [await w.asks("Ada", f"q{i}", after=question) for i in range(4)]

        for each in asked:
            await w.kept(each)

        answers = [each.data["content"] for each in await w.log("add_message") if each.data["role"] == "assistant"]
        assert [each.split()[1] for each in answers] == ["zero", "q0", "q1", "q2", "q3"]
        contents = [each["content"] for each in w.model.requests[-1].body["messages"]]
        assert [each.split()[-1 if "re:" not in each else 1] for each in contents[1:]] == [
            *("zero", "zero", "q0", "q0", "q1", "q1", "q2", "q2", "q3")
        ]


async def test_twenty_conversations_at_once_each_get_their_own_whole_answer(make_world):
    def answers(messages):
        topic = messages[-1]["content"]
        return Answer(" ".join(f"{topic}-{i}" for i in range(150)), tokens_per_second=150)

    async with make_world(answers=answers) as world:
        rooms = [world.room(f"room{i}") for i in range(20)]

        asked = await asyncio.gather(*(world.person(f"P{i}").says(f"@plaudit t{i}", rooms[i]) for i in range(20)))
        records = await asyncio.gather(*(world.kept(each) for each in asked))

        for i, (question, record) in enumerate(zip(asked, records, strict=True)):
            whole = " ".join(f"t{i}-{j}" for j in range(150))
            assert record.data["content"] == whole
            assert "".join(part.text for part in world.parts(question)) == whole
            assert record.data["status"] == ReplyStatus.COMPLETE
