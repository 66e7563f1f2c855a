"""Slack's payloads as events. No I/O: what a payload does not say (names) comes in as an argument.

Any JSON may be thrown at `translate`: what is not understood is None, never an exception.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from core.events import Event, MessageDeleted, MessageEdited, MessageReceived, ReactionAdded, ReactionRemoved
from core.messages import MessageRef, Person, PersonRef, PlaceRef

PLATFORM: Final = "slack"

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


People = Mapping[str, Profile]


def translate(body: Any, me: Identity, people: People) -> Event | None:
    """The event that an Events API payload tells, or None where it is none of ours or malformed.

    `people` gives names by user id; who is not in it is called by the id.
    """
    try:
        return _translate(body, me, people)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
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
    event_id = _text(body["event_id"])
    match event["type"]:
        case "message" | "app_mention":
            return _message(event, event_id, me, people)
        case "reaction_added" | "reaction_removed":
            return _reaction(event, event_id, me, people)
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
    user, channel, ts = _text(event["user"]), _text(event["channel"]), _text(event["ts"])
    if user == me.user_id or event.get("bot_id"):
        return None
    raw = _text(event.get("text") or "", may_be_empty=True)
    thread = _text(event.get("thread_ts") or "", may_be_empty=True)
    direct = event.get("channel_type") == "im" or channel.startswith("D")
    in_thread = bool(thread) and thread != ts
    profile = people.get(user, Profile(user))
    # A message outside a thread starts one: its own ts is the thread's. A direct message needs none.
    place = PlaceRef(PLATFORM, me.workspace, channel, thread if thread or direct else ts)
    return MessageReceived(
        event_id=event_id,
        at=_moment(ts),
        message=_ref(me, channel, ts),
        place=place,
        author=Person(PersonRef(PLATFORM, me.workspace, user), profile.name, profile.is_bot),
        text=plain_text(raw, me, people),
        addressed=direct or f"<@{me.user_id}" in raw,
        parent=_ref(me, channel, thread) if in_thread else None,
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
        at=_moment(_text(edited_at)),
        message=_ref(me, _text(event["channel"]), _text(message["ts"])),
        text=plain_text(_text(message.get("text") or "", may_be_empty=True), me, {}),
    )


def _deletion(event: dict[str, Any], event_id: str, me: Identity) -> MessageDeleted:
    deleted_at = event.get("event_ts") or event.get("ts") or event["deleted_ts"]
    return MessageDeleted(
        event_id=event_id,
        at=_moment(_text(deleted_at)),
        message=_ref(me, _text(event["channel"]), _text(event["deleted_ts"])),
    )


def _reaction(
    event: dict[str, Any], event_id: str, me: Identity, people: People
) -> ReactionAdded | ReactionRemoved | None:
    item = event["item"]
    if item["type"] != "message":
        return None
    user = _text(event["user"])
    kind = ReactionAdded if event["type"] == "reaction_added" else ReactionRemoved
    return kind(
        event_id=event_id,
        at=_moment(_text(event["event_ts"])),
        message=_ref(me, _text(item["channel"]), _text(item["ts"])),
        person=PersonRef(PLATFORM, me.workspace, user),
        emoji=_text(event["reaction"]),
        by_bot=user == me.user_id or people.get(user, Profile(user)).is_bot,
    )


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


def _ref(me: Identity, channel: str, ts: str) -> MessageRef:
    return MessageRef(PLATFORM, me.workspace, channel, ts)


def _moment(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def _text(value: object, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or not (value or may_be_empty):
        raise TypeError
    return value
