"""The counts of a report in parts, as SQL: one query for each division. What they mean is not known here."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Text, and_, case, cast, distinct, func, literal_column, select, true

from core.feedback import BEST_SCORE, USER_CATEGORY, SourceType
from core.store.counts import NO_DIMENSIONS, CategoryCounts, DimensionCounts, Division, GroupCounts, added, name_of
from core.store.report import NEGATIVE, POSITIVE, span
from core.store.tables import AssessmentRow, ConversationRow, MessageRow, table

_m = table(MessageRow)
_a = table(AssessmentRow)
_c = table(ConversationRow)

_counts: Final = and_(
    _a.c.message_id == _m.c.id,
    _a.c.current == true(),
    _a.c.kind == "feedback",
    _a.c.source_type == SourceType.HUMAN.value,
)
"""What people say of a reply, and counts."""


def counts_by(
    connection: Connection, division: Division, since: datetime | None, until: datetime | None
) -> list[GroupCounts]:
    """The counts of the replies in [`since`, `until`) for each part of a division, by name."""
    if division is Division.SEGMENT:
        return _by_segment(connection, span(since, until))
    return _by_place_or_model(connection, division, span(since, until))


def _by_place_or_model(connection: Connection, division: Division, bounds: ColumnElement[bool]) -> list[GroupCounts]:
    reply = (
        select(
            _m.c.conversation_id,
            _m.c.model,
            case((func.count(_a.c.message_id) > 0, 1), else_=0).label("judged"),
            func.sum(POSITIVE).label("positive"),
            func.sum(NEGATIVE).label("negative"),
        )
        .select_from(_m.outerjoin(_a, _counts))
        .where(bounds)
        .group_by(_m.c.id)
        .subquery()
    )
    part = func.coalesce(reply.c.model, _c.c.model) if division is Division.MODEL else _c.c.place
    sums = (func.sum(column) for column in (reply.c.judged, reply.c.positive, reply.c.negative))
    query = (
        select(part, func.count(), *sums)
        .select_from(reply.outerjoin(_c, _c.c.id == reply.c.conversation_id))
        .group_by(part)
    )
    rows = connection.execute(query).all()
    return added(GroupCounts(name_of(division, value), *map(int, counts)) for value, *counts in rows)


def _by_segment(connection: Connection, bounds: ColumnElement[bool]) -> list[GroupCounts]:
    of_rater: Callable[..., Any] = func.json_extract
    segment = (
        of_rater(_a.c.details, "$.segment", type_=Text)
        if connection.dialect.name == "sqlite"
        else literal_column("assessments.details ->> 'segment'", Text)
    )
    query = (
        select(segment, func.count(distinct(_m.c.id)), func.sum(POSITIVE), func.sum(NEGATIVE))
        .select_from(_m.join(_a, _counts))
        .where(bounds)
        .group_by(segment)
    )
    rows = connection.execute(query).all()
    replies = connection.execute(select(func.count()).select_from(_m).where(bounds)).scalar_one()
    # Every segment could have judged every reply.
    parts = added(GroupCounts(name_of(Division.SEGMENT, value), 0, *map(int, counts)) for value, *counts in rows)
    return [GroupCounts(each.name, replies, each.judged, each.positive, each.negative) for each in parts]


def dimension_counts(connection: Connection, since: datetime | None, until: datetime | None) -> list[DimensionCounts]:
    """How people scored the replies in [`since`, `until`), by the name of the dimension."""
    by_person = (
        select(_a.c.name, func.avg(_a.c.number).label("mean"))
        .select_from(_m.join(_a, _counts))
        .where(
            span(since, until),
            _a.c.name.startswith("user_", autoescape=True),
            _a.c.name.not_in(NO_DIMENSIONS),
            _a.c.number.between(1, BEST_SCORE),
            cast(_a.c.value, Text) != "true",
        )
        .group_by(_a.c.name, _a.c.source_id)
        .subquery()
    )
    query = select(by_person.c.name, func.avg(by_person.c.mean), func.count()).group_by(by_person.c.name)
    rows = connection.execute(query.order_by(by_person.c.name)).all()
    return [DimensionCounts(name.removeprefix("user_"), float(mean), people) for name, mean, people in rows]


def category_counts(connection: Connection, since: datetime | None, until: datetime | None) -> list[CategoryCounts]:
    """How many people said of how many replies in [`since`, `until`) which category, the most frequent first."""
    query = (
        select(_a.c.value, func.count(distinct(_a.c.source_id)), func.count(distinct(_m.c.id)))
        .select_from(_m.join(_a, _counts))
        .where(span(since, until), _a.c.name == USER_CATEGORY)
        .group_by(_a.c.value)
    )
    rows = [CategoryCounts(str(value), people, replies) for value, people, replies in connection.execute(query)]
    return sorted(rows, key=lambda each: (-each.people, -each.replies, each.name))
