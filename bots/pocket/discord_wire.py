"""The house's people, rooms and messages as Discord's JSON. It knows no sockets and changes nothing.

The objects: docs.discord.com/developers/resources/{user,guild,channel,message}. What the documentation calls
optional is left out where it has no value: discord.py reads a null there as a broken answer.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from bots.pocket.discord_world import ALL_PERMISSIONS, PERMISSIONS, World
from bots.pocket.house import House
from bots.pocket.things import Message, Person, Room

Json: TypeAlias = dict[str, Any]

_TYPES: Final[Mapping[str, int]] = {"channel": 0, "private": 0, "dm": 1, "thread": 11, "forum": 15}
_REPLY: Final = 19
_THREAD_STARTER: Final = 21
_HAS_THREAD: Final = 1 << 5
_EPHEMERAL: Final = 1 << 6
_NO_SECOND_GLANCE: Final = ("content", "embeds", "components", "attachments")
"""What a bot without the message content intent does not see of most messages."""


def timestamp(at: datetime) -> str:
    """ISO 8601 as Discord writes it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def emoji_json(emoji: str) -> Json:
    """An emoji as it stands in a reaction: the guild's own have an id."""
    name, _, emoji_id = emoji.partition(":")
    return {"id": emoji_id or None, "name": name, "animated": False} if emoji_id else {"id": None, "name": emoji}


class Wire:
    """Writes what there is in a world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def id(self, thing: Person | Room | Message) -> str:
        """Its snowflake, as JSON carries it."""
        return str(self.world.id_of(thing))

    @property
    def guild_id(self) -> str:
        """The guild's snowflake."""
        return str(self.world.guild_id)

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
            "roles": [str(self.world.role_id)] if mine else [],
            "joined_at": _moment(person.id),
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

    def guild(self, *, members: list[Person]) -> Json:
        """The guild with all that is in it, as GUILD_CREATE tells it."""
        rooms = [each for each in self.world.rooms if self.world.sees(each)]
        return {
            "id": self.guild_id,
            "name": self.world.guild_name,
            "owner_id": str(self.world.guild_id),
            "unavailable": False,
            "large": False,
            "member_count": len(self.world.members),
            "joined_at": _moment(self.world.me.id),
            "roles": self.roles(),
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

    def roles(self) -> list[Json]:
        """Everyone's role, and the assistant's."""
        everyone = _role(self.guild_id, "@everyone", 0, ALL_PERMISSIONS & ~PERMISSIONS["manage_messages"])
        own = _role(str(self.world.role_id), self.world.me.name, 1, ALL_PERMISSIONS)
        return [everyone, {**own, "managed": True, "tags": {"bot_id": self.id(self.world.me)}}]

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
        channel |= {"guild_id": self.guild_id, "name": room.name, "rate_limit_per_user": 0, "flags": 0}
        if room.kind == "thread":
            return {**channel, **self._thread(room)}
        channel |= {"position": 0, "nsfw": False, "topic": None, "parent_id": None}
        channel["permission_overwrites"] = self._overwrites(room)
        if room.kind == "forum":
            channel |= {"available_tags": [], "default_reaction_emoji": None, "default_sort_order": None}
        return channel

    def message(self, message: Message, *, quoted: bool = False) -> Json:
        """A message as the assistant sees it; `quoted`: inside another one, without what that one quotes."""
        world, wire = self.world, message.wire
        body: Json = {
            "id": self.id(message),
            "channel_id": self.id(message.room),
            "author": self.user(message.author),
            "content": self.content(message),
            "timestamp": timestamp(message.at),
            "edited_timestamp": self._edited(message),
            "tts": False,
            "mention_everyone": bool(wire.get("mention_everyone")),
            "mentions": [self.user(each) for each in self.rung_by(message)],
            "mention_roles": [],
            "attachments": list(wire.get("attachments", ())),
            "embeds": list(wire.get("embeds", ())),
            "components": list(wire.get("components", ())),
            "reactions": [self._reaction(message, emoji) for emoji in message.reactions],
            "pinned": False,
            "type": 0 if message.reply_to is None else _REPLY,
            "flags": wire.get("flags", 0) | (_EPHEMERAL if message.only_for else 0),
        }
        if message.reply_to is not None:
            body |= self._reference(message.reply_to, quoted=quoted)
        if (thread := world.thread_from(message)) is not None:
            body |= {"thread": self.channel(thread), "flags": body["flags"] | _HAS_THREAD}
        return body | {name: wire[name] for name in ("nonce", "interaction_metadata", "application_id") if name in wire}

    def event_message(self, message: Message) -> Json:
        """A message as the gateway tells it: with its guild, and its author's membership."""
        body = self.message(message)
        if message.room.kind == "dm":
            return body
        member = self.member(message.author, with_user=False)
        mentions = [{**self.user(each), "member": self.member(each, with_user=False)} for each in self.rung_by(message)]
        return {**body, "guild_id": self.guild_id, "member": member, "mentions": mentions}

    def without_content(self, message: Message, body: Json) -> Json:
        """`body` for a bot without the message content intent.

        It still sees direct messages, its own, and those that mention it
        (docs.discord.com/developers/events/gateway#message-content-intent).
        """
        me = self.world.me
        if message.room.kind == "dm" or message.author is me or me in self.rung_by(message):
            return body
        return {**body, **{name: type(body[name])() for name in _NO_SECOND_GLANCE}}

    def thread_starter(self, room: Room) -> Json:
        """The system message that begins a thread made from a message: it has no text, only the reference."""
        if room.starter is None:
            raise ValueError("a thread that was not made from a message has no such thing")
        own = {"id": str(self.world.own_id(room)), "channel_id": self.id(room), "content": "", "type": _THREAD_STARTER}
        quiet: Json = {"embeds": [], "components": [], "attachments": [], "reactions": [], "mentions": [], "flags": 0}
        body = {**self.message(room.starter, quoted=True), **quiet, **own, "timestamp": _moment(room.id)}
        body.pop("thread", None)
        return {**body, **self._reference(room.starter, quoted=False)}

    def content(self, message: Message) -> str:
        """The text with its markup: a bot's as it sent it, a person's with mentions for names."""
        if "content" in message.wire:
            return str(message.wire["content"])
        return self.house.with_mentions(message.text, "discord", lambda person: f"<@{self.id(person)}>")

    def rung_by(self, message: Message) -> list[Person]:
        """Whose attention `message` asks for."""
        if "mentions" in message.wire:
            return [self.house.people[each] for each in message.wire["mentions"]]
        rung = self.house.mentioned(message.text, "discord")
        if message.reply_to is not None and message.rings and message.reply_to.author not in rung:
            rung.insert(0, message.reply_to.author)
        return rung

    def reaction_event(self, message: Message, person: Person, emoji: str) -> Json:
        """What the gateway says of one reaction, added or removed."""
        burst = (message.id, person.id, emoji) in self.world.bursts
        return self.place(message) | {
            "user_id": self.id(person),
            "emoji": emoji_json(emoji),
            "burst": burst,
            "type": int(burst),
        }

    def place(self, message: Message) -> Json:
        """Where a message is, in the events that only point at it."""
        place = {"channel_id": self.id(message.room), "message_id": self.id(message)}
        return place if message.room.kind == "dm" else {**place, "guild_id": self.guild_id}

    @property
    def house(self) -> House:
        """Whose things these are."""
        return self.world.house

    def _last(self, room: Room) -> str | None:
        return self.id(room.history[-1]) if room.history else None

    def _thread(self, room: Room) -> Json:
        facts = self.world.facts[room]
        parent = room.parent
        thread: Json = {
            "parent_id": self.id(parent) if parent else self.guild_id,
            "owner_id": self.id(facts.owner),
            "message_count": len(room.messages),
            "total_message_sent": len(room.history),
            "member_count": len(room.members),
            "thread_metadata": {
                "archived": room.archived,
                "auto_archive_duration": facts.archive_minutes,
                "archive_timestamp": _moment(room.id),
                "create_timestamp": _moment(room.id),
                "locked": facts.locked,
            },
        }
        if self.world.me in room.members:
            thread["member"] = {
                "id": self.id(room),
                "user_id": self.id(self.world.me),
                "join_timestamp": _moment(room.id),
                "flags": 0,
            }
        return thread

    def _overwrites(self, room: Room) -> list[Json]:
        view = str(PERMISSIONS["view_channel"])
        overwrites: list[Json] = []
        if room.kind == "private":
            overwrites.append({"id": self.guild_id, "type": 0, "allow": "0", "deny": view})
            overwrites += [{"id": self.id(each), "type": 1, "allow": view, "deny": "0"} for each in room.members]
        if denied := self.world.denied.get(room, 0):
            mine = self.id(self.world.me)
            overwrites = [each for each in overwrites if each["id"] != mine]
            overwrites.append({"id": mine, "type": 1, "allow": "0", "deny": str(denied)})
        return overwrites

    def _edited(self, message: Message) -> str | None:
        if not message.edited:
            return None
        seconds = message.states[-1].at - message.first_seen
        return timestamp(datetime.fromtimestamp(message.id / 1e6 + seconds, UTC))

    def _reference(self, target: Message, *, quoted: bool) -> Json:
        reference: Json = {"type": 0, "message_id": self.id(target), "channel_id": self.id(target.room)}
        if target.room.kind != "dm":
            reference["guild_id"] = self.guild_id
        if quoted:
            return {"message_reference": reference}
        referenced = None if target.deleted else self.message(target, quoted=True)
        return {"message_reference": reference, "referenced_message": referenced}

    def _reaction(self, message: Message, emoji: str) -> Json:
        people, bursts = message.reactions[emoji], self.world.bursts
        burst = sum((message.id, each.id, emoji) in bursts for each in people)
        return {
            "emoji": emoji_json(emoji),
            "count": len(people),
            "count_details": {"burst": burst, "normal": len(people) - burst},
            "me": self.world.me in people,
            "me_burst": (message.id, self.world.me.id, emoji) in bursts,
            "burst_colors": [],
        }


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


def _moment(microseconds: int) -> str:
    return timestamp(datetime.fromtimestamp(microseconds / 1e6, UTC))
