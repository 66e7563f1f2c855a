"""What people said of replies besides votes, as SQL: scores, categories, and how several rated one reply."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection, Row, Text, cast, distinct, func, or_, select, true

from core.feedback import BEST_SCORE, USER_CATEGORY, SourceType
from core.store.counts import NO_DIMENSIONS, SCORED, CategoryCounts, DimensionCounts, ReplyRatings, SourceCounts
from core.store.report import BY_PEOPLE, span
from core.store.tables import AssessmentRow, MessageRow, table

_m = table(MessageRow)
_a = table(AssessmentRow)

_IS_SCORE = (
    _a.c.name.startswith("user_", autoescape=True)
    & _a.c.number.between(1, BEST_SCORE)
    & (cast(_a.c.value, Text) != "true")
)


def dimension_counts(connection: Connection, since: datetime | None, until: datetime | None) -> list[DimensionCounts]:
    """How people scored the replies in [`since`, `until`), by the name of the dimension."""
    by_person = (
        select(_a.c.name, func.avg(_a.c.number).label("mean"))
        .select_from(_m.join(_a, BY_PEOPLE))
        .where(
            span(since, until),
            _a.c.name.not_in(NO_DIMENSIONS),
            _IS_SCORE,
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
        .select_from(_m.join(_a, BY_PEOPLE))
        .where(span(since, until), _a.c.name == USER_CATEGORY)
        .group_by(_a.c.value)
    )
    rows = [CategoryCounts(str(value), people, replies) for value, people, replies in connection.execute(query)]
    return sorted(rows, key=lambda each: (-each.people, -each.replies, each.name))


def ratings(connection: Connection, since: datetime | None, until: datetime | None) -> list[ReplyRatings]:
    """What was said by two people or more of one reply in [`since`, `until`) under one name."""
    by_value = (
        select(_a.c.name, _a.c.message_id, _a.c.number, func.count().label("people"))
        .select_from(_m.join(_a, BY_PEOPLE))
        .where(span(since, until), _a.c.number.is_not(None), or_(_a.c.name.in_(SCORED), _IS_SCORE))
        .group_by(_a.c.name, _a.c.message_id, _a.c.number)
        .subquery()
    )
    all_of_it = func.sum(by_value.c.people).over(partition_by=(by_value.c.name, by_value.c.message_id))
    counted = select(by_value, all_of_it.label("all")).subquery()
    rows = connection.execute(
        select(counted.c.name, counted.c.message_id, counted.c.number, counted.c.people)
        .where(counted.c.all > 1)
        .order_by(counted.c.name, counted.c.message_id)
    )
    return list(_by_reply(rows.all()))


def source_counts(
    connection: Connection, source_type: SourceType, since: datetime | None, until: datetime | None
) -> list[SourceCounts]:
    """What judges, or checks, said of the replies in [`since`, `until`), by who said it under which name."""
    is_share = cast(_a.c.value, Text).in_(("true", "false"))
    said = (_a.c.message_id == _m.c.id) & (_a.c.current == true()) & (_a.c.source_type == source_type.value)
    query = (
        select(
            _a.c.source_id,
            _a.c.name,
            func.count(),
            func.avg(_a.c.number),
            func.avg(_a.c.number * _a.c.number),
            is_share,
        )
        .select_from(_m.join(_a, said))
        .where(span(since, until), _a.c.kind == "feedback", _a.c.number.is_not(None))
        .group_by(_a.c.source_id, _a.c.name, is_share)
    )
    rows = [
        SourceCounts(source, name, replies, mean, mean_square, is_share=bool(share))
        for source, name, replies, mean, mean_square, share in connection.execute(query)
    ]
    return sorted(rows, key=lambda each: (each.source, each.name, each.is_share))


def _by_reply(rows: Iterable[Row[str, str, float, int]]) -> Iterator[ReplyRatings]:
    for (name, _), alike in groupby(rows, key=itemgetter(0, 1)):
        yield ReplyRatings(name, {number: people for _, _, number, people in alike})
