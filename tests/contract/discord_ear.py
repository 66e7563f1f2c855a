"""The real adapter on the box's Discord, an ear in the assistant's place: it keeps what it is told and acts on it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp

from bots.discord.adapter import DiscordPlatform, connected
from bots.pocket.discord import Discord
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.server import Pocket
from bots.pocket.things import Message, Room
from core.controls import Button
from core.events import Event
from core.messages import MessageRef, PlaceRef
from core.ports import ChatPlatform

Act = Callable[[Any, DiscordPlatform], Awaitable[None]]
Kind = TypeVar("Kind")


async def nothing(event: Event, platform: ChatPlatform) -> None:
    """Hear it, and say nothing."""


class Ear:
    """Hears what the adapter tells; `act` says what to do about what people press, send and command."""

    def __init__(self, pocket: Pocket) -> None:
        self.pocket = pocket
        self.events: list[Event] = []
        self.act: Act = nothing
        self.platform: DiscordPlatform

    @property
    def discord(self) -> Discord:
        return self.pocket.discord

    async def handle(self, event: Event, platform: Any) -> None:
        self.events.append(event)
        self.pocket.house.stir()
        if hasattr(event, "ticket"):
            try:
                await self.act(event, platform)
            finally:
                self.pocket.house.stir()

    async def heard(self, kind: type[Kind], count: int = 1) -> list[Kind]:
        """Wait until it heard so many events of one kind."""
        await self.pocket.until(lambda: len(self.all(kind)) >= count, timeout=5)
        return self.all(kind)

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [each for each in self.events if isinstance(each, kind)]

    def room(self, name: str = "general") -> Room:
        return self.pocket.room(name, on="discord")

    def place(self, room: Room) -> PlaceRef:
        guild = str(self.discord.world.guild_id)
        channel = str(self.discord.id(room))
        if room.kind == "dm":
            return PlaceRef("discord", "dm", channel)
        return (
            PlaceRef("discord", guild, str(self.discord.id(room.parent)), channel)
            if room.parent
            else PlaceRef("discord", guild, channel)
        )

    def ref(self, message: Message) -> MessageRef:
        place = self.place(message.room)
        return MessageRef("discord", place.workspace, place.thread or place.channel, str(self.discord.id(message)))

    async def offers(self, *buttons: Button, room: Room | None = None, text: str = "An answer.") -> Message:
        """Post a reply with `buttons` below it."""
        here = room or self.room()
        sent = await self.platform.post(self.place(here), text, reply_to=None, nonce=text[:20])
        await self.platform.offer(sent.message, text, buttons)
        return here.messages[-1]


@asynccontextmanager
async def listening(pocket: Pocket, **options: Any) -> AsyncIterator[Ear]:
    """An ear in `pocket`; `options` go to `connected`."""
    ear = Ear(pocket)
    discord = pocket.discord
    usual = {"token": discord.token, "api_url": discord.base_url, "gateway_url": discord.gateway_url}
    async with (
        aiohttp.ClientSession() as session,
        connected(handle=ear.handle, session=session, identify_pause=0.02, pauses=(0.0, 0.05), **usual, **options) as p,
    ):
        ear.platform = p
        yield ear


@asynccontextmanager
async def box(rules: DiscordRules | None = None, **options: Any) -> AsyncIterator[Ear]:
    """A pocket with an ear in it and a room called general."""
    async with Pocket(discord=rules or DiscordRules.unlimited()) as pocket:
        pocket.room("general", on="discord")
        async with listening(pocket, **options) as ear:
            yield ear
