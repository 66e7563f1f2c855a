"""What is evaluated: a question with what came before it, the reply that it got, and what people think of that.

Plain values. Where they come from is `from_log`'s and `from_file`'s.
"""

from dataclasses import dataclass

from core.ports import PromptMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question and its reply."""

    id: str
    """The reply's id; in a set that is not from this log, a name made of the words."""
    prompt: tuple[PromptMessage, ...]
    """What the model read."""
    response: str = ""
    """The reply; empty where there was none."""
    expected: tuple[str, ...] = ()
    """What it should have said, as people put it."""
    model: str = ""
    """The id of the model that gave the reply."""
    conversation_id: str | None = None
    """None where it is not from this log."""
    place: str = ""
    """The conversation's `PlaceRef.key`."""
    question_id: str | None = None
    asker: str | None = None
    """A `PersonRef.key`: whoever asked owns the words of every answer."""
    corrected_by: tuple[str, ...] = ()
    """The `PersonRef.key` of each whose words are in `expected`."""
    at: str = ""
    """When the reply was given (ISO 8601, UTC)."""
