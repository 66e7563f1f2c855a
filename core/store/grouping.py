"""The counts of a report in parts, as SQL: a look at the opinions, one at the replies. What they mean is not known."""

from collections.abc import Iterator, Sequence
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
from core.store.parting import channel_of, day_of, field_of, platform_of
from core.store.report import BY_PEOPLE, NEGATIVE, POSITIVE, span
from core.store.tables import AssessmentRow, ConversationRow, MessageRow, table

_m = table(MessageRow)
_a = table(AssessmentRow)
_c = table(ConversationRow)

_FEW: Final = 4
"""A part of the replies is few if all are more than so many times as many."""
_PLACES: Final = {Division.PLATFORM: platform_of, Division.CHANNEL: channel_of}


def tally(
    connection: Connection,
    divisions: Sequence[Division],
    since: datetime | None,
    until: datetime | None,
    place: str = "",
    *,
    few: bool | None = None,
) -> Tally:
    """The counts of the replies in [`since`, `until`) for each part.

    `place`: only of those in conversations whose place's key begins so. `few`: whether they are few of all there are,
    where that is known; else it is looked for.
    """
    tallying, bounds = Tallying(divisions), span(since, until, place)
    judged = span(since, until, place, few=_are_few(connection, since, until) if few is None else few)
    # The replies are counted last: more may have come since, so that no rate exceeds 100 %.
    for *values, person, by_asker, positive, negative in connection.execute(_opinions(connection, divisions, judged)):
        if person is None:
            tallying.judged(values, positive)
        else:
            tallying.votes(values, person, by_asker=bool(by_asker), positive=positive, negative=negative)
    for *values, number in _replies(connection, divisions, bounds):
        tallying.replies(values, int(number))
    return tallying.tally()


def _are_few(connection: Connection, since: datetime | None, until: datetime | None) -> bool:
    """Whether it takes less to look for the opinions of each of these replies than for the reply of each opinion."""
    if connection.dialect.name != "sqlite":
        return True  # Postgres sees for itself
    if since is None and until is None:
        return False
    replies, some = (select(func.count()).select_from(_m).where(span(*each)) for each in ((None, None), (since, until)))
    return bool(connection.execute(select(some.scalar_subquery() * _FEW < replies.scalar_subquery())).scalar_one())


def _opinions(connection: Connection, divisions: Sequence[Division], bounds: ColumnElement[bool]) -> Any:
    """A row a part and person with their votes; and one a part, of nobody, with the replies that were judged."""
    said = (
        select(
            *(_part(connection, each).label(f"part_{place}") for place, each in enumerate(divisions)),
            _a.c.message_id,
            _a.c.source_id,
            field_of(connection, _a.c.details, "by_asker").label("by_asker"),
            POSITIVE.label("positive"),
            NEGATIVE.label("negative"),
        )
        .select_from(_m.join(_a, BY_PEOPLE))
        .where(bounds)
        .cte("said")
    )
    parts = [said.c[f"part_{place}"] for place in range(len(divisions))]
    return union_all(_votes(said, parts), _judged(said, parts))


def _part(connection: Connection, division: Division) -> Any:
    """The part in which an opinion is; its conversation is looked up only where the reply does not say."""
    if division is Division.SEGMENT:
        return field_of(connection, _a.c.details, "segment")
    if division is Division.DAY:
        return day_of(connection, _m.c.timestamp)
    column = _model_of(connection) if division is Division.MODEL else _c.c.place
    of_conversation = select(column).where(_c.c.id == _m.c.conversation_id).scalar_subquery()
    if division is Division.MODEL:
        return func.coalesce(_m.c.model_id, of_conversation)
    return _PLACES[division](connection, of_conversation)


def _model_of(connection: Connection) -> Any:
    """The model of a conversation."""
    return field_of(connection, _c.c.model, "id")


def _votes(said: CTE, parts: Sequence[Any]) -> Any:
    keys = (*parts, said.c.source_id, said.c.by_asker.in_(("1", "true")))
    positive, negative = func.sum(said.c.positive), func.sum(said.c.negative)
    return select(*keys, positive, negative).group_by(*keys).having(positive + negative > 0)


def _judged(said: CTE, parts: Sequence[Any]) -> Any:
    nobody = (cast(null(), Text), cast(null(), Boolean))
    return select(*parts, *nobody, func.count(distinct(said.c.message_id)), literal(0)).group_by(*parts)


def _replies(connection: Connection, divisions: Sequence[Division], bounds: ColumnElement[bool]) -> Iterator[Any]:
    """A row a part with its replies. A conversation is looked up once for all its replies, if at all."""
    by_place = any(each in _PLACES for each in divisions)
    rows = connection.execute(_counted(connection, divisions, bounds, in_conversations=by_place))
    if by_place or Division.MODEL not in divisions:
        yield from rows
        return
    place, unknown = divisions.index(Division.MODEL), 0
    for row in rows:
        if row[place] is None:
            unknown += 1
        else:
            yield row
    if unknown:
        # Most replies say their model. To look for it with all of them would take longer than all the rest.
        without = bounds & _m.c.model_id.is_(None)
        yield from connection.execute(_counted(connection, divisions, without, in_conversations=True))


def _counted(
    connection: Connection, divisions: Sequence[Division], bounds: ColumnElement[bool], *, in_conversations: bool
) -> Any:
    """How many replies each part has: as they say themselves, or as their conversations know."""
    columns: dict[str, Any] = {}
    if Division.DAY in divisions:
        columns["day"] = day_of(connection, _m.c.timestamp)
    if Division.MODEL in divisions:
        columns["model"] = _m.c.model_id
    if in_conversations:
        columns["conversation_id"] = _m.c.conversation_id
    labelled = [column.label(name) for name, column in columns.items()]
    query = select(*labelled, func.count().label("replies")).select_from(_m).where(bounds).group_by(*columns.values())
    counted: Any = query.subquery()
    known = {name: counted.c[name] for name in columns}
    source = counted
    if in_conversations:
        source = counted.outerjoin(_c, _c.c.id == known["conversation_id"])
        known |= {each: of_place(connection, _c.c.place) for each, of_place in _PLACES.items()}
        if "model" in known:
            known["model"] = func.coalesce(known["model"], _model_of(connection))
    parts = [known.get(each.value, literal("")) for each in divisions]
    grouped = [part for part, each in zip(parts, divisions, strict=True) if each is not Division.SEGMENT]
    return select(*parts, func.sum(counted.c.replies)).select_from(source).group_by(*grouped)
