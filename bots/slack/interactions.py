"""What people press, send and command in Slack, as events; and the ticket that they are answered with. No I/O.

The payloads: docs.slack.dev/reference/interaction-payloads. As for events, what is not understood is None.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Self

import orjson

from bots.slack.translate import MALFORMED, PLATFORM, Identity, People, message_ref, moment, person_of, read_text
from core.controls import Verb, action
from core.events import ButtonPressed, CommandGiven, FormSubmitted, Interaction
from core.messages import PlaceRef

PREFIX: Final = "plaudit:"
"""What the ids of our buttons and forms begin with."""
ENTRIES: Final[Mapping[str, str]] = MappingProxyType(
    {"plaudit_rate": action(Verb.RATE), "plaudit_correct": action(Verb.CORRECT)}
)
"""Our entries in the menu of a message, by the callback_id of the manifest."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whom to answer, and how. It goes through the core as text, and through Slack with a form."""

    user: str
    channel: str = ""
    """Empty on the home tab."""
    thread: str = ""
    response_url: str = ""
    trigger: str = ""
    """What opens a form, once and within three seconds."""
    replaces: bool = False
    """The answer takes the place of the whisper that was pressed."""

    def __str__(self) -> str:
        return orjson.dumps({name: value for name, value in asdict(self).items() if value}).decode()

    @property
    def of_form(self) -> Self:
        """The ticket of the form that this one opens: Slack lets no other form follow it."""
        return replace(self, trigger="")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The ticket that is written so. Raises ValueError or TypeError for what is none."""
        return cls(**orjson.loads(text))


def interaction(body: Any, me: Identity, people: People, now: datetime) -> Interaction | None:
    """The event that an interaction's payload tells, or None where it is none of ours or malformed.

    `now` is when it happened where Slack does not say.
    """
    try:
        return _interaction(body, me, people, now)
    except MALFORMED:
        return None


def actor_of(body: Any) -> str | None:
    """The id of the user who did it, or None."""
    try:
        user = body["user_id"] if "command" in body else body["user"]["id"]
    except MALFORMED:
        return None
    return user if isinstance(user, str) and user else None


def _interaction(body: dict[str, Any], me: Identity, people: People, now: datetime) -> Interaction | None:
    if "command" in body:
        return _command(body, me, people, now)
    match body["type"]:
        case "block_actions":
            return _pressed(body, me, people, now)
        case "message_action":
            return _chosen(body, me, people, now)
        case "view_submission":
            return _submitted(body, me, people, now)
        case _:
            return None


def _command(body: dict[str, Any], me: Identity, people: People, now: datetime) -> CommandGiven:
    channel = read_text(body["channel_id"])
    user = read_text(body["user_id"])
    return CommandGiven(
        event_id=read_text(body["trigger_id"]),
        at=now,
        person=person_of(user, me, people, _name(body.get("user_name"))),
        place=PlaceRef(PLATFORM, me.workspace, channel),
        lasting=channel.startswith("D"),
        text=read_text(body.get("text") or "", may_be_empty=True).strip(),
        ticket=str(Ticket(user, channel, response_url=_url(body), trigger=read_text(body["trigger_id"]))),
    )


def _pressed(body: dict[str, Any], me: Identity, people: People, now: datetime) -> ButtonPressed | None:
    pressed = next((each for each in body["actions"] if read_text(each["action_id"]).startswith(PREFIX)), None)
    if pressed is None:
        return None
    told = _common(body, me, people) | {
        "at": _at(pressed.get("action_ts"), now),
        "action": read_text(pressed["value"]),
    }
    container = body["container"]
    if container["type"] == "view":
        return _pressed_at_home(body, told, me)
    channel, thread = read_text(container["channel_id"]), _thread(container, body.get("message"))
    message = message_ref(me, channel, container["message_ts"])
    whispered = bool(container.get("is_ephemeral"))
    ticket = Ticket(read_text(body["user"]["id"]), channel, thread, _url(body), told["event_id"], whispered)
    place = _place(me, channel, thread, "" if whispered else message.id)
    return ButtonPressed(**told, place=place, message=message, ticket=str(ticket))


def _pressed_at_home(body: dict[str, Any], told: dict[str, Any], me: Identity) -> ButtonPressed:
    """The home tab is in no channel; a person's id stands for the direct conversation with them."""
    user = read_text(body["user"]["id"])
    return ButtonPressed(
        **told,
        place=PlaceRef(PLATFORM, me.workspace, user),
        message=message_ref(me, user, body["container"]["view_id"]),
        ticket=str(Ticket(user, trigger=told["event_id"])),
    )


def _chosen(body: dict[str, Any], me: Identity, people: People, now: datetime) -> ButtonPressed | None:
    wish = ENTRIES.get(body["callback_id"])
    if wish is None:
        return None
    shown, channel = body["message"], read_text(body["channel"]["id"])
    message = message_ref(me, channel, shown.get("ts") or body["message_ts"])
    told, thread = _common(body, me, people), _thread(shown)
    ticket = Ticket(read_text(body["user"]["id"]), channel, thread, _url(body), told["event_id"])
    return ButtonPressed(
        **told,
        at=_at(body.get("action_ts"), now),
        place=_place(me, channel, thread, message.id),
        message=message,
        action=wish,
        ticket=str(ticket),
    )


def _submitted(body: dict[str, Any], me: Identity, people: People, now: datetime) -> FormSubmitted | None:
    view = body["view"]
    name = read_text(view["callback_id"])
    if not name.startswith(PREFIX):
        return None
    ticket = Ticket.parse(read_text(view["private_metadata"])).of_form
    # Whoever it was opened for, the one who sends it is told.
    ticket = replace(ticket, user=read_text(body["user"]["id"]))
    return FormSubmitted(
        **_common(body, me, people),
        at=now,
        place=PlaceRef(PLATFORM, me.workspace, read_text(ticket.channel or ticket.user), ticket.thread),
        action=name.removeprefix(PREFIX),
        values=dict(_values(view["state"]["values"])),
        ticket=str(ticket),
    )


def _common(body: dict[str, Any], me: Identity, people: People) -> dict[str, Any]:
    user = body["user"]
    name = _name(user.get("name") or user.get("username"))
    # A trigger_id is made for each act anew, and comes again when the act is told again.
    return {"event_id": read_text(body["trigger_id"]), "person": person_of(user["id"], me, people, name)}


def _values(blocks: dict[str, Any]) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """What was put in, by the names of the inputs."""
    for block in blocks.values():
        for name, given in block.items():
            yield name, _value(given)


def _value(given: dict[str, Any]) -> str | tuple[str, ...]:
    if "selected_options" in given:
        return tuple(read_text(each["value"]) for each in given["selected_options"] or ())
    if "selected_option" in given:
        return read_text(given["selected_option"]["value"]) if given["selected_option"] else ""
    return read_text(given.get("value") or "", may_be_empty=True)


def _place(me: Identity, channel: str, thread: str, ts: str) -> PlaceRef:
    """Where an answer belongs: the thread, or the one that the message at `ts` starts. A direct message needs none."""
    return PlaceRef(PLATFORM, me.workspace, channel, thread or ("" if channel.startswith("D") else ts))


def _thread(*told: Any) -> str:
    """The thread, which any of these may tell; empty outside of one."""
    found = next((each["thread_ts"] for each in told if isinstance(each, dict) and each.get("thread_ts")), "")
    return read_text(found, may_be_empty=True)


def _at(ts: object, now: datetime) -> datetime:
    return moment(ts) if isinstance(ts, str) and ts else now


def _url(body: dict[str, Any]) -> str:
    return read_text(body.get("response_url") or "", may_be_empty=True)


def _name(value: object) -> str:
    return value if isinstance(value, str) else ""
