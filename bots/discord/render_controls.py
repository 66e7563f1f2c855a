"""Buttons, forms and notices as Discord shows them. No I/O.

The components: docs.discord.com/developers/components/reference. Nothing is remembered of what was shown: the
`custom_id` that comes back says all.
"""

from collections.abc import Sequence
from typing import Any, Final

from bots.discord.render import render
from core.controls import Attachment, Button, Field, Form

PREFIX: Final = "plaudit:"
"""Our `custom_id`s begin with it; the rest is the action."""
SEVERAL: Final = 1_000
"""The ids of menus of which several choices can be taken begin here: what comes back does not say it otherwise."""
EPHEMERAL: Final = 1 << 6

_ROW, _BUTTON, _MENU, _INPUT, _LABEL = 1, 2, 3, 4, 18
_SECONDARY: Final = 2
_PARAGRAPH: Final = 2
_IN_A_ROW: Final = 5
_LONGEST_LABEL: Final = 80
_LONGEST_INPUT: Final = 4_000


def rows(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    """The components of a message: at most five buttons in a row."""
    chunks = [buttons[start : start + _IN_A_ROW] for start in range(0, len(buttons), _IN_A_ROW)]
    return [{"type": _ROW, "components": [_button(each) for each in chunk]} for chunk in chunks]


def _button(button: Button) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": _BUTTON, "style": _SECONDARY, "custom_id": PREFIX + button.action}
    if button.label:
        shown["label"] = button.label[:_LONGEST_LABEL]
    if button.emoji:
        shown["emoji"] = {"name": button.emoji}
    return shown


def notice(text: str, buttons: Sequence[Button], attachment: Attachment | None) -> dict[str, Any]:
    """The body of a message with buttons and a file, which is uploaded beside it."""
    body = render(text)
    if buttons:
        body["components"] = rows(buttons)
    if attachment is not None:
        body["attachments"] = [{"id": 0, "filename": attachment.name}]
    return body


def modal(form: Form) -> dict[str, Any]:
    """A form as the data of an answer that opens it."""
    labels = [_label(field, index) for index, field in enumerate(form.fields, 1)]
    return {"custom_id": PREFIX + form.action, "title": form.title, "components": labels}


def _label(field: Field, index: int) -> dict[str, Any]:
    component = _menu(field, index) if field.choices else _input(field)
    label: dict[str, Any] = {"type": _LABEL, "label": field.label, "component": component}
    return {**label, "description": field.hint} if field.hint else label


def _input(field: Field) -> dict[str, Any]:
    longest = min(field.max_length, _LONGEST_INPUT)
    shown: dict[str, Any] = {
        "type": _INPUT,
        "custom_id": field.name,
        "style": _PARAGRAPH,
        "required": field.required,
        "max_length": longest,
    }
    return {**shown, "value": field.value[:longest]} if isinstance(field.value, str) and field.value else shown


def _menu(field: Field, index: int) -> dict[str, Any]:
    chosen = (field.value,) if isinstance(field.value, str) else field.value
    options: list[dict[str, Any]] = [
        {"label": each.label, "value": each.value, "default": each.value in chosen} for each in field.choices
    ]
    return {
        "type": _MENU,
        "id": SEVERAL + index if field.several else index,
        "custom_id": field.name,
        "options": options,
        "required": field.required,
        "min_values": int(field.required),
        "max_values": len(options) if field.several else 1,
    }
