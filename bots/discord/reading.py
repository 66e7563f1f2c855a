"""What Discord's payloads have in common: ids, moments, people, places. No I/O.

What is not as Discord writes it raises one of `MALFORMED`; whoever translates makes nothing of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from core.messages import MessageRef, Person, PersonRef, PlaceRef

PLATFORM: Final = "discord"
DIRECT: Final = "dm"
"""The workspace of what happens outside of guilds."""
MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError, OverflowError)

_EPOCH_MS: Final = 1_420_070_400_000
"""A snowflake's milliseconds count from the beginning of 2015."""
_LARGEST: Final = 2**63


@dataclass(frozen=True, slots=True)
class Channel:
    """What Discord calls a channel: also a thread, or a post in a forum."""

    name: str
    parent: str = ""
    """For a thread: the id of the channel or forum that it belongs to."""


class Surroundings(Protocol):
    """What a frame does not say."""

    @property
    def me(self) -> str:
        """The assistant's user id."""
        ...

    def channel(self, channel: str) -> Channel | None:
        """The channel of this id; None where it is not known (a direct conversation need not be)."""
        ...

    def role(self, guild: str, role: str) -> str:
        """The name of a role; its id where it is not known."""
        ...

    def is_my_role(self, guild: str, role: str) -> bool:
        """Whether this is the role that Discord made for the assistant alone: a mention of it means the assistant."""
        ...

    def is_bot(self, user: str) -> bool:
        """Whether this user is known to be a bot."""
        ...


def moment(snowflake: str) -> datetime:
    """When the thing with this id was made (docs.discord.com/developers/reference#snowflakes)."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + _EPOCH_MS) / 1000, UTC)


def snowflake(moment: datetime) -> str:
    """The smallest id of a thing that was made at `moment`."""
    return str(max(0, int(moment.timestamp() * 1000) - _EPOCH_MS) << 22)


def read_id(value: object) -> str:
    """`value`, which must be a snowflake as JSON carries it."""
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or int(value) >= _LARGEST:
        raise TypeError
    return value


def read_text(value: object) -> str:
    """`value`, which must be text."""
    if not isinstance(value, str):
        raise TypeError
    return value


def guild_of(data: dict[str, Any]) -> str:
    """The guild in which something happened, or `DIRECT`."""
    return read_id(data["guild_id"]) if data.get("guild_id") else DIRECT


def message_in(data: dict[str, Any], message: object) -> MessageRef:
    """The message of this id, where `data` says."""
    return MessageRef(PLATFORM, guild_of(data), read_id(data["channel_id"]), read_id(message))


def place_in(data: dict[str, Any], parent: str) -> PlaceRef:
    """The place where something happened; `parent` is the channel of a thread, or empty."""
    channel = read_id(data["channel_id"])
    return PlaceRef(PLATFORM, guild_of(data), parent or channel, channel if parent else "")


def person_in(data: dict[str, Any], user: dict[str, Any], member: Any, around: Surroundings) -> Person:
    """Who `user` is in the guild of `data`; `member` is their membership there, where something says it."""
    guild = guild_of(data)
    return Person(
        PersonRef(PLATFORM, guild, read_id(user["id"])),
        name_of(user, member),
        is_bot=bool(user.get("bot")),
        roles=roles_of(member, guild, around),
    )


def name_of(user: dict[str, Any], member: Any) -> str:
    """What people there call a user."""
    nick = member.get("nick") if isinstance(member, dict) else None
    return read_text(nick or user.get("global_name") or user["username"])


def roles_of(member: Any, guild: str, around: Surroundings) -> tuple[str, ...]:
    """The ids of a member's roles, and their names."""
    if not isinstance(member, dict) or guild == DIRECT:
        return ()
    return tuple(dict.fromkeys(_roles(member.get("roles") or (), guild, around)))


def _roles(roles: Any, guild: str, around: Surroundings) -> Iterator[str]:
    for each in roles:
        role = read_id(each)
        yield role
        yield around.role(guild, role)


def permalink(message: MessageRef) -> str:
    """Where a message is opened in a browser or in the app; between two people the guild is called `@me`."""
    guild = "@me" if message.workspace == DIRECT else message.workspace
    return f"https://discord.com/channels/{guild}/{message.channel}/{message.id}"
