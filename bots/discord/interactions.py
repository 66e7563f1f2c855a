"""What people press, send and command on Discord, as events. No I/O.

The payloads: docs.discord.com/developers/interactions/receiving-and-responding. What is malformed raises one of
`MALFORMED`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from bots.discord.commands import MENU, NAME
from bots.discord.reading import (
    DIRECT,
    Surroundings,
    guild_of,
    message_in,
    moment,
    person_in,
    place_in,
    read_id,
    read_text,
)
from bots.discord.render_controls import SEVERAL, read_custom_id
from core.events import ButtonPressed, CommandGiven, FormSubmitted, Interaction

_COMMAND, _COMPONENT, _FORM = 2, 3, 5
"""The types of interactions."""
_IN_A_MENU: Final = 3
"""The type of a command in the menu of a message."""
_SUBCOMMAND, _GROUP = 1, 2
_INPUT: Final = 4
_THREADS: Final = (10, 11, 12)
"""The types of channels that are threads."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an interaction is answered with, and which answers it takes. It goes through the core as text."""

    id: str
    kind: int
    on_message: bool
    """It was done on a message of ours: Discord takes "nothing to say" for an answer."""
    workspace: str
    """The person's, which need not be where they acted."""
    token: str

    def __str__(self) -> str:
        return f"{self.id}:{self.kind}:{int(self.on_message)}:{self.workspace}:{self.token}"

    @property
    def is_of_form(self) -> bool:
        """It was a form that was sent: no other can follow it."""
        return self.kind == _FORM

    @classmethod
    def parse(cls, text: str) -> Self:
        """The ticket that is written so. Raises ValueError for what is none."""
        own, kind, on_message, workspace, token = text.split(":", 4)
        return cls(own, int(kind), on_message == "1", workspace, token)


def interaction(data: dict[str, Any], around: Surroundings) -> Interaction | None:
    """The event that an INTERACTION_CREATE tells; None where it is none of ours."""
    kind, what = data["type"], data["data"]
    if kind == _COMMAND and what.get("type") == _IN_A_MENU:
        return _pressed(data, what["target_id"], around, MENU.get(what["name"], ""), "")
    if kind == _COMMAND:
        return _commanded(data, around) if what["name"] == NAME else None
    if kind not in (_COMPONENT, _FORM):
        return None
    action, workspace = read_custom_id(read_text(what["custom_id"]))
    if kind == _FORM:
        return _submitted(data, around, action, workspace)
    return _pressed(data, data["message"]["id"], around, action, workspace)


def parent_told(data: dict[str, Any]) -> str | None:
    """The channel of the thread in which it was done, empty where that is no thread; None where nothing tells."""
    channel = data.get("channel")
    if guild_of(data) == DIRECT:
        return ""
    if not isinstance(channel, dict) or not isinstance(channel.get("type"), int):
        return None
    return read_id(channel["parent_id"]) if channel["type"] in _THREADS else ""


def _pressed(
    data: dict[str, Any], message: object, around: Surroundings, action: str, workspace: str
) -> ButtonPressed | None:
    if not action:
        return None
    return ButtonPressed(**_common(data, around, workspace), message=message_in(data, message), action=action)


def _submitted(data: dict[str, Any], around: Surroundings, action: str, workspace: str) -> FormSubmitted | None:
    if not action:
        return None
    values = dict(_filled_in(each) for each in _inputs(data["data"]["components"]))
    return FormSubmitted(**_common(data, around, workspace), action=action, values=values)


def _commanded(data: dict[str, Any], around: Surroundings) -> CommandGiven:
    common = _common(data, around)
    lasting = guild_of(data) == DIRECT or bool(common["place"].thread)
    return CommandGiven(**common, lasting=lasting, text=" ".join(_words(data["data"].get("options"))))


def _common(data: dict[str, Any], around: Surroundings, workspace: str = "") -> dict[str, Any]:
    """What every act has. `workspace`: as whose member it is done, where that is not where it is done."""
    own, channel, member = read_id(data["id"]), read_id(data["channel_id"]), data.get("member")
    parent = parent_told(data)
    if parent is None:
        known = around.channel(channel)
        parent = known.parent if known else ""
    person = person_in(data, member["user"] if member else data["user"], member, around)
    person = replace(person, ref=replace(person.ref, workspace=workspace or person.ref.workspace))
    on_message, token = isinstance(data.get("message"), dict), read_text(data["token"])
    return {
        "event_id": own,
        "at": moment(own),
        "person": person,
        "place": place_in(data, parent),
        "ticket": str(Ticket(own, data["type"], on_message, person.ref.workspace, token)),
    }


def _words(options: Any) -> Iterator[str]:
    """A command as it would be typed: its subcommands, and what was chosen for their options."""
    for each in options or ():
        if each["type"] in (_SUBCOMMAND, _GROUP):
            yield read_text(each["name"])
            yield from _words(each.get("options"))
        else:
            yield str(each["value"])


def _inputs(components: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What can be filled in, out of its labels (or, in older forms, rows)."""
    for each in components:
        inner = [each["component"]] if each.get("component") else each.get("components") or ()
        yield from (inside for inside in inner if "custom_id" in inside)


def _filled_in(component: dict[str, Any]) -> tuple[str, str | tuple[str, ...]]:
    name = read_text(component["custom_id"])
    if component["type"] == _INPUT:
        return name, read_text(component.get("value") or "")
    chosen = tuple(read_text(each) for each in component["values"])
    if (component.get("id") or 0) >= SEVERAL or len(chosen) > 1:
        return name, chosen
    return name, chosen[0] if chosen else ""
