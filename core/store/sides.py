"""The tables in groups that are folded from the log each by itself: none looks at what the others are folded to.

So a database that can do several things at once folds them side by side.
"""

from dataclasses import dataclass
from typing import Final

from sqlmodel import SQLModel

from core.store.changes import Step
from core.store.tables import (
    AssessmentRow,
    ConversationRow,
    MessagePartRow,
    MessageRow,
    ModelChoiceRow,
    SubjectRow,
)


@dataclass(frozen=True, slots=True)
class Side:
    """Some tables, and what of the log they are folded from."""

    name: str
    tables: tuple[type[SQLModel], ...]
    steps: frozenset[Step]
    plain: str
    """The type of most of its records, which a database can fold by itself."""
    others: str
    """Those of its records that are of other types, as a condition in SQL."""


_MESSAGES: Final = ("update_message",)
_OPINIONS: Final = ("log_expectation", "withdraw_assessment")


def _of(types: tuple[str, ...], *, no: bool = False) -> str:
    return f"type {'NOT ' if no else ''}IN ({', '.join(map(repr, types))})"


MESSAGES: Final = Side(
    "messages", (MessageRow,), frozenset({Step.ADD_MESSAGE, Step.UPDATE_MESSAGE}), "add_message", _of(_MESSAGES)
)
OPINIONS: Final = Side("opinions", (AssessmentRow,), frozenset({Step.ASSESS}), "log_feedback", _of(_OPINIONS))
PLACES: Final = Side(
    "places",
    (ConversationRow, MessagePartRow, SubjectRow, ModelChoiceRow),
    frozenset(Step) - MESSAGES.steps - OPINIONS.steps,
    "add_message",
    _of(("add_message", "log_feedback", *_MESSAGES, *_OPINIONS), no=True),
)
SIDES: Final = (MESSAGES, OPINIONS, PLACES)
