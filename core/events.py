"""What people did on a platform, as the adapters tell it: plain values in the past tense.

Every event carries `event_id`, the platform's own name for it where it has one, which is the same when the platform
delivers it again; and `at`, when it happened there (or arrived, where the platform does not say).

Where not all that a platform tells has a time, `heard` is the moment of its arrival by a clock that never goes back:
of two acts that have one, the one with more came later, whatever `at` says.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from core.controls import Values
from core.messages import Attached, MessageRef, Person, PersonRef, PlaceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """Someone wrote a message that the assistant can see."""

    event_id: str
    at: datetime
    message: MessageRef
    place: PlaceRef
    """Where an answer to it belongs."""
    author: Person
    text: str
    """As a model may read it: unescaped, the mention of the assistant taken out."""
    addressed: bool
    """It speaks to the assistant: a mention, a direct message, a reply that rings."""
    lasting: bool = True
    """The place holds one conversation (a thread, a direct message), rather than a chain of replies among others."""
    parent: MessageRef | None = None
    """What it stands under: the message it replies to, or the one its thread was made from."""
    found_later: bool = False
    """The platform did not tell of it: it was found when the assistant looked at what it had missed."""
    seen_at: datetime | None = None
    """Of what was found: a moment before the platform was asked. It need not have seen what came after it."""
    edited: bool = False
    """It no longer reads as it did at first."""
    files: tuple[Attached, ...] = ()
    """What stands beside the text."""
    in_new_place: bool = False
    """Its place was made for it, under a name that nobody had: nothing can stand there, this message least of all."""

    @property
    def worded_at(self) -> datetime:
        """The moment of which it is known that it read so."""
        return self.seen_at if self.edited and self.seen_at else self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited:
    """Someone changed what they had written."""

    event_id: str
    at: datetime
    message: MessageRef
    text: str
    found_later: bool = False
    """As for a message; then `at` is the moment before the platform was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted:
    """A message is gone."""

    event_id: str
    at: datetime
    message: MessageRef
    found_later: bool = False
    """As for a message; then `at` is the moment before the platform was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionAdded:
    """Someone put an emoji on a message."""

    event_id: str
    at: datetime
    message: MessageRef
    person: PersonRef
    emoji: str
    """As the platform names it; `core.feedback.canonical_emoji` makes one name of them."""
    place: PlaceRef | None = None
    """Where the message stands, if more is known of it than the message's own address says (a thread's channel)."""
    by_bot: bool = False
    roles: tuple[str, ...] = ()
    """The person's, as in `Person`; empty where the platform does not say."""
    found_later: bool = False
    """As for a message; then `at` is the moment before the platform was asked."""
    heard: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionRemoved:
    """Someone took their emoji away."""

    event_id: str
    at: datetime
    message: MessageRef
    person: PersonRef
    emoji: str
    by_bot: bool = False
    found_later: bool = False
    heard: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionsCleared:
    """A moderator took everyone's emoji away: all of them, or all of one kind."""

    event_id: str
    at: datetime
    message: MessageRef
    emoji: str | None = None
    heard: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPressed:
    """Someone pressed a button of ours, or chose our entry in the menu of a message."""

    event_id: str
    at: datetime
    person: Person
    place: PlaceRef
    message: MessageRef
    """What the button is on, or whose menu it was."""
    action: str
    """The button's, as `core.controls` writes it."""
    ticket: str
    """What the platform takes for an answer to this very act, for some minutes; only its adapter reads it."""
    heard: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSubmitted:
    """Someone filled in a form of ours and sent it."""

    event_id: str
    at: datetime
    person: Person
    place: PlaceRef
    action: str
    """The form's."""
    values: Values
    """By the names of the form's fields: what was put in. A field that was left empty is empty here, or not here."""
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGiven:
    """Someone gave a slash command."""

    event_id: str
    at: datetime
    person: Person
    place: PlaceRef
    lasting: bool
    """As for a message: the place holds one conversation."""
    text: str
    """What stands behind the command's name (`privacy export`), trimmed."""
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeOpened:
    """Someone looks at the assistant's own page on the platform."""

    event_id: str
    at: datetime
    person: Person


Interaction: TypeAlias = ButtonPressed | FormSubmitted | CommandGiven
"""What has a ticket: the person waits for an answer that only they see."""
Event: TypeAlias = (
    MessageReceived
    | MessageEdited
    | MessageDeleted
    | ReactionAdded
    | ReactionRemoved
    | ReactionsCleared
    | ButtonPressed
    | FormSubmitted
    | CommandGiven
    | HomeOpened
)
