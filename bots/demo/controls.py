"""What people have before them to press and to fill in, as plain values, read from the wires that the box keeps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from bots.pocket.discord_text import walk
from bots.pocket.server import Pocket
from bots.pocket.slack_text import unescaped
from bots.pocket.things import Message, Person, Platform
from core.controls import Choice, Field, Form, Values

Json: TypeAlias = Mapping[str, Any]

_BUTTON, _LABEL = 2, 18
"""Types of Discord's components."""
_SLACKS_VOTES: Final = {"positive_button": "👍", "negative_button": "👎"}
"""Slack shows its feedback buttons as thumbs; their text is for screen readers."""


@dataclass(frozen=True, slots=True)
class Control:
    """A button below a message."""

    label: str
    """As people see it."""
    name: str
    """What `Person.presses` finds it by."""


def buttons(message: Message) -> list[Control]:
    """The buttons below a message, in reading order."""
    blocks: Sequence[Json] = message.wire.get("blocks") or ()
    slacks = [each for block in blocks for element in block.get("elements") or () for each in _of_slack(element)]
    return slacks + [_of_discord(each) for each in walk(message.wire.get("components")) if each.get("type") == _BUTTON]


def form_before(person: Person, pocket: Pocket, platform: Platform) -> Form | None:
    """The dialog that a person has open there."""
    if platform == "slack":
        view = pocket.slack.views.dialog(person)
        return None if view is None else _slacks_form(view.given)
    opened = pocket.discord.hands.dialogs.get(person)
    return None if opened is None or opened.modal is None else _discords_form(opened.modal)


def filled(form: Form, values: Values) -> Form:
    """The form with `values` put in, by field."""
    return replace(form, fields=tuple(replace(each, value=values.get(each.name, each.value)) for each in form.fields))


def _of_slack(element: Json) -> Iterator[Control]:
    for half, thumb in _SLACKS_VOTES.items():
        if half in element:
            yield Control(thumb, element[half]["value"])
    if element.get("type") == "button":
        yield Control(unescaped(element["text"]["text"]), element["value"])


def _of_discord(button: Json) -> Control:
    emoji = (button.get("emoji") or {}).get("name", "")
    return Control(f"{emoji} {button.get('label', '')}".strip(), button["custom_id"])


def _slacks_form(view: Json) -> Form:
    fields = tuple(_slacks_field(each) for each in view["blocks"] if each["type"] == "input")
    return Form(view["callback_id"], view["title"]["text"], fields, view["submit"]["text"])


def _slacks_field(block: Json) -> Field:
    element = block["element"]
    choices = tuple(Choice(each["value"], each["text"]["text"]) for each in element.get("options") or ())
    chosen = tuple(each["value"] for each in element.get("initial_options") or ())
    one = (element.get("initial_option") or {}).get("value") or element.get("initial_value") or ""
    several = element["type"] in ("checkboxes", "multi_static_select")
    hint = (block.get("hint") or element.get("placeholder") or {}).get("text", "")
    return Field(element["action_id"], block["label"]["text"], choices, several=several, value=chosen or one, hint=hint)


def _discords_form(modal: Json) -> Form:
    fields = tuple(_discords_field(each) for each in modal["components"] if each["type"] == _LABEL)
    return Form(modal["custom_id"], modal["title"], fields)


def _discords_field(label: Json) -> Field:
    component = label["component"]
    options: Sequence[Json] = component.get("options") or ()
    choices = tuple(Choice(each["value"], each["label"]) for each in options)
    chosen = tuple(each["value"] for each in options if each.get("default"))
    several = component.get("max_values", 1) > 1
    value = chosen if several else next(iter(chosen), component.get("value") or "")
    return Field(
        component["custom_id"],
        label["label"],
        choices,
        several=several,
        value=value,
        hint=label.get("description") or "",
    )
