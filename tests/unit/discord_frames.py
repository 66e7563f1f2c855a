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
    """The same outside of a guild, where people are users and no members."""
    data = dict(frame["d"])
    data.pop("guild_id", None)
    member = data.pop("member", None)
    return {**frame, "d": {**data, "user": member["user"]} if member and "user" in member else data}


def _interaction(kind: int, **more: Any) -> dict[str, Any]:
    usual = {
        "id": MESSAGE,
        "application_id": ME,
        "type": kind,
        "token": "a:token",
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "channel": {"id": CHANNEL, "type": 0},
        "member": {"user": user(ADA, "Ada"), "nick": None, "roles": []},
    }
    return {"op": 0, "t": "INTERACTION_CREATE", "s": 9, "d": {**usual, **more}}


def press(**more: Any) -> dict[str, Any]:
    """A press of the button called like, below a message of ours."""
    data = {"custom_id": "plaudit:like", "component_type": 2, "id": 2}
    return _interaction(3, **{"data": data, "message": {"id": MESSAGE, "channel_id": CHANNEL}, **more})


def form(**more: Any) -> dict[str, Any]:
    """A form with a text and three menus, sent."""
    fields = [
        {"type": 4, "id": 2, "custom_id": "comment", "value": "too short"},
        {"type": 3, "id": 4, "custom_id": "accuracy", "values": ["3"]},
        {"type": 3, "id": 6, "custom_id": "helpfulness", "values": []},
        {"type": 3, "id": 1_004, "custom_id": "reasons", "values": ["rude"]},
    ]
    labels = [{"type": 18, "id": index, "component": each} for index, each in enumerate(fields)]
    data = {"custom_id": "plaudit:why:01J9", "components": labels}
    return _interaction(5, **{"data": data, "message": {"id": MESSAGE, "channel_id": CHANNEL}, **more})


def command(text: str = "", **more: Any) -> dict[str, Any]:
    """A subcommand without options."""
    data = {"id": "11", "type": 1, "name": "plaudit", "options": [{"type": 1, "name": text, "options": []}]}
    return _interaction(2, **{"data": data, **more})


def menu(entry: str, **more: Any) -> dict[str, Any]:
    """An entry in the menu of a message."""
    data = {"id": "12", "type": 3, "name": entry, "target_id": MESSAGE, "resolved": {"messages": {}}}
    return _interaction(2, **{"data": data, **more})
