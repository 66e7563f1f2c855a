"""The counts of a report in parts, as SQL: one look at the opinions, one at the replies. What they mean is not known.

On SQLite the text of a place is cut, and days are the beginnings of the text that a moment is there.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Connection,
    Text,
    cast,
    distinct,
    func,
    literal,
    null,
    select,
    union_all,
)

from core.store.counts import Division, Tally, Tallying
from core.store.report import BY_PEOPLE, NEGATIVE, POSITIVE, span
from core.store.tables import AssessmentRow, ConversationRow, MessageRow, table

_m = table(MessageRow)
_a = table(AssessmentRow)
_c = table(ConversationRow)

_DAY: Final = 10
"""Characters of 2026-01-31."""


def tally(
    connection: Connection,
    divisions: Sequence[Division],
    since: datetime | None,
    until: datetime | None,
    place: str = "",
) -> Tally:
    """The counts of the replies in [`since`, `until`) for each part.

    `place`: only of those in conversations whose place's key begins so.
    """
    tallying, bounds = Tallying(divisions), span(since, until, place)
    # The replies are counted last: more may have come since, so that no rate exceeds 100 %.
    for *values, person, by_asker, positive, negative in connection.execute(_opinions(connection, divisions, bounds)):
        if person is None:
            tallying.judged(values, positive)
        else:
            tallying.votes(values, person, by_asker=bool(by_asker), positive=positive, negative=negative)
    for *values, number in connection.execute(_replies(connection, divisions, bounds)):
        tallying.replies(values, number)
    return tallying.tally()


def _opinions(connection: Connection, divisions: Sequence[Division], bounds: ColumnElement[bool]) -> Any:
    """A row a part and person with their votes; and one a part, of nobody, with the replies that were judged."""
    said = (
        select(
            *_parts(connection, divisions),
            _a.c.message_id,
            _a.c.source_id,
            _detail(connection, "by_asker").label("by_asker"),
            POSITIVE.label("positive"),
            NEGATIVE.label("negative"),
        )
        .select_from(_m.join(_a, BY_PEOPLE))
        .where(bounds)
        .cte("said")
    )
    return union_all(_votes(said, len(divisions)), _judged(said, len(divisions)))


def _votes(said: CTE, parts: int) -> Any:
    by_asker = said.c.by_asker.in_(("1", "true"))
    keys = (*[said.c[f"part_{place}"] for place in range(parts)], said.c.source_id, by_asker)
    positive, negative = func.sum(said.c.positive), func.sum(said.c.negative)
    return select(*keys, positive, negative).group_by(*keys).having(positive + negative > 0)


def _judged(said: CTE, parts: int) -> Any:
    keys = [said.c[f"part_{place}"] for place in range(parts)]
    query = select(
        *keys, cast(null(), Text), cast(null(), Boolean), func.count(distinct(said.c.message_id)), literal(0)
    )
    return query.group_by(*keys)


def _replies(connection: Connection, divisions: Sequence[Division], bounds: ColumnElement[bool]) -> Any:
    parts = _parts(connection, [each for each in divisions if each is not Division.SEGMENT])
    names = iter(parts)
    shown = [literal("") if each is Division.SEGMENT else next(names) for each in divisions]
    return select(*shown, func.count()).select_from(_m).where(bounds).group_by(*parts)


def _parts(connection: Connection, divisions: Sequence[Division]) -> list[Any]:
    return [_part(connection, each).label(f"part_{place}") for place, each in enumerate(divisions)]


def _part(connection: Connection, division: Division) -> Any:
    """What tells the parts apart. A conversation is looked up for each reply only where the reply does not say."""
    if division is Division.SEGMENT:
        return _detail(connection, "segment")
    if division is Division.MODEL:
        return func.coalesce(_m.c.model, _of_conversation(_c.c.model))
    if division is Division.DAY:
        return _day(connection)
    place = _of_conversation(_c.c.place)
    return _platform(connection, place) if division is Division.PLATFORM else _channel(connection, place)


def _day(connection: Connection) -> Any:
    if connection.dialect.name == "sqlite":
        return func.substr(cast(_m.c.timestamp, Text), 1, _DAY)
    return func.to_char(func.timezone("UTC", _m.c.timestamp), "YYYY-MM-DD")


def _platform(connection: Connection, place: Any) -> Any:
    if connection.dialect.name == "sqlite":
        return func.substr(place, 1, func.instr(place, ":") - 1)
    return func.split_part(place, ":", 1)


def _channel(connection: Connection, place: Any) -> Any:
    """A place without its thread."""
    if connection.dialect.name == "sqlite":
        # The letters of all four parts are taken off the end, up to a colon.
        return func.rtrim(place, func.replace(place, ":", ""))
    return func.regexp_replace(place, ":[^:]*$", "")


def _of_conversation(column: ColumnElement[Any]) -> Any:
    return select(column).where(_c.c.id == _m.c.conversation_id).scalar_subquery()


def _detail(connection: Connection, name: str) -> Any:
    """A field of what is known about an opinion, as text."""
    if connection.dialect.name == "sqlite":
        extract: Callable[..., Any] = func.json_extract
        return cast(extract(_a.c.details, f"$.{name}", type_=Text), Text)
    return func.jsonb_extract_path_text(_a.c.details, name, type_=Text)
