"""Discord's gateway frames as events. No I/O: what a frame does not say (threads, names, the time) comes in beside it.

Any JSON may be thrown at `translate`: what is not understood is no event, never an exception. The payloads:
docs.discord.com/developers/events/gateway-events.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from core.events import (
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
)
from core.messages import MessageRef, Person, PersonRef, PlaceRef

PLATFORM: Final = "discord"
DIRECT: Final = "dm"
"""The workspace of what happens outside of guilds."""

EVENTS: Final = frozenset(
    {
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "MESSAGE_DELETE_BULK",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
    }
)
"""The frames that tell something."""

_EPOCH_MS: Final = 1_420_070_400_000
"""A snowflake's milliseconds count from the beginning of 2015."""
_LARGEST: Final = 2**63
_REPLY: Final = 19
_SPOKEN: Final = (0, _REPLY)
"""The types of messages that someone wrote; the others say that someone joined, pinned, opened a thread, …"""
_REFERENCE: Final = re.compile(r"<(@&|@!?|#)(\d+)>|<(/|a?:)([^<>:]+):\d+>")


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
        """The name of a role."""
        ...

    def is_my_role(self, guild: str, role: str) -> bool:
        """Whether this is the role that Discord made for the assistant alone: a mention of it means the assistant."""
        ...

    def is_bot(self, user: str) -> bool:
        """Whether this user is known to be a bot."""
        ...


def translate(frame: Any, around: Surroundings, *, name: str, now: datetime) -> list[Event]:
    """The events that a frame tells; none where it is none of ours or malformed.

    `name` is unique to the frame, for what Discord leaves without an id; `now` is when it arrived, for what it leaves
    without a time.
    """
    try:
        return _translate(frame["t"], frame["d"], around, name, now)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return []


def channel_of(frame: Any) -> str | None:
    """The id of the channel in which someone writes in a guild: what it is must be known to translate the frame."""
    try:
        if frame["t"] != "MESSAGE_CREATE" or not frame["d"].get("guild_id"):
            return None
        return _id(frame["d"]["channel_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _translate(kind: str, data: dict[str, Any], around: Surroundings, name: str, now: datetime) -> list[Event]:
    event: Event | None
    match kind:
        case "MESSAGE_CREATE":
            event = _received(data, around)
        case "MESSAGE_UPDATE":
            event = _edited(data, around)
        case "MESSAGE_DELETE":
            event = _deleted(data, data["id"], now)
        case "MESSAGE_DELETE_BULK":
            return [_deleted(data, each, now) for each in data["ids"]]
        case "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE":
            event = _reaction(kind, data, around, name, now)
        case "MESSAGE_REACTION_REMOVE_ALL" | "MESSAGE_REACTION_REMOVE_EMOJI":
            emoji = emoji_name(data["emoji"]) if kind.endswith("EMOJI") else None
            event = ReactionsCleared(event_id=name, at=now, message=_ref(data, data["message_id"]), emoji=emoji)
        case _:
            event = None
    return [event] if event else []


def _received(data: dict[str, Any], around: Surroundings) -> MessageReceived | None:
    author = data["author"]
    if data.get("type", 0) not in _SPOKEN or _id(author["id"]) == around.me:
        return None
    message, guild = _ref(data, data["id"]), _guild(data)
    thread = around.channel(message.channel) if guild != DIRECT else None
    parent = thread.parent if thread else ""
    return MessageReceived(
        event_id=message.id,
        at=moment(message.id),
        message=message,
        place=PlaceRef(PLATFORM, guild, parent or message.channel, message.channel if parent else ""),
        author=Person(
            PersonRef(PLATFORM, guild, _id(author["id"])),
            _name(author, data.get("member")),
            is_bot=bool(author.get("bot")) or "webhook_id" in data,
        ),
        text=plain_text(_text(data["content"]), data, around),
        addressed=guild == DIRECT or _mentions_me(data, guild, around),
        lasting=guild == DIRECT or bool(parent),
        parent=_replied_to(data) or (MessageRef(PLATFORM, guild, parent, message.channel) if parent else None),
    )


def _mentions_me(data: dict[str, Any], guild: str, around: Surroundings) -> bool:
    # A reply whose ping is on has its addressee among the mentions, too; with the ping off it has not.
    return any(each["id"] == around.me for each in data.get("mentions") or ()) or any(
        around.is_my_role(guild, _id(each)) for each in data.get("mention_roles") or ()
    )


def _replied_to(data: dict[str, Any]) -> MessageRef | None:
    if data.get("type") != _REPLY:
        return None  # a forwarded message has a reference as well
    reference = data.get("message_reference") or {}
    if not reference.get("message_id"):
        return None
    return MessageRef(PLATFORM, _guild(data), _id(reference["channel_id"]), _id(reference["message_id"]))


def _edited(data: dict[str, Any], around: Surroundings) -> MessageEdited | None:
    edited = data.get("edited_timestamp")
    if not edited or data["author"].get("bot") or data["author"]["id"] == around.me:
        return None  # a preview of a link was added, or a pin: nobody changed the words
    at = datetime.fromisoformat(edited)
    message = _ref(data, data["id"])
    return MessageEdited(
        event_id=f"{message.id}:edited:{edited}",
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        message=message,
        text=plain_text(_text(data["content"]), data, around),
    )


def _deleted(data: dict[str, Any], message: object, now: datetime) -> MessageDeleted:
    ref = _ref(data, message)
    return MessageDeleted(event_id=f"{ref.id}:deleted", at=now, message=ref)


def _reaction(
    kind: str, data: dict[str, Any], around: Surroundings, name: str, now: datetime
) -> ReactionAdded | ReactionRemoved:
    user = _id(data["user_id"])
    member = data.get("member") or {}
    return (ReactionAdded if kind.endswith("ADD") else ReactionRemoved)(
        event_id=name,
        at=now,
        message=_ref(data, data["message_id"]),
        person=PersonRef(PLATFORM, _guild(data), user),
        emoji=emoji_name(data["emoji"]),
        by_bot=user == around.me or bool((member.get("user") or {}).get("bot")) or around.is_bot(user),
    )


def emoji_name(emoji: dict[str, Any]) -> str:
    """Unicode as it is, one of a guild's own by its name (or, once it is deleted there, its id)."""
    return _text(emoji.get("name") or _id(emoji["id"]))


def plain_text(raw: str, data: dict[str, Any], around: Surroundings) -> str:
    """Discord's text as a person reads it: names for ids, the mention of the assistant taken out.

    `data` is the message, which introduces whom it mentions.
    """
    guild = _guild(data)
    people = {each["id"]: _name(each, each.get("member")) for each in data.get("mentions") or ()}

    def reading(match: re.Match[str]) -> str:
        sign, target, other, name = match.groups()
        match sign:
            case "@" | "@!":
                return "" if target == around.me else f"@{people.get(target, target)}"
            case "@&":
                return "" if around.is_my_role(guild, target) else f"@{around.role(guild, target)}"
            case "#":
                channel = around.channel(target)
                return f"#{channel.name if channel else target}"
            case _:
                return f"/{name}" if other == "/" else f":{name}:"

    return _REFERENCE.sub(reading, raw).strip()


def moment(snowflake: str) -> datetime:
    """When the thing with this id was made (docs.discord.com/developers/reference#snowflakes)."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + _EPOCH_MS) / 1000, UTC)


def snowflake(moment: datetime) -> str:
    """The smallest id of a thing that was made at `moment`."""
    return str(max(0, int(moment.timestamp() * 1000) - _EPOCH_MS) << 22)


def _guild(data: dict[str, Any]) -> str:
    return _id(data["guild_id"]) if data.get("guild_id") else DIRECT


def _ref(data: dict[str, Any], message: object) -> MessageRef:
    return MessageRef(PLATFORM, _guild(data), _id(data["channel_id"]), _id(message))


def _name(user: dict[str, Any], member: Any) -> str:
    nick = member.get("nick") if isinstance(member, dict) else None
    return _text(nick or user.get("global_name") or user["username"])


def _id(value: object) -> str:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or int(value) >= _LARGEST:
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
