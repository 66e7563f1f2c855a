"""How long answers took, as SQL and from rows."""

from datetime import datetime

from sqlalchemy import Connection, literal_column, select

from core.messages import Role
from core.store.counts import ResponseTime
from core.store.report import span
from core.store.tables import MessageRow, table

_m = table(MessageRow)


def response_times(
    connection: Connection, since: datetime | None, until: datetime | None, limit: int
) -> list[ResponseTime]:
    """Those of the newest replies with a timestamp in [`since`, `until`), so many at most, the newest first."""
    # The role as text, too: only so are Postgres and SQLite sure to take the partial index, which is in this order.
    is_reply = _m.c.role == literal_column(f"'{Role.ASSISTANT.value}'")
    query = (
        select(_m.c.started_at, _m.c.first_token_at, _m.c.ended_at)
        .where(is_reply, span(since, until), _m.c.started_at.is_not(None))
        .order_by(_m.c.timestamp.desc(), _m.c.seq.desc())
        .limit(limit)
    )
    return [response_time(*row) for row in connection.execute(query)]


def response_time(started: datetime, first_token: datetime | None, ended: datetime | None) -> ResponseTime:
    """The time between moments of one reply."""
    return ResponseTime(
        None if first_token is None else (first_token - started).total_seconds(),
        None if ended is None else (ended - started).total_seconds(),
    )
