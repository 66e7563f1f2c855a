"""A conversation as it was, read out of the log for people. Plain values."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from core.errors import NotFoundError
from core.feedback import USER_COMMENT, USER_FEEDBACK, USER_RATING, SourceType
from core.messages import ModelIdentity
from core.pseudonyms import Pseudonyms
from core.records import Record
from core.store.changes import Row, order
from core.store.folded import FoldedTables
from core.store.folding import fold
from core.store.opinions_told import Opinion, OpinionChange, opinion_changes, opinions
from core.store.values import as_model

Rating: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message with what people made of it."""

    id: str
    conversation_id: str
    role: str
    content: str
    rating: Rating
    """`like` or `dislike` as most people voted; else the mean of their scores; empty where neither says anything."""
    feedback: str
    """The comments, one a line."""
    timestamp: datetime
    opinions: tuple[Opinion, ...] = ()
    """What each person thinks of it now."""
    history: tuple[OpinionChange, ...] = ()
    """How that came to be."""


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation with its messages that are not deleted, in their order."""

    id: str
    model: ModelIdentity
    username: str
    messages: tuple[MessageView, ...]


def conversation_view(
    records: Iterable[Record], conversation_id: str, *, as_of: int | datetime | None, pseudonyms: Pseudonyms
) -> ConversationView:
    """The conversation folded from its `records`, which end at `as_of`. Raises NotFoundError where they start none."""
    records = list(records)
    tables = FoldedTables()
    for record in records:
        tables.apply(fold(record))
    row = tables.conversations.get(conversation_id)
    if row is None:
        moment = "" if as_of is None else f" as of {as_of}"
        raise NotFoundError(
            f"There is no conversation {conversation_id} in the log{moment}. "
            "The ids of conversations are in the records `start_conversation`."
        )
    messages = [message for message in tables.messages.values() if not message["deleted"]]
    history = opinion_changes(records, pseudonyms)
    return ConversationView(
        conversation_id,
        as_model(row["model"]),
        row["username"],
        tuple(
            _message_view(message, opinions(assessments, pseudonyms), assessments, history.get(message["id"], ()))
            for message in messages
            for assessments in [list(tables.assessments[message["id"]].values())]
        ),
    )


def _message_view(
    message: Row, said: tuple[Opinion, ...], assessments: Sequence[Row], history: tuple[OpinionChange, ...]
) -> MessageView:
    by_people = [row for row in assessments if row["current"] and row["source_type"] == SourceType.HUMAN]
    comments = [row for row in by_people if row["name"] == USER_COMMENT and row["value"]]
    return MessageView(
        message["id"],
        message["conversation_id"],
        message["role"],
        message["content"],
        _rating(by_people) if _rated(by_people) else message["rating"],
        "\n".join(str(row["value"]) for row in sorted(comments, key=order)) or message["feedback"],
        message["timestamp"],
        said,
        history,
    )


def _rated(rows: Sequence[Row]) -> bool:
    return any(row["name"] in {USER_FEEDBACK, USER_RATING} for row in rows)


def _rating(rows: Sequence[Row]) -> Rating:
    """The majority of the votes, empty at a tie; where there are only scores, their mean."""
    votes = Counter(bool(row["value"]) for row in rows if row["name"] == USER_FEEDBACK)
    if votes[True] != votes[False]:
        return "like" if votes[True] > votes[False] else "dislike"
    scores = [row["number"] for row in rows if row["name"] == USER_RATING and row["number"] is not None]
    if votes or not scores:
        return ""
    mean = sum(scores) / len(scores)
    return int(mean) if mean.is_integer() else float(mean)
