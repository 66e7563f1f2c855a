"""Who may ask and who is heard by their roles is so for what is found after a downtime, too."""

from contextlib import asynccontextmanager

import pytest

from bots.pocket.discord_rules import DiscordRules
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.running import running
from tests.scenarios.conftest import World, bot_settings

POLICY = """
heard = { roles = ["admin"] }
answered = { roles = ["admin"] }
[segments.staff]
roles = ["admin"]
"""


@pytest.fixture
async def house(platform, tmp_path):
    """Nothing of the meantime is told again: it has to be found."""
    config = tmp_path / "plaudit.toml"
    config.write_text(POLICY, encoding="utf-8")
    rules = {"slack": SlackRules.unlimited(hold_while_away=False), "discord": DiscordRules.unlimited()}
    model = Model(lambda messages: Answer(f"You said: {messages[-1]['content']}", tokens_per_second=None))
    async with Pocket(model=model, **{platform: rules[platform]}) as pocket:
        settings = bot_settings(pocket, f"sqlite:///{tmp_path / 'plaudit.db'}", config=str(config))

        @asynccontextmanager
        async def bot():
            async with running(settings, [platform]) as store:
                yield World(pocket, model, store, platform, settings)

        yield pocket, bot


def make_admin(pocket, platform, person):
    if platform == "slack":
        pocket.slack.workspace.standing[person.id] = frozenset({"is_admin"})
    else:
        pocket.discord.give_role(person, "admin")


async def voters(world):
    """Who is heard, and as what."""
    names = {world.wire_person(person): person.name for person in world.pocket.house.people.values()}
    said = await world.log("log_feedback")
    return {(names[each.data["source_id"].split(":")[-1]], each.data["metadata"]["segment"]) for each in said}


async def test_a_vote_and_a_question_that_are_found_count_by_the_roles_of_their_people(house, platform):
    pocket, bot = house
    ada, ben, chloe = (pocket.person(name) for name in ("Ada", "Ben", "Chloe"))
    for each in (ada, ben):
        make_admin(pocket, platform, each)
    async with bot() as world:
        question, reply = await world.ask("Ada", "hello")

    await chloe.reacts("👍", reply)
    await ben.reacts("👎", reply)
    later = await world.asks("Ada", "and now?", after=question)

    async with bot() as world:
        await world.kept(later)
        assert await world.eventually(lambda: voters(world)) == {("Ben", "staff")}
