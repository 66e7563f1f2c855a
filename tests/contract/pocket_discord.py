"""A bare discord.py client for the tests of the box's Discord: it writes down what it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bots.pocket.discord_rules import DiscordRules
from bots.pocket.server import Pocket


class Bot(discord.Client):
    """Keeps every event, so that a test can wait for one."""

    def __init__(self, **options: Any) -> None:
        intents = options.pop("intents", None)
        if intents is None:
            intents = discord.Intents.default()
            intents.message_content = True
        super().__init__(intents=intents, guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self._told = asyncio.Event()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.events.append((event, args))
        self._told.set()
        super().dispatch(event, *args, **kwargs)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait the five seconds that discord.py leaves between two sessions."""

    def told(self, event: str) -> list[Any]:
        """The first argument of each such event."""
        return [args[0] if args else None for name, args in self.events if name == event]

    async def until(self, event: str, count: int = 1, where: Callable[[Any], bool] = lambda _: True) -> list[Any]:
        """Wait until there were `count` such events, and return them."""
        async with asyncio.timeout(10):
            while len(found := [each for each in self.told(event) if where(each)]) < count:
                self._told.clear()
                await self._told.wait()
            return found


def point_discord_py_at(pocket: Pocket, monkeypatch: Any) -> None:
    monkeypatch.setattr(Route, "BASE", pocket.discord.base_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(pocket.discord.gateway_url))


@asynccontextmanager
async def running(bot: Bot, token: str) -> AsyncIterator[Bot]:
    """`bot`, connected and ready until the block is left."""
    task = asyncio.create_task(bot.start(token), name="the bot")
    ready = asyncio.create_task(bot.until("ready"), name="the bot gets ready")
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        ready.cancel()
        await bot.close()
        task.result()
    try:
        yield bot
    finally:
        await bot.close()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def box(monkeypatch: Any, rules: DiscordRules | None = None, **options: Any) -> AsyncIterator[tuple[Pocket, Bot]]:
    """A pocket with a bot in it; Discord without rate limits unless `rules` say otherwise."""
    async with Pocket(discord=rules or DiscordRules.unlimited()) as pocket:
        point_discord_py_at(pocket, monkeypatch)
        async with running(Bot(**options), pocket.discord.token) as bot:
            yield pocket, bot
