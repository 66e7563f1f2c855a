"""The assistant on the box's Discord through the real adapter, with a store in memory and a scripted model.

Its pauses before connecting again are short: Discord's own five seconds would be most of every test.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bots.discord.adapter import DiscordPlatform, connected
from bots.pocket.discord import Discord
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.server import Pocket
from bots.pocket.things import Message
from core.assistant import Assistant, Options
from core.clock import SystemClock
from core.feedback import canonical_emoji, meaning_of
from core.language_models.scripted import Script, ScriptedModel, words
from core.store.memory import MemoryStore

PAUSES = (0.0, 0.02, 0.05, 0.1)


@dataclass
class Bot:
    """The bot and the box it is in."""

    pocket: Pocket
    store: MemoryStore
    platform: DiscordPlatform

    @property
    def discord(self) -> Discord:
        return self.pocket.discord

    async def ask(self, who: str = "Ada", text: str = "hello", room: str = "general") -> Message:
        """Ask, and wait until the answer is complete."""
        place = self.pocket.room(room, on="discord")
        question = await self.pocket.person(who).says(f"@plaudit {text}", place)
        reply = await self.pocket.reply_to(question, timeout=20)
        await self.eventually(lambda: self.kept(reply))
        return reply

    def kept(self, reply: Message) -> str:
        """The id under which the log has a reply; empty where it has not."""
        key = self.wire_id(reply)
        return next((row["message_id"] for name, row in self.store.tables.parts.items() if name.endswith(key)), "")

    def wire_id(self, message: Message) -> str:
        return f":{self.discord.id(message.room)}:{self.discord.id(message)}"

    def opinions(self, reply: Message) -> set[tuple[str, str]]:
        """Who has which vote on a reply, as the log has it."""
        rows = self.store.tables.assessments[self.kept(reply)].values()
        standing = [row for row in rows if row["standing"] and row["origin"].startswith("reaction:")]
        return {(row["source_id"].split(":")[-1], row["origin"].split(":")[-1]) for row in standing}

    def reactions(self, reply: Message) -> set[tuple[str, str]]:
        """The same as the platform shows it."""
        found = set()
        for emoji, people in reply.reactions.items():
            bare = canonical_emoji(emoji.split(":")[0])
            found |= {(str(self.discord.id(each)), bare) for each in people if meaning_of(bare) and not each.is_bot}
        return found

    def agrees(self, *replies: Message) -> bool:
        return all(self.opinions(each) == self.reactions(each) for each in replies)

    async def eventually(self, check: Callable[[], Any], *, patience: float = 10) -> Any:
        """The first true result of a check."""
        async with asyncio.timeout(patience):
            while not (result := check()):  # noqa: ASYNC110 - the log has no event to wait for
                await asyncio.sleep(0.01)
            return result

    def log(self, kind: str) -> list[Any]:
        return [each for each in self.store._log if each.type == kind]


def says(text: str, *, pause: float = 0.0) -> Script:
    """A script for a model that always answers `text`, a word every `pause` seconds."""
    return lambda _: [step for word in words(text) for step in (word, pause)]


@asynccontextmanager
async def bot(
    rules: DiscordRules | None = None,
    *,
    model: ScriptedModel | None = None,
    furnish: Callable[[Pocket], None] = lambda _: None,
    **options: Any,
) -> AsyncIterator[Bot]:
    """A box with the bot in it; `options` go to `connected`."""
    store, clock = MemoryStore(), SystemClock()
    chosen = model or ScriptedModel(says("An answer."))
    async with (
        Pocket(discord=rules or DiscordRules.unlimited()) as pocket,
        aiohttp.ClientSession() as session,
        Assistant(store=store, model=chosen, clock=clock, options=Options(grace_seconds=5)) as assistant,
    ):
        furnish(pocket)
        usual = {
            "token": pocket.discord.token,
            "api_url": pocket.discord.base_url,
            "gateway_url": pocket.discord.gateway_url,
            "identify_pause": 0.02,
            "pauses": PAUSES,
        }
        async with connected(
            handle=assistant.handle, catch_up=assistant.catch_up, session=session, **usual | options
        ) as platform:
            yield Bot(pocket, store, platform)
