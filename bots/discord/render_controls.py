"""Buttons, forms and notices as Discord shows them. No I/O.

The components: docs.discord.com/developers/components/reference. Nothing is remembered of what was shown: the
`custom_id` that comes back says all.
"""

from collections.abc import Sequence
from typing import Any, Final

from bots.discord.reading import DIRECT
from bots.discord.render import MESSAGE_LENGTH, length, render
from core.controls import Attachment, Button, Field, Form, Notice
from core.splitting import split

NAME: Final = "plaudit"
"""Our `custom_id`s begin with it."""
SEVERAL: Final = 1_000
"""The ids of menus of which several choices can be taken begin here: what comes back does not say it otherwise."""
EPHEMERAL: Final = 1 << 6

_ROW, _BUTTON, _MENU, _INPUT, _LABEL = 1, 2, 3, 4, 18
_SECONDARY: Final = 2
_PARAGRAPH: Final = 2
_IN_A_ROW: Final = 5
_LONGEST_LABEL: Final = 80
_LONGEST_ID: Final = 100
_LONGEST_INPUT: Final = 4_000


def custom_id(action: str, workspace: str = "") -> str:
    """`plaudit:<action>`, or `plaudit@<guild>:<action>` for what a member is asked outside of the guild."""
    far = f"{NAME}@{workspace}:{action}"
    return far if workspace not in ("", DIRECT) and len(far) <= _LONGEST_ID else f"{NAME}:{action}"


def read_custom_id(own: str) -> tuple[str, str]:
    """The action and the workspace that `custom_id` wrote; no action where it is none of ours."""
    name, _, action = own.partition(":")
    name, _, workspace = name.partition("@")
    return (action, workspace) if name == NAME else ("", "")


def rows(buttons: Sequence[Button], workspace: str = "") -> list[dict[str, Any]]:
    """The components of a message: at most five buttons in a row."""
    chunks = [buttons[start : start + _IN_A_ROW] for start in range(0, len(buttons), _IN_A_ROW)]
    return [{"type": _ROW, "components": [_button(each, workspace) for each in chunk]} for chunk in chunks]


def _button(button: Button, workspace: str) -> dict[str, Any]:
    own = custom_id(button.action, workspace)
    shown: dict[str, Any] = {"type": _BUTTON, "style": _SECONDARY, "custom_id": own}
    if button.label:
        shown["label"] = button.label[:_LONGEST_LABEL]
    if button.emoji:
        shown["emoji"] = {"name": button.emoji}
    return shown


def pages(told: Notice, workspace: str = "") -> list[tuple[dict[str, Any], Attachment | None]]:
    """A notice as the bodies of as many messages as it takes, the buttons and the file, if any, with the last."""
    texts = split(told.text, MESSAGE_LENGTH, length) or ("",)
    bodies = [render(each) for each in texts]
    if told.buttons:
        bodies[-1]["components"] = rows(told.buttons, workspace)
    if told.attachment is not None:
        bodies[-1]["attachments"] = [{"id": 0, "filename": told.attachment.name}]
    return [*((each, None) for each in bodies[:-1]), (bodies[-1], told.attachment)]


def modal(form: Form, workspace: str = "") -> dict[str, Any]:
    """A form as the data of an answer that opens it."""
    labels = [_label(field, index) for index, field in enumerate(form.fields, 1)]
    return {"custom_id": custom_id(form.action, workspace), "title": form.title, "components": labels}


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
