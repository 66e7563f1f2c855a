"""Discord's gateway frames as events. No I/O: what a frame does not say (threads, names, the time) comes in beside it.

Any JSON may be thrown at `translate`: what is not understood is no event, never an exception. The payloads:
docs.discord.com/developers/events/gateway-events.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from bots.discord.interactions import interaction, parent_told
from bots.discord.reading import (
    DIRECT,
    MALFORMED,
    PLATFORM,
    Surroundings,
    guild_of,
    message_in,
    moment,
    name_of,
    person_in,
    place_in,
    read_id,
    read_text,
    roles_of,
)
from core.events import (
    ButtonPressed,
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
)
from core.messages import Attached, MessageRef, PersonRef

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
        "INTERACTION_CREATE",
    }
)
"""The frames that tell something."""

_REPLY: Final = 19
_SPOKEN: Final = (0, _REPLY)
"""The types of messages that someone wrote; the others say that someone joined, pinned, opened a thread, …"""
_ACTS: Final = (ReactionAdded, ReactionRemoved, ReactionsCleared, ButtonPressed)
"""What is a vote, by Discord's clock or by ours: their order is that of their frames."""
_REFERENCE: Final = re.compile(r"<(@&|@!?|#)(\d+)>|<(/|a?:)([^<>:]+):\d+>")


def translate(frame: Any, around: Surroundings, *, name: str, now: datetime, heard: float | None = None) -> list[Event]:
    """The events that a frame tells; none where it is none of ours or malformed.

    `name` is unique to the frame, for what Discord leaves without an id; `now` is when it arrived, for what it leaves
    without a time, and `heard` the same by a clock that never goes back.
    """
    try:
        events = _translate(frame["t"], frame["d"], around, name, now)
    except MALFORMED:
        return []
    return [replace(each, heard=heard) if isinstance(each, _ACTS) else each for each in events]


def channel_of(frame: Any) -> str | None:
    """The id of the channel in which someone writes or acts in a guild, where what it is must be known to translate."""
    try:
        data = frame["d"]
        told = frame["t"] == "INTERACTION_CREATE" and parent_told(data) is not None
        if told or frame["t"] not in ("MESSAGE_CREATE", "INTERACTION_CREATE") or not data.get("guild_id"):
            return None
        return read_id(data["channel_id"])
    except MALFORMED:
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
            event = ReactionsCleared(event_id=name, at=now, message=message_in(data, data["message_id"]), emoji=emoji)
        case "INTERACTION_CREATE":
            event = interaction(data, around)
        case _:
            event = None
    return [event] if event else []


def _received(data: dict[str, Any], around: Surroundings) -> MessageReceived | None:
    author = data["author"]
    if data.get("type", 0) not in _SPOKEN or read_id(author["id"]) == around.me:
        return None
    message, guild = message_in(data, data["id"]), guild_of(data)
    thread = around.channel(message.channel) if guild != DIRECT else None
    parent = thread.parent if thread else ""
    person = person_in(data, author, data.get("member"), around)
    return MessageReceived(
        event_id=message.id,
        at=moment(message.id),
        message=message,
        place=place_in(data, parent),
        author=replace(person, is_bot=person.is_bot or "webhook_id" in data),
        text=plain_text(read_text(data["content"]), data, around),
        addressed=guild == DIRECT or _mentions_me(data, guild, around),
        lasting=guild == DIRECT or bool(parent),
        parent=_replied_to(data) or (MessageRef(PLATFORM, guild, parent, message.channel) if parent else None),
        edited=bool(data.get("edited_timestamp")),
        files=_files(data.get("attachments")),
    )


def _files(told: object) -> tuple[Attached, ...]:
    return tuple(
        Attached(
            name=each["filename"],
            media_type=str(each.get("content_type") or ""),
            size=each["size"] if isinstance(each.get("size"), int) else 0,
            address=str(each.get("url") or ""),
        )
        for each in (told if isinstance(told, list) else ())
        if isinstance(each, dict) and isinstance(each.get("filename"), str)
    )


def _mentions_me(data: dict[str, Any], guild: str, around: Surroundings) -> bool:
    # A reply whose ping is on has its addressee among the mentions, too; with the ping off it has not.
    return any(each["id"] == around.me for each in data.get("mentions") or ()) or any(
        around.is_my_role(guild, read_id(each)) for each in data.get("mention_roles") or ()
    )


def _replied_to(data: dict[str, Any]) -> MessageRef | None:
    if data.get("type") != _REPLY:
        return None  # a forwarded message has a reference as well
    reference = data.get("message_reference") or {}
    if not reference.get("message_id"):
        return None
    return MessageRef(PLATFORM, guild_of(data), read_id(reference["channel_id"]), read_id(reference["message_id"]))


def _edited(data: dict[str, Any], around: Surroundings) -> MessageEdited | None:
    edited = data.get("edited_timestamp")
    if not edited or data["author"].get("bot") or data["author"]["id"] == around.me:
        return None  # a preview of a link was added, or a pin: nobody changed the words
    at = datetime.fromisoformat(edited)
    message = message_in(data, data["id"])
    return MessageEdited(
        event_id=f"{message.id}:edited:{edited}",
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        message=message,
        text=plain_text(read_text(data["content"]), data, around),
    )


def _deleted(data: dict[str, Any], message: object, now: datetime) -> MessageDeleted:
    ref = message_in(data, message)
    return MessageDeleted(event_id=f"{ref.id}:deleted", at=now, message=ref)


def _reaction(
    kind: str, data: dict[str, Any], around: Surroundings, name: str, now: datetime
) -> ReactionAdded | ReactionRemoved:
    user, guild = read_id(data["user_id"]), guild_of(data)
    member = data.get("member") or {}
    common: dict[str, Any] = {
        "event_id": name,
        "at": now,
        "message": message_in(data, data["message_id"]),
        "person": PersonRef(PLATFORM, guild, user),
        "emoji": emoji_name(data["emoji"]),
        "by_bot": user == around.me or bool((member.get("user") or {}).get("bot")) or around.is_bot(user),
    }
    if kind.endswith("ADD"):
        thread = around.channel(message_in(data, data["message_id"]).channel)
        place = place_in(data, thread.parent if thread else "")
        return ReactionAdded(**common, place=place, roles=roles_of(member, guild, around))
    return ReactionRemoved(**common)


def emoji_name(emoji: dict[str, Any]) -> str:
    """Unicode as it is, one of a guild's own by its name (or, once it is deleted there, its id)."""
    return read_text(emoji.get("name") or read_id(emoji["id"]))


def plain_text(raw: str, data: dict[str, Any], around: Surroundings) -> str:
    """Discord's text as a person reads it: names for ids, the mention of the assistant taken out.

    `data` is the message, which introduces whom it mentions.
    """
    guild = guild_of(data)
    people = {each["id"]: name_of(each, each.get("member")) for each in data.get("mentions") or ()}

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
