"""What people did on a platform, as the adapters tell it: plain values in the past tense.

Every event carries `event_id`, the platform's own name for it where it has one, which is the same when the platform
delivers it again; and `at`, when it happened there (or arrived, where the platform does not say).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from core.messages import MessageRef, Person, PersonRef, PlaceRef


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited:
    """Someone changed what they had written."""

    event_id: str
    at: datetime
    message: MessageRef
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted:
    """A message is gone."""

    event_id: str
    at: datetime
    message: MessageRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionAdded:
    """Someone put an emoji on a message."""

    event_id: str
    at: datetime
    message: MessageRef
    person: PersonRef
    emoji: str
    """As the platform names it; `core.feedback.canonical_emoji` makes one name of them."""
    by_bot: bool = False
    found_later: bool = False
    """As for a message; then `at` is the moment before the platform was asked."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionsCleared:
    """A moderator took everyone's emoji away: all of them, or all of one kind."""

    event_id: str
    at: datetime
    message: MessageRef
    emoji: str | None = None


Event: TypeAlias = MessageReceived | MessageEdited | MessageDeleted | ReactionAdded | ReactionRemoved | ReactionsCleared
