"""Slack's payloads as events. No I/O: what a payload does not say (names) comes in as an argument.

Any JSON may be thrown at `translate`: what is not understood is None, never an exception.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from core.events import (
    Event,
    HomeOpened,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    ReactionAdded,
    ReactionRemoved,
)
from core.messages import Attached, MessageRef, Person, PersonRef, PlaceRef

PLATFORM: Final = "slack"
MALFORMED: Final = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, OSError)
"""What reading a payload raises that is not as Slack writes it."""

_SPOKEN_SUBTYPES: Final = (None, "file_share", "thread_broadcast", "me_message")
_REFERENCE: Final = re.compile(r"<([@#!]?)([^>|]*)(?:\|([^>]*))?>")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the assistant is in a workspace."""

    workspace: str
    user_id: str
    bot_id: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What Slack says of a user."""

    name: str
    is_bot: bool = False
    roles: tuple[str, ...] = ()
    """`admin`, `owner`, `guest`."""


People = Mapping[str, Profile]


def translate(body: Any, me: Identity, people: People) -> Event | None:
    """The event that an Events API payload tells, or None where it is none of ours or malformed.

    `people` gives names by user id; who is not in it is called by the id.
    """
    try:
        return _translate(body, me, people)
    except MALFORMED:
        return None


def author_of(body: Any) -> str | None:
    """The id of the user that a payload is about, or None."""
    try:
        event = body["event"]
        user = event["message"]["user"] if event.get("subtype") == "message_changed" else event["user"]
    except (KeyError, TypeError, IndexError, AttributeError):
        return None
    return user if isinstance(user, str) and user else None


def _translate(body: dict[str, Any], me: Identity, people: People) -> Event | None:
    event = body["event"]
    event_id = read_text(body["event_id"])
    match event["type"]:
        case "message" | "app_mention":
            return _message(event, event_id, me, people)
        case "reaction_added" | "reaction_removed":
            return _reaction(event, event_id, me, people)
        case "app_home_opened" if event.get("tab") == "home":
            # Its event_ts may come without the point; the envelope tells the second.
            at = moment(body.get("event_time") or event["event_ts"])
            return HomeOpened(event_id=event_id, at=at, person=person_of(event["user"], me, people))
        case _:
            return None


def _message(event: dict[str, Any], event_id: str, me: Identity, people: People) -> Event | None:
    match event.get("subtype"):
        case "message_changed":
            return _edit(event, event_id, me)
        case "message_deleted":
            return _deletion(event, event_id, me)
        case subtype if subtype in _SPOKEN_SUBTYPES:
            return _received(event, event_id, me, people)
        case _:
            return None


def _received(event: dict[str, Any], event_id: str, me: Identity, people: People) -> MessageReceived | None:
    user, channel, ts = read_text(event["user"]), read_text(event["channel"]), read_text(event["ts"])
    if user == me.user_id or event.get("bot_id"):
        return None
    raw = read_text(event.get("text") or "", may_be_empty=True)
    thread = read_text(event.get("thread_ts") or "", may_be_empty=True)
    direct = event.get("channel_type") == "im" or channel.startswith("D")
    in_thread = bool(thread) and thread != ts
    # A message outside a thread starts one: its own ts is the thread's. A direct message needs none.
    place = PlaceRef(PLATFORM, me.workspace, channel, thread if thread or direct else ts)
    return MessageReceived(
        event_id=event_id,
        at=moment(ts),
        message=message_ref(me, channel, ts),
        place=place,
        author=person_of(user, me, people),
        text=plain_text(raw, me, people),
        addressed=direct or f"<@{me.user_id}" in raw,
        parent=message_ref(me, channel, thread) if in_thread else None,
        edited="edited" in event,
        files=_files(event.get("files"), me),
    )


def _files(told: object, me: Identity) -> tuple[Attached, ...]:
    """What stands beside a message. What was deleted or is too old to be shown has no name, or no address."""
    return tuple(
        Attached(
            name=read_text(each["name"]),
            media_type=str(each.get("mimetype") or ""),
            size=each["size"] if isinstance(each.get("size"), int) else 0,
            address=str(each.get("url_private_download") or each.get("url_private") or ""),
            workspace=me.workspace,
        )
        for each in (told if isinstance(told, list) else ())
        if isinstance(each, dict) and isinstance(each.get("name"), str) and each["name"]
    )


def _edit(event: dict[str, Any], event_id: str, me: Identity) -> MessageEdited | MessageDeleted | None:
    message = event["message"]
    if message.get("subtype") == "tombstone":
        # What is deleted while replies stand under it comes as a change into a gravestone.
        return _deletion(event | {"deleted_ts": message["ts"]}, event_id, me)
    before = event.get("previous_message") or {}
    if message.get("bot_id") or message.get("user") == me.user_id or message.get("text") == before.get("text"):
        return None
    # `edited.ts` is in whole seconds, and may lie before the message itself.
    edited_at = event.get("event_ts") or event.get("ts") or message["ts"]
    return MessageEdited(
        event_id=event_id,
        at=moment(read_text(edited_at)),
        message=message_ref(me, event["channel"], message["ts"]),
        text=plain_text(read_text(message.get("text") or "", may_be_empty=True), me, {}),
    )


def _deletion(event: dict[str, Any], event_id: str, me: Identity) -> MessageDeleted:
    deleted_at = event.get("event_ts") or event.get("ts") or event["deleted_ts"]
    return MessageDeleted(
        event_id=event_id,
        at=moment(read_text(deleted_at)),
        message=message_ref(me, event["channel"], event["deleted_ts"]),
    )


def _reaction(
    event: dict[str, Any], event_id: str, me: Identity, people: People
) -> ReactionAdded | ReactionRemoved | None:
    item = event["item"]
    if item["type"] != "message":
        return None
    person = person_of(event["user"], me, people)
    told: dict[str, Any] = {
        "event_id": event_id,
        "at": moment(read_text(event["event_ts"])),
        "message": message_ref(me, item["channel"], item["ts"]),
        "person": person.ref,
        "emoji": read_text(event["reaction"]),
        "by_bot": person.ref.id == me.user_id or person.is_bot,
    }
    return ReactionAdded(**told, roles=person.roles) if event["type"] == "reaction_added" else ReactionRemoved(**told)


def plain_text(raw: str, me: Identity, people: People) -> str:
    """Slack's text as a person reads it: unescaped, names for ids, the mention of the assistant taken out."""

    def reading(match: re.Match[str]) -> str:
        sign, target, label = match.groups()
        if sign == "@":
            if target == me.user_id:
                return ""
            return f"@{label or people.get(target, Profile(target)).name}"
        if sign == "#":
            return f"#{label or target}"
        if sign == "!":
            return label or f"@{target.split('^')[0]}"
        return f"{label} ({target})" if label and label != target and not target.endswith(label) else target

    # References first: an unescaped "&lt;@U1&gt;" is what someone typed, not a mention.
    return html.unescape(_REFERENCE.sub(reading, raw)).strip()


def person_of(user: object, me: Identity, people: People, name: str = "") -> Person:
    """Who has this user id; called by `name`, or else the id, where `people` does not say."""
    known = read_text(user)
    profile = people.get(known, Profile(name or known))
    return Person(PersonRef(PLATFORM, me.workspace, known), profile.name, profile.is_bot, profile.roles)


def message_ref(me: Identity, channel: object, ts: object) -> MessageRef:
    """The message at `ts` in a channel."""
    return MessageRef(PLATFORM, me.workspace, read_text(channel), read_text(ts))


def moment(ts: str | float) -> datetime:
    """When something with this `ts` happened: it counts seconds since 1970."""
    return datetime.fromtimestamp(float(ts), UTC)


def read_text(value: object, *, may_be_empty: bool = False) -> str:
    """`value`, which must be text. Raises TypeError."""
    if not isinstance(value, str) or not (value or may_be_empty):
        raise TypeError
    return value
