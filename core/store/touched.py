"""Which days' replies the log has said something of since it was looked at: what is counted by day is counted anew."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection, select

from core.messages import Role
from core.records import EraseSubject
from core.store.log import RECORDS, newest
from core.store.parting import day_of
from core.store.tables import MessageRow, table

_m = table(MessageRow)
_MANY: Final = 50_000
"""Records after which it takes less to count everything anew than to look what they are about."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What has changed since a seq."""

    newest: int
    """The seq of the newest record; 0 where there is none."""
    days: frozenset[date] = frozenset()
    """Of the replies that were added, changed or judged, in UTC."""
    everything: bool = False
    """Any reply may have changed: somebody was erased, or it is too much to tell."""


def touched(connection: Connection, after: int) -> Touched:
    """What the records after `after` have changed of the replies."""
    last = newest(connection)
    if last - after > _MANY or last < after:
        return Touched(last, everything=True)
    new = RECORDS.c.seq > after
    if connection.execute(select(RECORDS.c.seq).where(new, RECORDS.c.type == EraseSubject.type).limit(1)).first():
        return Touched(last, everything=True)
    day = day_of(connection, _m.c.timestamp)
    query = (
        select(day)
        .distinct()
        .join_from(RECORDS, _m, _m.c.id == RECORDS.c.message_id)
        .where(new, RECORDS.c.seq <= last, _m.c.role == Role.ASSISTANT.value)
    )
    return Touched(last, frozenset(date.fromisoformat(str(each)) for each in connection.execute(query).scalars()))
