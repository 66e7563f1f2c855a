"""The counts of a report as SQL, over a span of time. What they mean is not known here."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, true

from core.feedback import USER_FEEDBACK, SourceType
from core.messages import Role
from core.store.tables import AssessmentRow, ConversationRow, MessageRow, table
from core.store.views import ReplyVotes, ReportCounts

_m = table(MessageRow)
_a = table(AssessmentRow)
_c = table(ConversationRow)


def report_counts(
    connection: Connection, since: datetime | None, until: datetime | None, platform: str | None = None
) -> ReportCounts:
    """The replies with a timestamp in [`since`, `until`), on one platform or all, and what people say of them now."""
    span = _span(since, until, platform)
    # The replies are counted last: more may have come since, so that no rate exceeds 100 %.
    judged = connection.execute(_judged(span)).all()
    total = connection.execute(select(func.count()).select_from(_m).where(span)).scalar_one()
    votes = tuple(ReplyVotes(*row) for row in judged if row.positive or row.negative)
    return ReportCounts(total, len(judged), votes)


def streaming_figures(connection: Connection, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    """How each reply with a timestamp in [`since`, `until`) streamed, where that is known."""
    query = select(_m.c.streaming).where(_span(since, until), _m.c.streaming.is_not(None)).order_by(_m.c.seq)
    return [figures for figures in connection.execute(query).scalars() if figures]


def _span(since: datetime | None, until: datetime | None, platform: str | None = None) -> ColumnElement[bool]:
    bounds: list[ColumnElement[bool]] = [_m.c.role == Role.ASSISTANT.value]
    if platform is not None:
        there = select(_c.c.id).where(_c.c.place.startswith(f"{platform}:", autoescape=True))
        bounds.append(_m.c.conversation_id.in_(there))
    if since is not None:
        bounds.append(_m.c.timestamp >= since)
    if until is not None:
        bounds.append(_m.c.timestamp < until)
    return and_(*bounds)


def _judged(span: ColumnElement[bool]) -> Any:
    """One row a reply that people have judged. A person has one current row a name, so that rows are people."""
    vote = _a.c.name == USER_FEEDBACK
    positive = func.sum(case((vote & (_a.c.number >= 0.5), 1), else_=0))  # noqa: PLR2004 - between False and True
    negative = func.sum(case((vote & (_a.c.number < 0.5), 1), else_=0))  # noqa: PLR2004
    return (
        select(_m.c.id, positive.label("positive"), negative.label("negative"))
        .join_from(_m, _a, _a.c.message_id == _m.c.id)
        .where(span, _a.c.current == true(), _a.c.kind == "feedback", _a.c.source_type == SourceType.HUMAN.value)
        .group_by(_m.c.id, _m.c.seq)
        .order_by(_m.c.seq)
    )
