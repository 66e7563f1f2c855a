"""Records as rows of the log's table, there and back. What they change is not known here."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from orjson import loads
from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from core.messages import Json
from core.records import MIMETYPE, Record
from core.store.envelope import Entry
from core.store.tables import RecordRow, table
from core.upcasting import STEPS, upcast

RECORDS = table(RecordRow)
COLUMNS = tuple(column.name for column in RECORDS.columns if column.name != "seq")
"""What `values` gives, in this order."""


def values(entry: Entry, at: Any, committed_at: Any) -> tuple[Any, ...]:
    """The row of a record, without its seq; the times as the driver takes them, the data as JSON text."""
    record = entry.record
    return (
        record.id,
        record.type,
        record.version,
        record.topic,
        MIMETYPE,
        at,
        committed_at,
        record.source,
        record.conversation_id,
        record.message_id,
        record.subject,
        entry.text,
        record.idempotency_key,
    )


def number(
    entries: Sequence[Entry], known: Iterable[str], erased: Iterable[str], seqs: Iterable[int]
) -> list[int | None]:
    """The seq of each entry, of `seqs` in their order; None for one that was told before.

    `known`: those of their keys that are in the log; `erased`: those of their digests that are kept of what was erased.
    """
    there, gone, rest = set(known), set(erased), iter(seqs)
    numbers: list[int | None] = []
    for each in entries:
        key = each.record.idempotency_key
        is_told = key in there or (gone and not gone.isdisjoint(each.guards))
        numbers.append(None if is_told else next(rest))
        there.add(key)
    return numbers


_FIELDS = tuple(column for column in RECORDS.columns if column.name != "mimetype")
_NAMES = tuple(column.name for column in _FIELDS)
_page = select(*_FIELDS).where(RECORDS.c.seq > bindparam("after")).order_by(RECORDS.c.seq).limit(bindparam("limit"))
_by_seqs = select(*_FIELDS).where(RECORDS.c.seq.in_(bindparam("seqs", expanding=True))).order_by(RECORDS.c.seq)
_of_messages = (
    select(*_FIELDS)
    .where(
        RECORDS.c.conversation_id.in_(bindparam("conversations", expanding=True)),
        RECORDS.c.message_id.in_(bindparam("ids", expanding=True)),
        RECORDS.c.type.in_(("add_message", "update_message")),
    )
    .order_by(RECORDS.c.seq)
)
_AS_KEPT = "SELECT seq, id, type, version, at, CAST(data AS TEXT) FROM records WHERE seq > {after} "
_OF_WINDOW = f"{_AS_KEPT} AND seq <= {{up_to}} AND ({{which}}) ORDER BY seq"
_subject_page = _page.where(RECORDS.c.subject == bindparam("subject"))


def read_page(connection: Connection, after: int, limit: int) -> list[Record]:
    """At most `limit` records in the order of seq, from the first after `after`."""
    return _records(connection.execute(_page, {"after": after, "limit": limit}))


def read_conversation(connection: Connection, conversation_id: str, *, as_of: int | datetime | None) -> list[Record]:
    """The records of a conversation in the order of seq: all, up to a seq, or those that happened up to a moment."""
    query = select(*_FIELDS).where(RECORDS.c.conversation_id == conversation_id).order_by(RECORDS.c.seq)
    if as_of is not None:
        query = query.where(_until(as_of))
    return _records(connection.execute(query))


def read_subject(connection: Connection, subject: str, after: int, limit: int) -> list[Record]:
    """At most `limit` records of a subject in the order of seq, from the first after `after`."""
    return _records(connection.execute(_subject_page, {"subject": subject, "after": after, "limit": limit}))


def read_messages(connection: Connection, ids: Collection[str], *, conversations: Collection[str]) -> list[Record]:
    """The records that add or change messages of some conversations, in the order of seq."""
    names = {"ids": list(ids), "conversations": list(conversations)}
    return _records(connection.execute(_of_messages, names))


class Kept(NamedTuple):
    """As much of a record as folding takes. Made for every record there is, it costs a tenth of a `Record`."""

    seq: int
    id: str
    type: str
    version: str
    at: datetime
    data: Json


def window(connection: Connection, after: int, limit: int) -> int | None:
    """A seq such that there are records after `after` up to it, and at most `limit`; None where there are none."""
    first, last = (
        connection.execute(select(each(RECORDS.c.seq)).where(RECORDS.c.seq > after)).scalar()
        for each in (func.min, func.max)
    )
    return None if first is None else min(first + limit - 1, last)


def read_window(connection: Connection, after: int, up_to: int, which: str) -> list[Kept]:
    """The records after `after` up to `up_to` for which the condition `which`, in SQL, holds, in the order of seq."""
    return _kept(connection, _OF_WINDOW.format(after=int(after), up_to=int(up_to), which=which))


def _kept(connection: Connection, query: str) -> list[Kept]:
    rows = connection.exec_driver_sql(query).all()
    if connection.dialect.name == "sqlite":
        read = datetime.fromisoformat
        return _forward(
            [Kept(seq, id_, type_, version, read(at), loads(data)) for seq, id_, type_, version, at, data in rows]
        )
    return _forward([Kept(seq, id_, type_, version, at, loads(data)) for seq, id_, type_, version, at, data in rows])


def read_types(
    connection: Connection, types: Collection[str], *, after: int, as_of: int | datetime, limit: int
) -> list[Kept]:
    """At most `limit` records of some types as of a seq or a moment, in order, from the first after `after`."""
    query = select(*(RECORDS.c[name] for name in Kept._fields)).where(RECORDS.c.seq > after, RECORDS.c.type.in_(types))
    rows = connection.execute(query.where(_until(as_of)).order_by(RECORDS.c.seq).limit(limit))
    return _forward([Kept(*row) for row in rows])


def _forward(records: list[Kept]) -> list[Kept]:
    if not STEPS:
        return records
    versions = [upcast(each.type, each.version, each.data) for each in records]
    return [each._replace(version=version, data=data) for each, (version, data) in zip(records, versions, strict=True)]


def newest(connection: Connection) -> int:
    """The seq of the newest record; 0 where there is none."""
    return connection.execute(select(func.max(RECORDS.c.seq))).scalar() or 0


def read_seqs(connection: Connection, seqs: Collection[int]) -> list[Record]:
    """The records of these seqs, in their order."""
    return _records(connection.execute(_by_seqs, {"seqs": seqs}))


def moment_of(connection: Connection, seq: int) -> datetime | None:
    """When the last record up to `seq` was kept; None where there is none."""
    query = select(RECORDS.c.committed_at).where(RECORDS.c.seq <= seq).order_by(RECORDS.c.seq.desc()).limit(1)
    return connection.execute(query).scalar()


def newest_by(connection: Connection, moment: datetime) -> int:
    """The seq of the newest record that was kept by `moment`; 0 where there is none.

    Records are kept in the order of seq, so halving finds it: no index on the moments is needed.
    """
    low, high = 0, newest(connection)
    while low < high:
        middle = (low + high + 1) // 2
        kept_at = moment_of(connection, middle)
        if kept_at is None or kept_at <= moment:
            low = middle
        else:
            high = middle - 1
    return low


def _until(as_of: int | datetime) -> ColumnElement[bool]:
    return RECORDS.c.seq <= as_of if isinstance(as_of, int) else RECORDS.c.at <= as_of


def _records(rows: Any) -> list[Record]:
    """The records of some rows, brought forward to this version."""
    records = [Record(**dict(zip(_NAMES, row, strict=True))) for row in rows]
    return [each.forward for each in records] if STEPS else records
