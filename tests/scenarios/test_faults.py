"""What people see and the log knows when things go wrong."""

import asyncio

import pytest

from bots.pocket.model_answers import Answer, Cut, ErrorObject, QuietEnd, Refusal
from core.messages import ReplyStatus


@pytest.mark.parametrize(
    ("fault", "text", "status", "reason"),
    [
        (Refusal(503), "", ReplyStatus.FAILED, "http_503"),
        (Refusal(401), "", ReplyStatus.FAILED, "http_401"),
        (Refusal(404), "", ReplyStatus.FAILED, "http_404"),
        (Cut(after=3), "one two three", ReplyStatus.FAILED, "connection_lost"),
        (ErrorObject(after=2), "one two", ReplyStatus.FAILED, "model_error"),
        (QuietEnd(after=3), "one two three", ReplyStatus.CUT_OFF, "no_finish_reason"),
    ],
)
async def test_when_the_model_fails_the_text_so_far_stays_and_the_person_is_told(
    make_world, fault, text, status, reason
):
    answer = Answer("one two three four five", fault=fault, tokens_per_second=200)
    async with make_world(answers=lambda _: answer) as world:
        question, reply = await world.ask("Ada", "hello")
        record = await world.kept(question)

        assert reply.text.startswith(text.strip())
        assert "⚠️" in reply.text
        assert "Traceback" not in reply.text
        assert record.data["content"] == text
        assert record.data["status"] == status
        assert record.data["reason"] == reason


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
async def test_a_line_separator_inside_a_delta_is_text(make_world, separator):
    text = f"one{separator}two three"
    async with make_world(answers=lambda _: Answer(text, tokens=["one", f"{separator}two", " three"])) as world:
        question, _ = await world.ask("Ada", "hello")
        record = await world.kept(question)

        assert record.data["content"] == text
        assert record.data["status"] == ReplyStatus.COMPLETE


async def test_an_empty_answer_is_said_to_be_empty(make_world):
    async with make_world(answers=lambda _: Answer("")) as world:
        question, reply = await world.ask("Ada", "hello")

        assert "empty" in reply.text
        assert (await world.kept(question)).data["reason"] == "empty"


async def test_everything_delivered_twice_changes_nothing(make_world):
    async with make_world() as world:
        world.face.rules.deliver_twice = True
        question, reply = await world.ask("Ada", "hello")
        ben = world.person("Ben")
        await ben.reacts("👍", reply)
        await ben.reacts("👎", reply)
        await ben.takes_back("👍", reply)
        comment = await world.comments("Ben", "hm", question)
        await ben.edits(comment, "hmm")
        await world.quiet()
        await world.eventually(lambda: _of_kind(world, "withdraw_assessment", 1))
        await asyncio.sleep(0.3)

        kinds = [each.type for each in await world.log()]
        assert sorted(kinds) == sorted(
            ["start_conversation", "add_message", "add_message"] + ["log_feedback"] * 4 + ["withdraw_assessment"]
        )
        assert len(world.parts(question)) == 1
        assert len(world.model.requests) == 1


async def _of_kind(world, kind: str, count: int) -> bool:
    return len(await world.log(kind)) == count


async def test_a_socket_dropped_in_mid_reply_loses_nothing(make_world):
    text = " ".join(f"word{i}" for i in range(200))
    async with make_world(answers=lambda _: Answer(text, tokens_per_second=100)) as world:
        question = await world.person("Ada").says("@plaudit go", world.room())
        reply = await world.pocket.reply_to(question)

        world.drop()
        await world.person("Ben").reacts("👍", reply)
        second = await world.person("Ben").says("@plaudit and you?", world.room())
        await world.kept(question)
        await world.kept(second, patience=30)
        votes = await world.eventually(lambda: world.log("log_feedback"), patience=30)

        assert reply.text == text
        assert len(votes) == 1


async def test_a_refused_call_is_made_again_with_the_newest_text(make_world):
    text = " ".join(f"word{i}" for i in range(120))
    async with make_world(answers=lambda _: Answer(text, tokens_per_second=100)) as world:
        for call in ("post", "edit"):
            world.fail(call, times=2)
        world.fail("edit", cut=True)

        question, reply = await world.ask("Ada", "hello")

        assert [part.text for part in world.parts(question)] == [text]
        assert reply.text == text


async def test_a_post_whose_answer_got_lost_is_not_made_twice(make_world):
    async with make_world() as world:
        world.fail("post", done=True, cut=True)

        question, _ = await world.ask("Ada", "hello")
        await world.kept(question)

        assert [part.text for part in world.parts(question)] == ["You said: hello"]
