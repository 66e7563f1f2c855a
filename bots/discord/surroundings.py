"""What frames do not say, from discord.py's cache: channels, threads, roles. What it lacks is asked of Discord."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import discord

from bots.discord.reading import Channel, place_in
from bots.discord.rest import Rest
from core.errors import PlatformError
from core.messages import PlaceRef

logger = logging.getLogger(__name__)

_Room: TypeAlias = discord.TextChannel | discord.VoiceChannel | discord.Thread
_PATIENCE: Final = 1.0
"""Seconds that a message may wait for the name and parent of the channel it stands in."""


class CachedSurroundings:
    """The surroundings of connected clients, each of which knows other guilds."""

    def __init__(self, clients: Sequence[discord.Client], rest: Rest) -> None:
        self._clients = clients
        self._rest = rest
        self._asked: dict[str, Channel] = {}
        self._bots: set[str] = set()

    @property
    def me(self) -> str:
        """The assistant's user id."""
        user = self._clients[0].user
        return str(user.id) if user else ""

    def channel(self, channel: str) -> Channel | None:
        """The channel of this id, thread or not."""
        found = next(filter(None, (each.get_channel(int(channel)) for each in self._clients)), None)
        if isinstance(found, discord.Thread):
            return Channel(found.name, str(found.parent_id))
        if isinstance(found, discord.abc.GuildChannel):
            return Channel(found.name)
        return self._asked.get(channel)

    def role(self, guild: str, role: str) -> str:
        """The name of a role; its id where it is not known."""
        found = self._role(guild, role)
        return found.name.removeprefix("@") if found else role

    def is_my_role(self, guild: str, role: str) -> bool:
        """Whether this is the role that Discord made for the assistant alone."""
        found = self._role(guild, role)
        return bool(found and found.tags and str(found.tags.bot_id) == self.me)

    def is_bot(self, user: str) -> bool:
        """Whether a frame has said so of this user."""
        return user in self._bots

    def note(self, frame: Any) -> None:
        """Remember which bot reacts: nothing says so when it takes the emoji away."""
        try:
            user = frame["d"]["member"]["user"]
            if frame["t"] == "MESSAGE_REACTION_ADD" and user.get("bot"):
                self._bots.add(user["id"])
        except (KeyError, TypeError, AttributeError):
            pass

    async def know(self, channel: str) -> None:
        """Learn what channel this is, if it is not known: a thread that was archived, for one. Never fails."""
        if self.channel(channel) is None:
            try:
                async with asyncio.timeout(_PATIENCE):
                    data = (await self._rest.call("GET", f"/channels/{channel}", bucket=("channel", channel))).data
                self._asked[channel] = _channel(data)
            except (PlatformError, KeyError, TypeError, TimeoutError) as error:
                logger.info("channel_not_known", extra={"channel": channel, "error": type(error).__name__})

    async def channel_names(self, guild: str) -> dict[str, str]:
        """What the channels of a guild are called, by id. Raises PlatformError."""
        known = (each.get_guild(int(guild)) for each in self._clients) if guild.isdigit() else ()
        if found := next(filter(None, known), None):
            return {str(each.id): f"#{each.name}" for each in found.channels}
        if not guild.isdigit():
            return {}
        data = (await self._rest.call("GET", f"/guilds/{guild}/channels", bucket=("guild", guild))).data
        return {str(each["id"]): f"#{each['name']}" for each in data}

    def rooms_since(self, moment: str) -> list[PlaceRef]:
        """The channels and threads whose past may be read, and in which the newest message is no older than an id."""
        rooms: list[_Room] = []
        for guild in (guild for each in self._clients for guild in each.guilds):
            rooms += [*guild.text_channels, *guild.voice_channels, *guild.threads]
        return [_place(each) for each in rooms if (each.last_message_id or 0) >= int(moment) and _can_read(each)]

    def _role(self, guild: str, role: str) -> discord.Role | None:
        known = (each.get_guild(int(guild)) for each in self._clients) if guild.isdigit() else ()
        found = next(filter(None, known), None)
        return found.get_role(int(role)) if found else None


def _can_read(room: _Room) -> bool:
    if isinstance(room, discord.Thread) and room.parent is None:
        return False  # in a channel that we cannot see
    permissions = room.permissions_for(room.guild.me)
    return permissions.view_channel and permissions.read_message_history


def _place(room: _Room) -> PlaceRef:
    parent = str(room.parent_id) if isinstance(room, discord.Thread) else ""
    return place_in({"guild_id": str(room.guild.id), "channel_id": str(room.id)}, parent)


def _channel(data: dict[str, Any]) -> Channel:
    is_thread = "thread_metadata" in data  # a channel's parent is its category
    return Channel(str(data.get("name") or ""), str(data["parent_id"]) if is_thread else "")
