"""Buttons, forms and the home tab as Slack shows them. No I/O.

Blocks and their limits: docs.slack.dev/reference/block-kit. Nothing is remembered of what was shown: a button's value
is its action, and a form's callback_id is.
"""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final, TypeAlias

from bots.slack.interactions import PREFIX
from bots.slack.mrkdwn import sections
from bots.slack.render import render
from core.controls import Button, Choice, Field, Form, Verb, read_action

Block: TypeAlias = dict[str, Any]

_LABEL: Final = 75
"""Characters on a button, and of a choice."""
_CHECKBOXES: Final = 10
"""As many options as a group of them takes; a menu takes 100."""
_INPUT: Final = 3_000
"""Characters that can be filled in."""
_ACTIONS: Final = 25
"""Buttons in one block."""
_VOTES: Final = {Verb.LIKE: "Good answer", Verb.DISLIKE: "Bad answer"}
"""What a vote is called where its button has a face but no name: for screen readers, and beside the pointer."""


def offered(markdown: str, buttons: Sequence[Button]) -> dict[str, Any]:
    """A reply with `buttons` below it: like and dislike as Slack's own pair for that, the others in a row."""
    votes: dict[Verb, Button] = {
        meant[0]: each for each in buttons if (meant := read_action(each.action)) and meant[0] in _VOTES
    }
    if len(votes) < len(_VOTES):
        return noticed(markdown, buttons)
    others = [each for each in buttons if each not in votes.values()]
    shown = render(markdown)
    return {**shown, "blocks": [*shown["blocks"], _vote(votes), *_row(others)]}


def noticed(markdown: str, buttons: Sequence[Button]) -> dict[str, Any]:
    """A message with `buttons` below it."""
    shown = render(markdown)
    return {**shown, "blocks": [*shown["blocks"], *_row(buttons)]}


def home(markdown: str, buttons: Sequence[Button]) -> Block:
    """The view of a home tab."""
    paragraphs = [{"type": "section", "text": {"type": "mrkdwn", "text": each}} for each in sections(markdown)]
    return {"type": "home", "blocks": [*paragraphs, *_row(buttons)]}


def modal(form: Form, metadata: str) -> Block:
    """The view of a form. `metadata` comes back with it, at most 3,000 characters."""
    return {
        "type": "modal",
        "callback_id": PREFIX + form.action,
        "private_metadata": metadata,
        "title": _plain(form.title),
        "submit": _plain(form.submit),
        "close": _plain("Cancel"),
        "blocks": [_input(each) for each in form.fields],
    }


def _vote(votes: Mapping[Verb, Button]) -> Block:
    def half(verb: Verb) -> Block:
        button = votes[verb]
        return {"text": _plain((button.label or _VOTES[verb])[:_LABEL]), "value": button.action}

    element = {
        "type": "feedback_buttons",
        "action_id": f"{PREFIX}vote",
        "positive_button": half(Verb.LIKE),
        "negative_button": half(Verb.DISLIKE),
    }
    return {"type": "context_actions", "elements": [element]}


def _row(buttons: Sequence[Button]) -> list[Block]:
    # The action_ids of a block must differ from each other.
    elements = [_button(each, number) for each, number in zip(buttons[:_ACTIONS], count(), strict=False)]
    return [{"type": "actions", "elements": elements}] if elements else []


def _button(button: Button, number: int) -> Block:
    words = f"{button.emoji} {button.label}".strip()[:_LABEL]
    return {"type": "button", "action_id": f"{PREFIX}{number}", "text": _plain(words), "value": button.action}


def _input(field: Field) -> Block:
    hint = {"hint": _plain(field.hint)} if field.hint and _are_checkboxes(field) else {}
    return {
        "type": "input",
        "block_id": field.name,
        "label": _plain(field.label),
        "optional": not field.required,
        "element": _choosing(field) if field.choices else _writing(field),
        **hint,
    }


def _writing(field: Field) -> Block:
    longest = min(field.max_length, _INPUT)
    element: Block = {"type": "plain_text_input", "action_id": field.name, "multiline": True, "max_length": longest}
    if isinstance(field.value, str) and field.value:
        element["initial_value"] = field.value[:longest]
    return element | _placeholder(field)


def _choosing(field: Field) -> Block:
    chosen = (field.value,) if isinstance(field.value, str) else field.value
    options = [_option(each) for each in field.choices]
    initial = [_option(each) for each in field.choices if each.value in chosen]
    element: Block = {"action_id": field.name, "options": options}
    if not field.several:
        element |= {"type": "static_select"} | ({"initial_option": initial[0]} if initial else {})
        return element | _placeholder(field)
    if initial:
        element["initial_options"] = initial
    if _are_checkboxes(field):
        return element | {"type": "checkboxes"}
    return element | {"type": "multi_static_select"} | _placeholder(field)


def _are_checkboxes(field: Field) -> bool:
    return field.several and 0 < len(field.choices) <= _CHECKBOXES


def _option(choice: Choice) -> Block:
    return {"text": _plain(choice.label[:_LABEL]), "value": choice.value}


def _placeholder(field: Field) -> Block:
    return {"placeholder": _plain(field.hint)} if field.hint else {}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}
