"""How the database is: its size, its log's end, the questions that wait in it, and how the latest replies ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, literal_column, select
from ulid import ULID

from core.messages import Role
from core.store.log import RECORDS
from core.store.tables import MessageRow, TurnRow, table

_m, _t = table(MessageRow).c, table(TurnRow).c
_SIZE: Final = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
_last = select(RECORDS.c.seq, RECORDS.c.committed_at).order_by(RECORDS.c.seq.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Condition:
    """A look at the database."""

    kind: str
    """`sqlite` or `postgresql`."""
    bytes: int
    newest: int
    """The seq of the newest record; 0 where there is none."""
    kept_at: datetime | None
    """When it was kept."""
    waiting: int
    """Questions that wait for their answer, or whose answer is in the making."""
    waiting_since: datetime | None
    """When the first of them was asked."""
    endings: Mapping[tuple[str, str], int]
    """How many of the latest replies ended with which status and for which reason (empty where it is complete)."""


def condition(connection: Connection, since: datetime) -> Condition:
    """How the database is; `endings` are those of the replies since a moment."""
    kind = connection.dialect.name
    size = connection.exec_driver_sql(_SIZE[kind]).scalar_one()
    last = connection.execute(_last).first()
    waiting, first = connection.execute(select(func.count(), func.min(_t.question_id))).one()
    is_reply = _m.role == literal_column(f"'{Role.ASSISTANT.value}'")
    ended = select(_m.status, func.coalesce(_m.reason, ""), func.count()).where(is_reply, _m.timestamp >= since)
    endings = {
        (status, reason): number for status, reason, number in connection.execute(ended.group_by(_m.status, _m.reason))
    }
    return Condition(
        kind,
        int(size),
        last.seq if last else 0,
        last.committed_at if last else None,
        waiting,
        _asked_at(first),
        endings,
    )


def _asked_at(question_id: str | None) -> datetime | None:
    """The moment that is in an id."""
    try:
        return None if question_id is None else ULID.from_str(question_id).datetime
    except ValueError:
        return None  # not made by us
