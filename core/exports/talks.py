"""Conversations as rows are made of them: what was said, and what people think of the replies. Plain values."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Said(NamedTuple):
    """One message. Made for every message there is, a tuple costs a third of a `Message`."""

    id: str
    seq: int
    """Its place in the log."""
    role: str
    content: str
    timestamp: str
    """ISO 8601, UTC, of constant width: its order as text is its order in time."""
    author: str
    """A `PersonRef.key`; empty for the assistant."""
    question_id: str | None
    status: str
    model: str
    """JSON of the model that replied, as text; empty where it is not known."""
    withheld: bool
    deleted: bool
    edited: int
    """The seq of the last edit of its text; 0 where there was none."""
    conversation_id: str


class Opinion(NamedTuple):
    """What one person thinks now of one reply, under one name."""

    name: str
    value: str
    """JSON, as text."""
    source_id: str
    """The person's `PersonRef.key`."""
    rationale: str
    details: str
    """JSON, as text."""
    at: str
    """When it was said, as for messages."""
    seq: int

    @property
    def order(self) -> tuple[str, int]:
        """What is said later has more of it."""
        return self.at, self.seq


@dataclass(slots=True)
class Talk:
    """A conversation as of some seq."""

    id: str
    root: str
    """The id of the conversation that it branched from in the first place, or its own: they share words."""
    place: str
    """`PlaceRef.key`"""
    model: str
    """JSON, as text."""
    messages: list[Said]
    """In their order, behind those of the conversation that it branched from; also the deleted ones."""
    inherited: int = 0
    """How many of them are another conversation's."""
    opinions: dict[str, list[Opinion]] = field(default_factory=dict)
    """By the id of the reply, those of people that count; perhaps also those on replies in other conversations."""

    @property
    def address(self) -> tuple[str, str]:
        """The platform (`slack`, `discord`, …), and its id of the workspace or guild."""
        platform, workspace, *_ = self.place.split(":", 2)
        return platform, workspace


def is_blank(text: str) -> bool:
    """Whether there is nothing to read in it. Looks no farther than the first letter."""
    return not text or text.isspace()
