"""The database goes away and comes back: the bot says so, acknowledges nothing it cannot keep, and loses nothing."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import make_url

from bots.pocket.discord_rules import DiscordRules
from bots.pocket.model_answers import Answer
from bots.pocket.slack_rules import SlackRules
from tests.scenarios.conftest import a_world
from tests.scenarios.test_watched import free_port, got

__all__ = ["free_port"]
WORDS = " ".join(f"word{number}" for number in range(40))


@pytest.fixture
async def world(platform, own_postgres_url, free_port):
    """A bot on a Postgres of its own; Slack tells again sooner than Slack does."""
    slack = SlackRules.unlimited()
    slack.redelivery = (0.0, 0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0)
    rules = {"slack": slack, "discord": DiscordRules.unlimited()}[platform]
    asked = {"rules": rules, "answers": lambda _: Answer(WORDS, tokens_per_second=40, first_token_after=0.01)}
    async with a_world(platform, own_postgres_url, health_port=free_port, **asked) as made:
        yield made


@asynccontextmanager
async def database_away(postgres, url):
    """Cut every connection, and let nobody connect: what a restart of the server is to its clients."""
    name = make_url(url).database
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    await asyncio.to_thread(postgres.psql, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await asyncio.to_thread(postgres.psql, cut)
    try:
        yield
    finally:
        await asyncio.to_thread(postgres.psql, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def test_while_the_database_is_away_the_bot_says_so_and_what_happened_then_is_kept_once(
    world, postgres, own_postgres_url, free_port
):
    _, reply = await world.ask("Ada", "first")
    before = await got(free_port, "/readyz")

    async with database_away(postgres, own_postgres_url):
        question = await world.asks("Ada", "second")
        await world.person("Ben").reacts("👍", reply)
        during = await got(free_port, "/readyz")
        if world.platform == "slack":
            assert world.pocket.slack.undelivered >= 2
    record = await world.kept(question, patience=40)
    votes = await world.eventually(lambda: world.log("log_feedback"), patience=40)

    assert (before[0], during[0]) == (200, 503)
    assert '"database": "away"' in during[1]
    assert (record.data["content"], record.data["status"]) == (WORDS, "complete")
    assert [part.text for part in world.parts(question)] == [WORDS]
    assert [each.data["value"] for each in votes] == [True]
    assert len(await world.log("add_message")) == 4
    assert (await got(free_port, "/readyz"))[0] == 200
    assert await world.store.check() == []


async def test_a_reply_that_ends_while_the_database_is_away_is_kept_whole(world, postgres, own_postgres_url):
    question = await world.asks("Ada", "go on")
    await world.pocket.until(lambda: any(len(each.states) > 1 for each in world.parts(question)), timeout=20)

    async with database_away(postgres, own_postgres_url):
        await world.pocket.until(lambda: world.parts(question)[0].text == WORDS, timeout=20)
    record = await world.kept(question, patience=40)

    assert (record.data["content"], record.data["status"]) == (WORDS, "complete")
    assert [part.text for part in world.parts(question)] == [WORDS]
