"""The counts of a report in parts, as SQL: a look at the opinions, one at the replies. What they mean is not known."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, bindparam, case, func, literal, select, true

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
    tallying = Tallying(divisions)
    few = _are_few(connection, since, until) if few is None else few
    judged = span(since, until, place, few=few)
    if not few:
        # In the order of the opinions' key, which is the order of the messages: SQLite prefers some index's otherwise.
        judged &= _a.c.message_id > ""
    # The replies are counted last: more may have come since, so that no rate exceeds 100 %.
    for *values, person, by_asker, likes, dislikes, first in connection.execute(
        _opinions(connection, divisions, judged)
    ).all():
        if first:
            tallying.judged(values, first)
        tallying.votes(values, person, by_asker=bool(by_asker), positive=likes, negative=dislikes)
    for *values, number in _replies(connection, divisions, _Stretch(since, until, place)):
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
    """A row a part and person: their votes, and how many replies they are the first to have judged, in any order."""
    parts = {each: _part(connection, each) for each in divisions}
    once = [_a.c.message_id, *(part for each, part in parts.items() if each is Division.SEGMENT)]
    said = (
        select(
            *(part.label(each.value) for each, part in parts.items()),
            _a.c.source_id,
            field_of(connection, _a.c.details, "by_asker").in_(("1", "true")).label("by_asker"),
            POSITIVE.label("positive"),
            NEGATIVE.label("negative"),
            case((func.row_number().over(partition_by=once) == 1, 1), else_=0).label("first"),
        )
        .select_from(_m.join(_a, BY_PEOPLE))
        .where(bounds)
        .subquery()
    )
    *keys, positive, negative, first = said.c
    return select(*keys, func.sum(positive), func.sum(negative), func.sum(first)).group_by(*keys)


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


class _Stretch(NamedTuple):
    """Replies: see `span`."""

    since: datetime | None
    until: datetime | None
    place: str
    but: ColumnElement[bool] = true()
    """Of these only such."""


def _replies(connection: Connection, divisions: Sequence[Division], stretch: _Stretch) -> Iterator[Any]:
    """A row a part with its replies. A conversation is looked up once for all its replies, if at all."""
    by_place = any(each in _PLACES for each in divisions)
    rows = _counts(connection, divisions, stretch, in_conversations=by_place)
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
        without = stretch._replace(but=_m.c.model_id.is_(None))
        yield from _counts(connection, divisions, without, in_conversations=True)


def _counts(
    connection: Connection, divisions: Sequence[Division], stretch: _Stretch, *, in_conversations: bool
) -> Iterator[Any]:
    """A row a part with its replies, or several that are to be added up.

    SQLite sorts what it groups: so it is done day by day, in a third of the time that it takes with all at once.
    """
    since, until, place, but = stretch
    if connection.dialect.name != "sqlite":
        bounds = span(since, until, place) & but
        yield from connection.execute(_counted(connection, divisions, bounds, in_conversations=in_conversations))
        return
    # One bound at either end: of two SQLite would look for one in the index, and pass over all up to the other.
    from_then_on = span(None, None, place) & but & (_m.c.timestamp >= bindparam("begin"))
    first = select(func.min(_m.c.timestamp)).where(from_then_on)
    in_a_day = from_then_on & (_m.c.timestamp < bindparam("end"))
    day = bindparam("day", type_=Text)
    query = _counted(connection, divisions, in_a_day, in_conversations=in_conversations, day=day)
    end = since or datetime.min.replace(tzinfo=UTC)
    while (begin := connection.execute(first, {"begin": end}).scalar()) and (until is None or begin < until):
        next_day = datetime.combine(begin.date(), time(), UTC) + timedelta(days=1)
        end = next_day if until is None else min(next_day, until)
        yield from connection.execute(query, {"begin": begin, "end": end, "day": f"{begin:%Y-%m-%d}"})


def _counted(
    connection: Connection,
    divisions: Sequence[Division],
    bounds: ColumnElement[bool],
    *,
    in_conversations: bool,
    day: Any = None,
) -> Any:
    """How many replies each part has: as they say themselves, or as their conversations know.

    `day`: the one that they are all of, where that is known.
    """
    columns: dict[str, Any] = {}
    if Division.DAY in divisions and day is None:
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
    grouped = [known[each.value] for each in divisions if each.value in known]
    constant: dict[str, Any] = {Division.SEGMENT: literal(""), Division.DAY: day}
    parts = [(constant | known)[each.value] for each in divisions]
    return select(*parts, func.sum(counted.c.replies)).select_from(source).group_by(*grouped)
