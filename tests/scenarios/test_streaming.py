"""How a reply grows: by Slack's own streaming where that is to be had, by edits elsewhere."""

from itertools import pairwise

import pytest

from bots.pocket.model_answers import Answer
from bots.pocket.slack import Fault

WORDS = " ".join(f"word{i}" for i in range(150))
CODE = "Some text.\n\n```python\n" + "\n".join(f"line_{i} = {i}" for i in range(600)) + "\n```\n\nThe end."


def says(text: str, **more):
    return lambda _: Answer(text, **{"tokens_per_second": 300, "first_token_after": 0.02} | more)


def grows(message) -> bool:
    texts = [state.text for state in message.states]
    return all(later.startswith(earlier.rstrip()) for earlier, later in pairwise(texts))


@pytest.fixture
def only_slack(platform):
    if platform != "slack":
        pytest.skip("Slack's own streaming")


async def test_in_a_thread_slack_streams_the_reply_itself(make_world, only_slack):
    async with make_world(answers=says(WORDS, tokens_per_second=100)) as world:
        question, reply = await world.ask("Ada", "go on")

        assert reply.text == WORDS
        assert grows(reply)
        assert len(world.face.calls_of("chat.startStream")) == 1
        assert len(world.face.calls_of("chat.appendStream")) > 1
        assert len(world.face.calls_of("chat.stopStream")) == 1
        assert all("feedback_buttons" in str(each.arguments) for each in world.face.calls_of("chat.update"))
        assert len(world.parts(question)) == 1


async def test_the_setting_turns_it_off(make_world, only_slack):
    async with make_world(answers=says(WORDS), slack_streaming=False) as world:
        _, reply = await world.ask("Ada", "go on")

        assert reply.text == WORDS
        assert world.face.calls_of("chat.startStream") == []
        assert len(world.face.calls_of("chat.update")) > 1


@pytest.mark.parametrize(
    "error", ["channel_type_not_supported", "missing_recipient_team_id", "unknown_method", "ratelimited"]
)
async def test_where_slack_does_not_stream_the_reply_grows_by_edits(make_world, only_slack, error):
    async with make_world(answers=says(WORDS)) as world:
        world.face.fail("chat.startStream", Fault(error))

        question, reply = await world.ask("Ada", "go on")

        assert [part.text for part in world.parts(question)] == [WORDS]
        assert len(world.face.calls_of("chat.update")) >= 1
        assert grows(reply)


@pytest.mark.parametrize("error", ["message_not_in_streaming_state", "streaming_state_conflict", "internal_error"])
async def test_a_stream_that_slack_ends_is_finished_by_edits(make_world, only_slack, error):
    async with make_world(answers=says(WORDS)) as world:
        world.face.fail("chat.appendStream", Fault(error), times=2)
        world.face.fail("chat.stopStream", Fault(error))

        question, reply = await world.ask("Ada", "go on")

        assert [part.text for part in world.parts(question)] == [WORDS]
        assert grows(reply)


async def test_the_five_minute_end_is_not_seen(make_world, only_slack, monkeypatch):
    async with make_world(answers=says(WORDS)) as world:
        world.face.rules.stream_seconds = 0.25

        question, reply = await world.ask("Ada", "go on")

        assert [part.text for part in world.parts(question)] == [WORDS]
        assert grows(reply)


@pytest.mark.parametrize("pause", [False, True], ids=["", "and then a pause that Slack asks for"])
@pytest.mark.parametrize("speed", [200, None], ids=["and it goes on", "and it is over"])
async def test_a_lost_answer_to_the_start_of_a_stream_does_not_start_two(make_world, only_slack, speed, pause):
    async with make_world(answers=says(WORDS, tokens_per_second=speed)) as world:
        world.face.fail("chat.startStream", Fault(done=True, cut=True))
        if pause:
            world.face.fail("conversations.replies", Fault("ratelimited"))

        question, _ = await world.ask("Ada", "go on")

        assert [part.text for part in world.parts(question)] == [WORDS]


async def test_a_lost_answer_to_the_post_that_stands_in_for_a_stream_does_not_start_one(make_world, only_slack):
    async with make_world(answers=says(WORDS, tokens_per_second=200)) as world:
        world.face.fail("chat.startStream", Fault("ratelimited"))
        world.face.fail("chat.postMessage", Fault(done=True, cut=True))

        question, _ = await world.ask("Ada", "go on")

        assert [part.text for part in world.parts(question)] == [WORDS]


async def test_code_that_is_cut_is_closed_and_opened_again(make_world):
    async with make_world(answers=says(CODE, tokens_per_second=3000)) as world:
        question, _ = await world.ask("Ada", "code, please")
        parts = world.parts(question)

        assert len(parts) > 2
        assert all(part.text.count("```") == 2 for part in parts[:-1])
        assert all(part.text.startswith("```python\n") for part in parts[1:])
        for i in range(600):
            assert sum(f"line_{i} = {i}\n" in f"{part.text}\n" for part in parts) == 1


@pytest.mark.parametrize("tagged", [True, False])
async def test_what_the_model_thinks_shows_only_while_nothing_else_does(make_world, tagged):
    thought = "Let me think about this for a moment."
    answer = (
        Answer(f"<think>\n{thought}\n</think>\n\nForty-two.", tokens_per_second=40)
        if tagged
        else Answer("Forty-two.", thinking=thought, tokens_per_second=40)
    )
    async with make_world(answers=lambda _: answer) as world:
        question, reply = await world.ask("Ada", "what is it?")
        record = await world.kept(question)

        assert "thinking" in reply.states[0].text
        assert reply.text == "Forty-two."
        assert record.data["content"] == "Forty-two."
        assert not any("moment" in state.text for state in reply.states)


async def test_what_the_model_thinks_can_be_folded_below_the_reply(make_world):
    async with make_world(
        answers=lambda _: Answer("Forty-two.", thinking="Six times seven."), thinking="fold"
    ) as world:
        question, reply = await world.ask("Ada", "what is it?")

        assert reply.text.startswith("Forty-two.")
        assert "Six times seven." in reply.text
        assert (await world.kept(question)).data["content"] == "Forty-two."


async def test_a_reply_that_is_too_long_is_cut_and_says_so(make_world):
    async with make_world(answers=says("word " * 2000, tokens_per_second=None), reply_characters=2000) as world:
        question, _ = await world.ask("Ada", "go on")
        record = await world.kept(question)

        assert len(record.data["content"]) == 2000
        assert record.data["reason"] == "too_long"
        assert "longer than this assistant may show" in world.parts(question)[-1].text
