"""The counts of a report as SQL, over a span of time. What they mean is not known here."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal_column, select, true

from core.feedback import USER_FEEDBACK, SourceType
from core.messages import Role
from core.store.counts import ModelVote, ReplyVotes
from core.store.parting import field_of
from core.store.tables import AssessmentRow, ConversationRow, MessageRow, table

_m = table(MessageRow)
_a = table(AssessmentRow)
_c = table(ConversationRow)


def streaming_figures(connection: Connection, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    """How each reply with a timestamp in [`since`, `until`) streamed, where that is known."""
    query = select(_m.c.streaming).where(span(since, until), _m.c.streaming.is_not(None)).order_by(_m.c.seq)
    return [figures for figures in connection.execute(query).scalars() if figures]


def span(since: datetime | None, until: datetime | None, place: str = "", *, few: bool = True) -> ColumnElement[bool]:
    """Replies with a timestamp in [`since`, `until`), in conversations whose place's key begins with `place`.

    `few`: of all there are. Where they are not, SQLite is kept from beginning with them; Postgres decides by itself.
    """
    # A plus keeps a column from every index (sqlite.org/optoverview.html, section 8.2).
    role: ColumnElement[str] = _m.c.role if few else literal_column("+messages.role")
    bounds: list[ColumnElement[bool]] = [role == Role.ASSISTANT.value]
    if place:
        there = select(_c.c.id).where(_c.c.place.startswith(place, autoescape=True))
        bounds.append(_m.c.conversation_id.in_(there))
    if since is not None:
        bounds.append(_m.c.timestamp >= since)
    if until is not None:
        bounds.append(_m.c.timestamp < until)
    return and_(*bounds)


_vote = _a.c.name == USER_FEEDBACK
_BETWEEN: Final = 0.5  # False and True
POSITIVE: Final = case((_vote & (_a.c.number >= _BETWEEN), 1), else_=0)
"""1 for an assessment that is a vote for a reply. A person has one current vote on it, so that votes are people."""
NEGATIVE: Final = case((_vote & (_a.c.number < _BETWEEN), 1), else_=0)


BY_PEOPLE: Final = and_(
    _a.c.message_id == _m.c.id,
    _a.c.current == true(),
    _a.c.kind == "feedback",
    _a.c.source_type == SourceType.HUMAN.value,
)
"""What people say of a reply, and counts."""


def disliked(connection: Connection, since: datetime | None, until: datetime | None) -> list[ReplyVotes]:
    """The replies in [`since`, `until`) that anyone is against, in the order of the log."""
    positive, negative = func.sum(POSITIVE), func.sum(NEGATIVE)
    query = (
        select(_m.c.id, positive, negative)
        .join_from(_m, _a, BY_PEOPLE)
        .where(span(since, until), _vote)
        .group_by(_m.c.id, _m.c.seq)
        .having(negative > 0)
        .order_by(_m.c.seq)
    )
    return [ReplyVotes(*row) for row in connection.execute(query)]


def model_votes(
    connection: Connection, models: Collection[str], since: datetime | None, until: datetime | None
) -> list[ModelVote]:
    """Each vote on a reply of these models in [`since`, `until`), in the order in which they were given."""
    of_conversation = select(field_of(connection, _c.c.model, "id")).where(_c.c.id == _m.c.conversation_id)
    model = func.coalesce(_m.c.model_id, of_conversation.scalar_subquery())
    query = (
        select(model, _a.c.source_id, _a.c.at, POSITIVE)
        .join_from(_m, _a, BY_PEOPLE)
        .where(span(since, until), model.in_(models), _vote, _a.c.number.is_not(None))
        .order_by(_a.c.at, _a.c.source_id)
    )
    return [ModelVote(*row[:3], positive=bool(row[3])) for row in connection.execute(query)]
