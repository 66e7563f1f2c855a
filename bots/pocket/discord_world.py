"""The house as one Discord guild: snowflakes, who may do what where, threads, emoji. It knows no sockets, no JSON.

A snowflake is a moment, too (docs.discord.com/developers/reference#snowflakes): the house's microseconds become its
milliseconds and, below them, what is left.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bots.pocket.discord_errors import Problem, RefusedError
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.house import House
from bots.pocket.things import Message, Person, Room

_EPOCH_MS: Final = 1_420_070_400_000
"""The first moment of 2015, from which Discord counts."""
_HOUR: Final = 3600.0

PERMISSIONS: Mapping[str, int] = {
    "add_reactions": 1 << 6,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "mention_everyone": 1 << 17,
    "use_external_emojis": 1 << 18,
    "use_application_commands": 1 << 31,
    "manage_threads": 1 << 34,
    "create_public_threads": 1 << 35,
    "send_messages_in_threads": 1 << 38,
}
"""Bits, from docs.discord.com/developers/topics/permissions; a bot with the usual invitation has them all."""
ALL_PERMISSIONS: Final = sum(PERMISSIONS.values())

_CUSTOM_EMOJI = re.compile(r"\w{2,32}:\d+")


def snowflake(moment: int) -> int:
    """The snowflake of a moment in microseconds since 1970."""
    milliseconds, rest = divmod(moment, 1000)
    return ((milliseconds - _EPOCH_MS) << 22) | rest


def moment(snowflake: int) -> int:
    """The other way round."""
    return ((snowflake >> 22) + _EPOCH_MS) * 1000 + (snowflake & 0x3FFFFF)


@dataclass(slots=True)
class ThreadFacts:
    """What Discord knows of a thread beside its room."""

    owner: Person
    archive_minutes: int = 1440
    locked: bool = False


class World:
    """A guild in the house, seen by the assistant's account.

    There may be more of them: the same people are in each, with the same roles and emoji; only the rooms differ.
    """

    def __init__(self, house: House, rules: DiscordRules, guild_name: str = "Plaudit's house") -> None:
        self.house = house
        self.rules = rules
        self.guild_name = guild_name
        self.guild_id = snowflake(house.next_id())
        self.guilds: dict[int, str] = {self.guild_id: guild_name}
        """Names by snowflake, the first one's too."""
        self.role_id = snowflake(house.next_id())
        """The assistant's own role; the role of everyone has the guild's id."""
        self.roles: dict[str, int] = {}
        """The guild's other roles: snowflakes by name."""
        self.held: dict[Person, list[str]] = {}
        """The names of the roles that people have."""
        self.unreachable: set[Person] = set()
        """Who takes no direct messages."""
        self.uploads: dict[str, bytes] = {}
        """Files, by the snowflakes of the attachments that they became."""
        self.files_at = ""
        """The address below which people's files are fetched."""
        self.emojis: dict[str, int] = {}
        """The guild's own emoji: snowflakes by name."""
        self.bursts: set[tuple[int, int, str]] = set()
        """(message, person, emoji) of the reactions that were super ones."""
        self.denied: dict[Room, int] = {}
        """Permission bits that the assistant lacks in a room."""
        self.facts: dict[Room, ThreadFacts] = {}
        self._by_starter: dict[int, Room] = {}
        self._opener: Person | None = None
        self._opening_in = self.guild_id
        self._elsewhere: dict[Room, int] = {}
        for room in house.rooms.values():
            self.remember(room)

    @property
    def me(self) -> Person:
        """The assistant."""
        return self.house.assistants["discord"]

    # Names

    def id_of(self, thing: Person | Room | Message) -> int:
        """Its snowflake. A thread has that of its first message, be that in the channel or (a forum) in itself."""
        if isinstance(thing, Room) and thing.starter is not None:
            return snowflake(thing.starter.id)
        if isinstance(thing, Message) and _opens_forum_post(thing):
            return snowflake(thing.room.id)
        return snowflake(thing.id)

    def own_id(self, room: Room) -> int:
        """The snowflake of the moment when `room` was opened, which for a thread is not its id."""
        return snowflake(room.id)

    def room(self, snowflake: int) -> Room:
        """The room of this snowflake. Raises 10003."""
        at = moment(snowflake)
        room = self.house.rooms.get(at) or self._by_starter.get(at)
        if room is None or room.platform != "discord":
            raise RefusedError(Problem.UNKNOWN_CHANNEL)
        return room

    def message(self, room: Room, snowflake: int) -> Message:
        """The message of this snowflake, whispers included. Raises 10008."""
        at = moment(snowflake)
        if at == room.id and room.history:
            at = room.history[0].id
        message = self.house.messages.get(at)
        if message is None or message.room is not room or message.deleted:
            raise RefusedError(Problem.UNKNOWN_MESSAGE)
        return message

    def person(self, snowflake: int) -> Person:
        """The person of this snowflake. Raises 10013."""
        person = self.house.people.get(moment(snowflake))
        if person is None or person.platform not in (None, "discord"):
            raise RefusedError(Problem.UNKNOWN_USER)
        return person

    @property
    def rooms(self) -> list[Room]:
        """The rooms of every guild, threads included."""
        return [each for each in self.house.rooms.values() if each.platform == "discord" and each.kind != "dm"]

    @property
    def members(self) -> list[Person]:
        """Everyone in the guild."""
        return [each for each in self.house.people.values() if each.platform in (None, "discord")]

    # Guilds

    def found(self, name: str, shard: int, count: int) -> int:
        """Make a guild whose events go to `shard` of `count`; its snowflake."""
        new = snowflake(self.house.next_id())
        while (new >> 22) % count != shard or new in self.guilds:
            new -= 1 << 22
        self.guilds[new] = name
        return new

    def guild_of(self, room: Room) -> int:
        """The snowflake of the guild that `room` is in."""
        return self._elsewhere.get(room.parent or room, self.guild_id)

    def rooms_in(self, guild: int) -> list[Room]:
        """A guild's rooms, threads included."""
        return [each for each in self.rooms if self.guild_of(each) == guild]

    @contextlib.contextmanager
    def opening_in(self, guild: int) -> Iterator[None]:
        """A room that is opened inside is in `guild`."""
        self._opening_in = guild
        try:
            yield
        finally:
            self._opening_in = self.guild_id

    # Threads

    @contextlib.contextmanager
    def opening_as(self, owner: Person) -> Iterator[None]:
        """A thread that is opened inside belongs to `owner`."""
        self._opener = owner
        try:
            yield
        finally:
            self._opener = None

    def remember(self, room: Room) -> None:
        """Take note of a room that was opened."""
        if room.platform == "discord" and room.parent is None and self._opening_in != self.guild_id:
            self._elsewhere.setdefault(room, self._opening_in)
        if room.platform != "discord" or room.kind != "thread":
            return
        if room.starter is not None:
            self._by_starter[room.starter.id] = room
        if room not in self.facts:
            self.facts[room] = ThreadFacts(self._opener or (room.starter.author if room.starter else self.me))

    def thread_from(self, message: Message) -> Room | None:
        """The thread that was made from `message`."""
        return self._by_starter.get(message.id)

    # Permissions

    def permissions(self, room: Room) -> int:
        """What the assistant may do in `room`, as bits."""
        denied = self.denied.get(room, 0) | (self.denied.get(room.parent, 0) if room.parent else 0)
        return ALL_PERMISSIONS & ~denied

    def sees(self, room: Room) -> bool:
        """Whether the assistant is told of what happens in `room`."""
        root = room.parent or room
        if root.kind in ("private", "dm") and self.me not in root.members:
            return False
        return bool(self.permissions(room) & PERMISSIONS["view_channel"])

    def require(self, room: Room, *names: str) -> None:
        """Raise 50001 or 50013 unless the assistant has these permissions in `room`."""
        if not self.sees(room):
            raise RefusedError(Problem.MISSING_ACCESS)
        wanted = sum(PERMISSIONS[name] for name in names)
        if room.kind != "dm" and wanted & ~self.permissions(room):
            raise RefusedError(Problem.MISSING_PERMISSIONS)

    # Emoji

    def emoji(self, name: str) -> str:
        """`name` as the house keeps it: unicode as it is, the guild's own as `name:snowflake`. Raises 10014."""
        if _CUSTOM_EMOJI.fullmatch(name):
            known, _, emoji_id = name.partition(":")
            if self.emojis.get(known) == int(emoji_id):
                return name
        elif not name.isascii():
            return name
        raise RefusedError(Problem.UNKNOWN_EMOJI)

    def is_old(self, message: Message) -> bool:
        """It was posted more than an hour ago."""
        return (self.house.clock.now() - message.at).total_seconds() > _HOUR


def _opens_forum_post(message: Message) -> bool:
    room = message.room
    return room.parent is not None and room.parent.kind == "forum" and room.history[:1] == [message]
