"""The counts of a report as SQL, over a span of time. What they mean is not known here."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, true

from core.feedback import USER_FEEDBACK, SourceType
from core.messages import Role
from core.store.counts import ReplyVotes, ReportCounts
from core.store.tables import AssessmentRow, ConversationRow, MessageRow, table

_m = table(MessageRow)
_a = table(AssessmentRow)
_c = table(ConversationRow)


def report_counts(
    connection: Connection, since: datetime | None, until: datetime | None, place: str = ""
) -> ReportCounts:
    """The replies with a timestamp in [`since`, `until`), and what people say of them now.

    `place`: only those in conversations whose place's key begins so.
    """
    bounds = span(since, until, place)
    # The replies are counted last: more may have come since, so that no rate exceeds 100 %.
    judged = connection.execute(_judged(bounds)).all()
    total = connection.execute(select(func.count()).select_from(_m).where(bounds)).scalar_one()
    votes = tuple(ReplyVotes(*row) for row in judged if row.positive or row.negative)
    return ReportCounts(total, len(judged), votes)


def streaming_figures(connection: Connection, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    """How each reply with a timestamp in [`since`, `until`) streamed, where that is known."""
    query = select(_m.c.streaming).where(span(since, until), _m.c.streaming.is_not(None)).order_by(_m.c.seq)
    return [figures for figures in connection.execute(query).scalars() if figures]


def span(since: datetime | None, until: datetime | None, place: str = "") -> ColumnElement[bool]:
    """Replies with a timestamp in [`since`, `until`), in conversations whose place's key begins with `place`."""
    bounds: list[ColumnElement[bool]] = [_m.c.role == Role.ASSISTANT.value]
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


def _judged(bounds: ColumnElement[bool]) -> Any:
    """One row a reply that people have judged."""
    return (
        select(_m.c.id, func.sum(POSITIVE).label("positive"), func.sum(NEGATIVE).label("negative"))
        .join_from(_m, _a, _a.c.message_id == _m.c.id)
        .where(bounds, _a.c.current == true(), _a.c.kind == "feedback", _a.c.source_type == SourceType.HUMAN.value)
        .group_by(_m.c.id, _m.c.seq)
        .order_by(_m.c.seq)
    )
