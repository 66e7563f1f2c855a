"""What people can press, choose and fill in, as plain values. How it looks on a platform is its adapter's.

An action is a word, or a word, a colon and the id of the reply that it is about: `like`, `why:01J9…`. It comes back as
it was given out; on a button below a reply the id is left out, for the message says it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Values: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""What was put into a form, by field: text or one choice, or several choices."""

MAX_ACTION: Final = 80
"""Characters; Discord's custom_id takes 100, some of which the adapter needs."""


class Verb(StrEnum):
    """What an action does."""

    LIKE = "like"
    DISLIKE = "dislike"
    WHY = "why"
    """Say why a reply is no good: a form."""
    RATE = "rate"
    """Score a reply in every dimension: a form."""
    CORRECT = "correct"
    """Say what a reply should have said: a form."""
    WITHDRAW = "withdraw"
    """Take back the vote made with a button."""
    FORGET = "forget"
    """Erase what is kept of the person who presses it."""


def action(verb: Verb, reply_id: str = "") -> str:
    """The action that does `verb`, to the reply of this id."""
    return f"{verb.value}:{reply_id}" if reply_id else verb.value


def read_action(text: str) -> tuple[Verb, str] | None:
    """The verb and the reply's id (empty where it is left out); None for what is no action of ours."""
    word, _, reply_id = text.partition(":")
    try:
        return Verb(word), reply_id
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press."""

    label: str
    """May be empty where there is an emoji."""
    action: str
    emoji: str = ""
    """Unicode."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values of a field."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """A line of a form: text where there are no `choices`."""

    name: str
    label: str
    """At most 45 characters (Discord's limit)."""
    choices: tuple[Choice, ...] = ()
    """At most 25."""
    several: bool = False
    """Any number of the choices, rather than one or none."""
    value: str | tuple[str, ...] = ""
    """What it is filled with at first."""
    hint: str = ""
    """At most 100 characters."""
    max_length: int = 3000
    required: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A dialog that one person sees; sending it makes a `FormSubmitted`."""

    action: str
    title: str
    """At most 24 characters (Slack's limit)."""
    fields: tuple[Field, ...]
    """One to five (Discord's limit)."""
    submit: str = "Send"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to be shown."""

    name: str
    content: bytes
    description: str = ""
    """Of a picture, for those who do not see it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A few sentences (Markdown) that one person sees, perhaps with something to press or a file."""

    text: str
    buttons: tuple[Button, ...] = ()
    """At most 5."""
    attachment: Attachment | None = None
