"""Frames of Discord's gateway for tests, and surroundings to read them in."""

from dataclasses import dataclass, field
from typing import Any

from bots.discord.reading import Channel

ME, ADA, BEN, GUILD, CHANNEL, MESSAGE = "1000", "2000", "3000", "4000", "5000", "175928847299117063"
MY_ROLE, OTHER_ROLE, THREAD = "7000", "8000", "9000"


@dataclass
class FakeSurroundings:
    """What a small guild looks like."""

    me: str = ME
    channels: dict[str, Channel] = field(
        default_factory=lambda: {CHANNEL: Channel("general"), THREAD: Channel("a thread", CHANNEL)}
    )
    bots: set[str] = field(default_factory=set)

    def channel(self, channel: str) -> Channel | None:
        return self.channels.get(channel)

    def role(self, guild: str, role: str) -> str:
        return "moderators" if role == OTHER_ROLE else role

    def is_my_role(self, guild: str, role: str) -> bool:
        return role == MY_ROLE

    def is_bot(self, user: str) -> bool:
        return user in self.bots

    def note(self, frame: Any) -> None:
        pass

    async def know(self, channel: str) -> None:
        pass


def user(user_id: str, name: str, **more: Any) -> dict[str, Any]:
    return {"id": user_id, "username": name.lower(), "global_name": name, **more}


def message(kind: str = "MESSAGE_CREATE", **more: Any) -> dict[str, Any]:
    usual = {
        "id": MESSAGE,
        "channel_id": CHANNEL,
        "guild_id": GUILD,
        "author": user(ADA, "Ada"),
        "content": "hi",
        "mentions": [],
        "mention_roles": [],
        "type": 0,
        "edited_timestamp": None,
    }
    return {"op": 0, "t": kind, "s": 7, "d": {**usual, **more}}


def reaction(kind: str = "ADD", **more: Any) -> dict[str, Any]:
    usual = {
        "user_id": ADA,
        "channel_id": CHANNEL,
        "message_id": MESSAGE,
        "guild_id": GUILD,
        "emoji": {"id": None, "name": "👍"},
        "burst": False,
        "type": 0,
    }
    return {"op": 0, "t": f"MESSAGE_REACTION_{kind}", "s": 8, "d": {**usual, **more}}


def direct(frame: dict[str, Any]) -> dict[str, Any]:
    """The same outside of a guild."""
    return {**frame, "d": {name: value for name, value in frame["d"].items() if name != "guild_id"}}
