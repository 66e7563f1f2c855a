"""Who is answered, by which model, and how often: what plaudit.toml says of places and people, over real sockets."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bots.pocket.model_answers import Answer
from core.budgets import Spent
from core.words import BUSY, SPENT, SPENT_HERE


@pytest.fixture
def config(tmp_path: Path):
    def write(text: str) -> str:
        file = tmp_path / "plaudit.toml"
        file.write_text(text)
        return str(file)

    return write


async def told(world, question):
    reply = await world.pocket.reply_to(question, timeout=10)
    return reply.text


async def test_a_place_has_its_own_model_prompt_and_parameters(make_world, config):
    text = 'model = "small-one"\nsystem_prompt = "Speak like a pirate."\nmax_tokens = 7\ntemperature = 0'
    async with make_world(config=config(text), MODEL_NAME="large-one") as world:
        question, _ = await world.ask("Ada", "hello")
        record = await world.kept(question)
        asked = world.model.requests[-1].body
        [started] = await world.log("start_conversation")

    assert (asked["model"], asked["max_tokens"], asked["temperature"]) == ("small-one", 7, 0)
    assert asked["messages"][0]["content"] == "Speak like a pirate."
    assert record.data["model"]["id"] == started.data["model"]["id"] == "small-one"
    assert record.data["parameters"]["max_tokens"] == 7


async def test_a_persons_questions_are_used_up_and_others_go_on(make_world, config):
    async with make_world(config=config("turns_per_person = 2")) as world:
        for text in ("one", "two"):
            await world.ask("Ada", text)
        third = await told(world, await world.asks("Ada", "three"))
        _, others = await world.ask("Ben", "one")
        kept = await world.log("add_message")

    assert third == SPENT
    assert "You said: one" in others.text
    assert "three" not in [each.data["content"] for each in kept]


async def test_tokens_are_counted_when_an_answer_is_whole(make_world, config):
    async with make_world(config=config("tokens_per_channel = 3")) as world:
        await world.ask("Ada", "one")

        async def counted():
            return await told(world, await world.asks("Ben", "more")) == SPENT_HERE

        assert await world.eventually(counted)


async def test_who_asks_while_too_many_are_answered_is_told_to_come_back(make_world, config):
    slow = Answer("word " * 50, tokens_per_second=20)
    async with make_world(answers=lambda _: slow, live_replies=1, config=config("")) as world:
        first = await world.asks("Ada", "slowly")
        await world.pocket.reply_to(first, timeout=10)
        second = await told(world, await world.asks("Ben", "now"))

    assert second == BUSY


async def test_counts_hold_over_processes_and_days(sql_store):
    one, other = sql_store.spending(), sql_store.spending()
    today, yesterday = datetime(2026, 5, 2, tzinfo=UTC).date(), datetime(2026, 5, 1, tzinfo=UTC).date()

    await asyncio.gather(*(each.spend(today, {"a": Spent(1, 10), "b": Spent(1)}) for each in (one, other) * 10))
    before = await one.spend(yesterday, {"a": Spent(1)})
    after = await other.spend(today, {"a": Spent(), "b": Spent()})

    assert after == {"a": Spent(20, 200), "b": Spent(20)}
    assert before == {"a": Spent(1)}
    assert (await one.name_of("slack:T:U")).startswith("person-")
