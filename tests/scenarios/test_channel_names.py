"""Channels by the names that people know them by: on the dashboard beside a bot, and in reports on the command line."""

import socket

import aiohttp

from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.running import running
from bots.speaking import channel_names
from core.messages import PlaceRef
from tests.scenarios.conftest import World, bot_settings


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


async def test_the_dashboard_of_a_running_bot_calls_channels_by_their_names(platform, tmp_path):
    model = Model(lambda _: Answer("Yes.", tokens_per_second=None))
    async with Pocket(model=model) as pocket, aiohttp.ClientSession() as session:
        settings = bot_settings(pocket, f"sqlite:///{tmp_path / 'plaudit.db'}", web_port=free_port())
        pages = f"http://127.0.0.1:{settings.web_port}/dashboard"

        async def shown(page):
            async with session.get(f"{pages}{page}") as answer:
                return f"{platform} · #databases" in await answer.text()

        async with running(settings, [platform, "web"]) as store:
            world = World(pocket, model, store, platform, settings)
            await world.ask("Ada", "is it?", world.room("databases"))

            assert await world.eventually(lambda: shown("?by=channel"))
            assert await world.eventually(lambda: shown("/replies"))


async def test_reports_ask_the_platform_once_what_its_channels_are_called(platform, tmp_path):
    async with Pocket() as pocket:
        settings = bot_settings(pocket, f"sqlite:///{tmp_path / 'plaudit.db'}")
        async with running(settings, [platform]) as store:
            world = World(pocket, pocket.model, store, platform, settings)
            await world.ask("Ada", "is it?", world.room("databases"))
            [started] = await world.log("start_conversation")
        here = PlaceRef(*started.data["place"].split(":")[:3])
        elsewhere = PlaceRef("slack", "T0", "C0")

        names = await channel_names(settings, [here, elsewhere])

    assert names == {here: "#databases"}


async def test_without_a_token_or_a_platform_channels_keep_their_ids(platform, tmp_path):
    async with Pocket() as pocket:
        settings = bot_settings(pocket, f"sqlite:///{tmp_path / 'plaudit.db'}")
        bare = settings.model_copy(update={"slack_bot_token": None, "discord_token": None})
    here = PlaceRef(platform, "813000000000000000", "5")

    names = [await channel_names(each, [here]) for each in (settings, bare)]

    assert names == [{}, {}]
