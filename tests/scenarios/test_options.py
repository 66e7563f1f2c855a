"""What the operator's settings change, and what is said when something they name is not there."""

from bots.pocket.model_answers import Answer
from core.messages import ReplyStatus


async def test_a_conversation_ends_when_nobody_writes_for_the_idle_time(make_world):
    async with make_world(idle_minutes=1 / 60) as world:
        direct = world.person("Ada").dm(world.platform)
        await world.ask("Ada", "first", direct)

        [end] = await world.eventually(lambda: world.log("end_conversation"))
        await world.ask("Ada", "second", direct)

        assert end.data["reason"] == "idle"
        assert [each["content"] for each in world.model.requests[-1].body["messages"][1:]] == ["second"]
        assert len(await world.log("start_conversation")) == 2


async def test_a_person_is_told_once_that_the_model_no_longer_reads_the_beginning(make_world):
    async with make_world(history_messages=3) as world:
        question, _ = await world.ask("Ada", "one")
        for each in ("two", "three", "four"):
            await world.ask("Ada", each, after=question)

        said = [each.text for each in world.room().messages if each.author.is_bot]

        assert sum("no longer read its oldest" in each for each in said) == 1
        assert len(world.model.requests[-1].body["messages"]) == 4


async def test_without_feedback_the_assistant_answers_and_keeps_no_opinions(make_world):
    async with make_world(feedback=False) as world:
        question, reply = await world.ask("Ada", "hello")

        await world.person("Ben").reacts("👍", reply)
        await world.comments("Ben", "fine", question)
        await world.ask("Ada", "and?", after=question)

        assert await world.log("log_feedback") == []


async def test_parameters_and_the_system_prompt_reach_the_model_and_the_log(make_world):
    async with make_world(max_tokens=64, temperature=0.2, system_prompt="Be brief.") as world:
        question, _ = await world.ask("Ada", "hello")
        record = await world.kept(question)

        body = world.model.requests[-1].body
        assert (body["max_tokens"], body["temperature"]) == (64, 0.2)
        assert body["messages"][0] == {"role": "system", "content": "Be brief."}
        assert record.data["parameters"] == {"max_tokens": 64, "temperature": 0.2}
        assert record.data["prompt_tokens"] > 0
        assert record.data["trace_id"] == record.data["id"]


async def test_a_model_that_cannot_be_reached_is_said_in_the_chat(make_world):
    async with make_world(MODEL_ENDPOINT="http://127.0.0.1:9/v1") as world:
        question, reply = await world.ask("Ada", "hello")
        record = await world.kept(question)

        assert "cannot be reached" in reply.text
        assert (record.data["status"], record.data["reason"]) == (ReplyStatus.FAILED, "unreachable")


async def test_an_answer_at_its_length_limit_says_so(make_world):
    async with make_world(answers=lambda _: Answer("And then", finish_reason="length")) as world:
        question, reply = await world.ask("Ada", "hello")

        assert "length limit" in reply.text
        assert (await world.kept(question)).data["content"] == "And then"


async def test_the_model_does_not_ring_anyone(make_world):
    hostile = "Hello <!channel> <!here> <@U0000> @everyone"
    async with make_world(answers=lambda _: Answer(hostile)) as world:
        _, reply = await world.ask("Ada", "hello")

        assert world.rung_by(reply) == []


async def test_edited_and_deleted_questions_are_kept_as_updates(make_world):
    async with make_world() as world:
        question, _ = await world.ask("Ada", "frist")

        await world.person("Ada").edits(question, "@plaudit first")
        await world.eventually(lambda: world.log("update_message"))
        await world.person("Ada").deletes(question)
        updates = await world.eventually(lambda: _two_updates(world))

        assert updates[0].data["content"] == "first"
        assert updates[1].data["deleted"] is True


async def _two_updates(world):
    updates = await world.log("update_message")
    return updates if len(updates) > 1 else None
