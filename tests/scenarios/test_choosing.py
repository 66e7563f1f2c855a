"""`/plaudit model`: which model answers in a channel is asked and chosen, over real sockets, and outlives a restart."""

from contextlib import asynccontextmanager

from bots.pocket.discord_rules import DiscordRules
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.running import running
from tests.scenarios.conftest import World, bot_settings
from tests.scenarios.test_router import whisper

FILE = """\
models = ["org/Small", "org/Large"]
choose_model = {{ people = ["{who}"] }}
"""


@asynccontextmanager
async def a_choice(platform, url, directory):
    """A pocket, and settings of a bot by which Ada alone may choose."""
    model = Model(lambda messages: Answer(f"You said: {messages[-1]['content']}", tokens_per_second=None))
    rules = {"slack": SlackRules.unlimited, "discord": DiscordRules.unlimited}[platform]
    async with Pocket(model=model, **{platform: rules()}) as pocket:
        file = directory / "plaudit.toml"
        world = World(pocket, model, None, platform, bot_settings(pocket, url, config=str(file)))
        file.write_text(FILE.format(who=world.wire_person(world.person("Ada"))), encoding="utf-8")
        yield world


@asynccontextmanager
async def bot(world):
    async with running(world.settings, [world.platform]) as world.store:
        yield


async def model_of_answer(world, text, room="general"):
    await world.ask("Cleo", text, world.room(room))
    return world.model.requests[-1].body["model"]


async def test_who_may_chooses_for_the_channel_and_a_bot_that_starts_anew_knows(platform, database_url, tmp_path):
    async with a_choice(platform, database_url, tmp_path) as world:
        ada, ben, room = world.person("Ada"), world.person("Ben"), world.room()
        async with bot(world):
            await ben.commands("/plaudit", "model org/large", room)
            await whisper(world, ben, "others choose")
            before = await model_of_answer(world, "one")
            await ada.commands("/plaudit", "model org/large", room)
            await whisper(world, ada, "From now on")
            after = await model_of_answer(world, "two")
        async with bot(world):
            again = await model_of_answer(world, "three")
            elsewhere = await model_of_answer(world, "four", "other")
            told = await world.pocket.reply_to(await world.asks("Ben", "model"), timeout=20)
            taken_back = await world.pocket.reply_to(await world.asks("Ada", "model default"), timeout=20)
            usual = await model_of_answer(world, "five")
            chosen = [each.data["model"] for each in await world.log("choose_model")]
            kept = [each.data["model"]["id"] for each in await world.log("add_message") if each.data["model"]]

    assert (before, after, again, elsewhere, usual) == (
        "demo-model",
        "org/Large",
        "org/Large",
        "demo-model",
        "demo-model",
    )
    assert "org/Large" in told.text
    assert "System prompt: there is one" in told.text
    assert "as usual" in taken_back.text
    assert chosen == ["org/Large", ""]
    assert kept == [before, after, again, elsewhere, usual]
