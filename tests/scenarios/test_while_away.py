"""What people did while no bot was running is found when the next one starts; what is told again counts once."""

from contextlib import asynccontextmanager

import pytest

from bots.pocket.discord_rules import DiscordRules
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.running import running
from tests.scenarios.conftest import World, bot_settings


class House:
    """A pocket that bots come to and leave."""

    def __init__(self, pocket, platform, settings):
        self.pocket = pocket
        self.platform = platform
        self.settings = settings

    @asynccontextmanager
    async def bot(self):
        async with running(self.settings, [self.platform]) as store:
            yield World(self.pocket, self.pocket.model, store, self.platform, self.settings)


@pytest.fixture(params=[True, False], ids=["told later", "never told"])
async def house(request, platform, database_url):
    """Slack tells a bot that comes back what it had to hold back; both platforms forget it in the end."""
    model = Model(lambda messages: Answer(f"You said: {messages[-1]['content']}", tokens_per_second=None))
    rules = {
        "slack": SlackRules.unlimited(hold_while_away=request.param),
        "discord": DiscordRules.unlimited(deliver_twice=request.param),
    }
    async with Pocket(model=model, **{platform: rules[platform]}) as pocket:
        yield House(pocket, platform, bot_settings(pocket, database_url))


async def test_votes_comments_and_questions_of_the_meantime_are_found_once(house):
    async with house.bot() as world:
        question, reply = await world.ask("Ada", "hello")
        ben, chloe, dora = (world.person(name) for name in ("Ben", "Chloe", "Dora"))
        await ben.reacts("👍", reply)
        await chloe.reacts("👎", reply)
        await world.eventually(lambda: votes(world, {"Ben": True, "Chloe": False}))

    await ben.takes_back("👍", reply)
    await dora.reacts("👍", reply)
    comment = await world.comments("Ben", "too short", question)
    later = await world.asks("Ada", "and now?", after=question)

    async with house.bot() as world:
        await world.kept(later)
        await world.pocket.until(lambda: "📝" in comment.reactions)
        await world.eventually(lambda: votes(world, {"Chloe": False, "Dora": True}))

        assert [each.data["feedback"] for each in await world.log("log_feedback")].count("too short") == 1
        assert len(await world.log("start_conversation")) == 1
        assert len(await world.log("add_message")) == 4
        assert sum(each.author.is_bot for each in world.parts(later)) == 1

    before = await count(house)
    async with house.bot() as world:
        await world.ask("Ada", "still there?", world.room("elsewhere"))
        assert len(await world.log()) == before + 3


async def votes(world, expected):
    """Whether the first reply has exactly these votes."""
    reply = next(each for each in await world.log("add_message") if each.data["role"] == "assistant")
    names = {world.wire_person(person): person.name for person in world.pocket.house.people.values()}
    standing = await world.store.assessments(reply.message_id)
    found = {names[each.source.id.split(":")[-1]]: each.value for each in standing if each.name == "user_feedback"}
    return found == expected


async def count(house):
    async with house.bot() as world:
        return len(await world.log())
