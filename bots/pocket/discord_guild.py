"""The house's people and rooms as Discord's JSON: users, members, the guild, channels, threads. It changes nothing.

The objects: docs.discord.com/developers/resources/{user,guild,channel}. What the documentation calls optional is left
out where it has no value: discord.py reads a null there as a broken answer.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from bots.pocket.discord_world import ALL_PERMISSIONS, PERMISSIONS, World
from bots.pocket.things import Message, Person, Room

Json: TypeAlias = dict[str, Any]

_TYPES: Final[Mapping[str, int]] = {"channel": 0, "private": 0, "dm": 1, "thread": 11, "forum": 15}


def timestamp(at: datetime) -> str:
    """ISO 8601 as Discord writes it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def moment_json(microseconds: int) -> str:
    """A moment in microseconds since 1970, the same way."""
    return timestamp(datetime.fromtimestamp(microseconds / 1e6, UTC))


class GuildWire:
    """Writes everyone and every room of a world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def id(self, thing: Person | Room | Message) -> str:
        """Its snowflake, as JSON carries it."""
        return str(self.world.id_of(thing))

    @property
    def guild_id(self) -> str:
        """The first guild's snowflake."""
        return str(self.world.guild_id)

    def guild_of(self, room: Room) -> str:
        """The snowflake of the guild that `room` is in."""
        return str(self.world.guild_of(room))

    def user(self, person: Person) -> Json:
        """A user."""
        user: Json = {
            "id": self.id(person),
            "username": person.name,
            "discriminator": "0",
            "global_name": None if person.is_bot else person.name,
            "avatar": None,
            "public_flags": 0,
        }
        return {**user, "bot": True} if person.is_bot else user

    def member(self, person: Person, *, with_user: bool = True) -> Json:
        """A member of the guild."""
        mine = person is self.world.me
        member: Json = {
            "roles": [str(self.world.role_id)] if mine else self._roles_of(person),
            "joined_at": moment_json(person.id),
            "nick": None,
            "avatar": None,
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }
        return {**member, "user": self.user(person)} if with_user else member

    def guild(self, guild: int, *, members: list[Person]) -> Json:
        """A guild with all that is in it, as GUILD_CREATE tells it."""
        rooms = [each for each in self.world.rooms_in(guild) if self.world.sees(each)]
        return {
            "id": str(guild),
            "name": self.world.guilds[guild],
            "owner_id": str(guild),
            "unavailable": False,
            "large": False,
            "member_count": len(self.world.members),
            "joined_at": moment_json(self.world.me.id),
            "roles": self.roles(guild),
            "emojis": [self.custom_emoji(name) for name in self.world.emojis],
            "stickers": [],
            "features": [],
            "channels": [self.channel(each) for each in rooms if each.kind != "thread"],
            "threads": [self.channel(each) for each in rooms if each.kind == "thread" and not each.archived],
            "members": [self.member(each) for each in members],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "preferred_locale": "en-US",
            "system_channel_flags": 0,
            "afk_timeout": 300,
            "icon": None,
        }

    def roles(self, guild: int) -> list[Json]:
        """Everyone's role in a guild, the assistant's, and those that were made."""
        everyone = _role(str(guild), "@everyone", 0, ALL_PERMISSIONS & ~PERMISSIONS["manage_messages"])
        own = _role(str(self.world.role_id), self.world.me.name, 1, ALL_PERMISSIONS)
        others = [_role(str(role_id), name, 1, 0) for name, role_id in self.world.roles.items()]
        return [everyone, {**own, "managed": True, "tags": {"bot_id": self.id(self.world.me)}}, *others]

    def _roles_of(self, person: Person) -> list[str]:
        return [str(self.world.roles[name]) for name in self.world.held.get(person, ())]

    def custom_emoji(self, name: str) -> Json:
        """One of the guild's own emoji."""
        emoji_id = str(self.world.emojis[name])
        known = {"roles": [], "require_colons": True, "managed": False, "animated": False, "available": True}
        return {"id": emoji_id, "name": name, **known}

    def channel(self, room: Room) -> Json:
        """A channel, a thread, a forum or a direct conversation."""
        channel: Json = {"id": self.id(room), "type": _TYPES[room.kind], "last_message_id": self._last(room)}
        if room.kind == "dm":
            others = [self.user(each) for each in room.members if each is not self.world.me]
            return {**channel, "recipients": others, "flags": 0}
        channel |= {"guild_id": self.guild_of(room), "name": room.name, "rate_limit_per_user": 0, "flags": 0}
        if room.kind == "thread":
            return {**channel, **self._thread(room)}
        channel |= {"position": 0, "nsfw": False, "topic": None, "parent_id": None}
        channel["permission_overwrites"] = self._overwrites(room)
        if room.kind == "forum":
            channel |= {"available_tags": [], "default_reaction_emoji": None, "default_sort_order": None}
        return channel

    def _last(self, room: Room) -> str | None:
        return self.id(room.history[-1]) if room.history else None

    def _thread(self, room: Room) -> Json:
        facts = self.world.facts[room]
        parent = room.parent
        thread: Json = {
            "parent_id": self.id(parent) if parent else self.guild_of(room),
            "owner_id": self.id(facts.owner),
            "message_count": len(room.messages),
            "total_message_sent": len(room.history),
            "member_count": len(room.members),
            "thread_metadata": {
                "archived": room.archived,
                "auto_archive_duration": facts.archive_minutes,
                "archive_timestamp": moment_json(room.id),
                "create_timestamp": moment_json(room.id),
                "locked": facts.locked,
            },
        }
        if self.world.me in room.members:
            thread["member"] = {
                "id": self.id(room),
                "user_id": self.id(self.world.me),
                "join_timestamp": moment_json(room.id),
                "flags": 0,
            }
        return thread

    def _overwrites(self, room: Room) -> list[Json]:
        view = str(PERMISSIONS["view_channel"])
        overwrites: list[Json] = []
        if room.kind == "private":
            overwrites.append({"id": self.guild_of(room), "type": 0, "allow": "0", "deny": view})
            overwrites += [{"id": self.id(each), "type": 1, "allow": view, "deny": "0"} for each in room.members]
        if denied := self.world.denied.get(room, 0):
            mine = self.id(self.world.me)
            overwrites = [each for each in overwrites if each["id"] != mine]
            overwrites.append({"id": mine, "type": 1, "allow": "0", "deny": str(denied)})
        return overwrites


def _role(role_id: str, name: str, position: int, permissions: int) -> Json:
    colours = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
    return {
        "id": role_id,
        "name": name,
        "position": position,
        "permissions": str(permissions),
        "color": 0,
        "colors": colours,
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }
