"""A bot is a process that may be killed while a reply streams: what people see, and the log has, in the end."""

from contextlib import asynccontextmanager

import pytest

from bots.pocket.discord_rules import DiscordRules
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.running import running
from core.errors import DatabaseUnavailableError
from core.store.database import open_store
from tests.faults.bot_process import BotProcess
from tests.scenarios.conftest import World, bot_settings

SHORT = " ".join(f"word{i}" for i in range(60))
LONG = "\n\n".join(" ".join(f"word{i}-{j}" for j in range(30)) for i in range(12))
"""Two messages on Discord."""
TAKEN_OVER = 15.0
"""Seconds after a death in which another process goes on."""


class House:
    """A pocket and a database, and bots in processes of their own, all with the same settings."""

    def __init__(self, world, directory):
        self.world = world
        self.directory = directory
        self.bots = []

    async def bot(self):
        """One more, which listens."""
        settings, platform = self.world.settings, self.world.platform
        before = self.world.face.connected
        given = {name: getattr(settings, name) for name in settings.model_fields_set}
        bot = BotProcess(platform, _by_names(given), self.directory / "log")
        bot.start()
        self.bots.append(bot)
        await self.world.pocket.until(lambda: self.world.face.connected > before, timeout=20)
        return bot

    async def dies(self, bot):
        """It is killed, and the platform has noticed."""
        before = self.world.face.connected
        await bot.kill()
        await self.world.pocket.until(lambda: self.world.face.connected < before, timeout=20)

    async def asked(self, *, parts=1, **more):
        """A question, when so many messages of its answer show, and the last of them has some text."""
        question = await self.world.asks("Ada", "go on", **more)
        await self.world.pocket.until(lambda: _grows(self.world.parts(question), parts), timeout=20)
        return question


def _grows(shown, parts):
    return len(shown) >= parts and len(shown[-1].states) > 1


def _by_names(given):
    names = {"model_endpoint": "MODEL_ENDPOINT", "model_name": "MODEL_NAME"}
    names |= {name: name.upper() for name in given if name.startswith(("slack", "discord"))}
    plain = {
        name: each.get_secret_value() if hasattr(each, "get_secret_value") else each for name, each in given.items()
    }
    return {names.get(name, name): each for name, each in plain.items()}


@asynccontextmanager
async def a_house(platform, url, directory, text, *, pace=60):
    model = Model(lambda _: Answer(text, tokens_per_second=pace, first_token_after=0.01))
    rules = {"slack": SlackRules.unlimited(), "discord": DiscordRules.unlimited()}
    async with Pocket(model=model, **rules) as pocket, open_store(url) as store:
        settings = bot_settings(pocket, url, config=str(directory / "plaudit.toml"))
        (directory / "plaudit.toml").write_text("", encoding="utf-8")
        house = House(World(pocket, model, store, platform, settings), directory)
        try:
            yield house
        finally:
            for each in house.bots:
                if each.runs:
                    await each.kill()


@pytest.mark.long
@pytest.mark.parametrize(("text", "parts"), [(SHORT, 1), (LONG, 2)], ids=["short", "long"])
async def test_the_next_start_finishes_the_reply_in_the_same_messages(platform, database_url, tmp_path, text, parts):
    parts = parts if platform == "discord" else 1
    async with a_house(platform, database_url, tmp_path, text, pace=200) as house:
        bot = await house.bot()
        question = await house.asked(parts=parts)
        began = house.world.parts(question)

        await house.dies(bot)
        await house.bot()
        record = await house.world.kept(question, patience=30)

        shown = house.world.parts(question)
        assert shown[: len(began)] == began
        assert "\n\n".join(each.text for each in shown) == text
        assert (record.data["content"], record.data["status"]) == (text, "complete")
        assert len(record.data["parts"]) == len(shown)
        assert len(await house.world.log("add_message")) == 2
        assert all(each.author is not shown[0].author or each in shown for each in question.room.messages)


@pytest.mark.long
async def test_another_process_takes_the_reply_over_in_seconds(platform, postgres_url, tmp_path):
    async with a_house(platform, postgres_url, tmp_path, SHORT, pace=15) as house:
        writer = await house.bot()
        question = await house.asked()
        [part] = house.world.parts(question)
        await house.bot()

        await house.dies(writer)
        states = len(part.states)
        await house.world.pocket.until(lambda: len(part.states) > states, timeout=TAKEN_OVER)
        record = await house.world.kept(question, patience=30)

        assert [each.text for each in house.world.parts(question)] == [SHORT]
        assert record.data["content"] == SHORT
        assert len(await house.world.log("add_message")) == 2


@pytest.mark.long
async def test_the_votes_and_questions_of_the_time_between_are_not_lost(platform, database_url, tmp_path):
    async with a_house(platform, database_url, tmp_path, SHORT, pace=100) as house:
        bot = await house.bot()
        question = await house.asked()
        await house.dies(bot)

        await house.world.person("Ben").reacts("👍", house.world.parts(question)[0])
        second = await house.world.asks("Cleo", "and then?", after=question)
        await house.bot()
        record = await house.world.kept(question, patience=30)
        await house.world.kept(second, patience=30)

        votes = await house.world.eventually(lambda: house.world.store.assessments(record.message_id), patience=20)
        assert [(each.name, each.value) for each in votes] == [("user_feedback", True)]
        answers = [each for each in await house.world.log("add_message") if each.data["role"] == "assistant"]
        assert [each.data["client_request_id"].split("-")[-1] for each in answers] == [
            house.world.wire_id(each) for each in (question, second)
        ]


async def test_a_second_bot_on_one_sqlite_file_is_refused_until_the_first_is_gone(platform, sqlite_url, tmp_path):
    async with a_house(platform, sqlite_url, tmp_path, SHORT) as house:
        bot = await house.bot()

        with pytest.raises(DatabaseUnavailableError, match=r"Another bot \(process \d+\) is running on .*plaudit.db"):
            async with running(house.world.settings, [platform]):
                pass
        await house.dies(bot)

        async with running(house.world.settings, [platform]):
            pass
