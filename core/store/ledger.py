"""The ledger of exports: what was given records out of the log, and which of it holds what was erased since.

An export is stale where an erasure changed a record between the seqs that it was made from, whatever it chose among
them: rather one too many than one too few. The ledger names messages, never people. What an export is, and how
something is erased in it, is not known here.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, text, update
from ulid import ULID

from core.clock import Clock
from core.messages import Json
from core.records import Record
from core.store.engine import Database
from core.store.tables import ExportRow, StaleMessageRow, table

_e, _s = table(ExportRow), table(StaleMessageRow)
_all = select(_e).order_by(_e.c.made_at, _e.c.id)
_latest = (
    select(_e)
    .where(_e.c.kind == bindparam("of_kind"), _e.c.target == bindparam("for_target"))
    .order_by(_e.c.made_at.desc(), _e.c.id.desc())
    .limit(1)
)
_messages = select(_s.c.message_id).where(_s.c.export_id == bindparam("id")).order_by(_s.c.message_id)
_note_stale = (
    update(_e).where(_e.c.id == bindparam("there"), _e.c.stale_since.is_(None)).values(stale_since=bindparam("at"))
)
_describe = update(_e).where(_e.c.id == bindparam("there")).values(options=bindparam("told"))
_note_message = text(
    "INSERT INTO stale_messages (export_id, message_id) VALUES (:export, :message) "
    "ON CONFLICT (export_id, message_id) DO NOTHING"
)
_told_of = delete(_s).where(_s.c.export_id == bindparam("export"), _s.c.message_id == bindparam("message"))
_settled = (
    update(_e).where(_e.c.id == bindparam("there"), ~exists().where(_s.c.export_id == _e.c.id)).values(stale_since=None)
)


@dataclass(frozen=True, slots=True)
class Export:
    """One entry of the ledger."""

    id: str
    kind: str
    """What it was made by: `sft`, `kto`, …, `mlflow`."""
    target: str
    """A file, or the address of a service."""
    made_at: datetime
    seq_from: int
    seq_to: int
    """The first and the last record that it was made from."""
    options: Json
    stale_since: datetime | None
    """When something that it holds was erased from the log first, where it was not erased there too."""


class Ledger:
    """The exports of one database. Every method raises as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def note(self, kind: str, target: str, *, seq_from: int, seq_to: int, options: Json | None = None) -> Export:
        """Enter an export, before anything of it leaves."""
        now = self._clock.now()
        export = Export(str(ULID.from_datetime(now)), kind, target, now, seq_from, seq_to, dict(options or {}), None)
        row = {name: getattr(export, name) for name in Export.__slots__}
        await self._database.write(partial(_do, statement=insert(_e), rows=[row]))
        return export

    async def describe(self, export: Export, options: Json) -> Export:
        """Note other options of an export: how it goes with one that goes on."""
        values = {"there": export.id, "told": dict(options)}
        await self._database.touch(partial(_do, statement=_describe, rows=[values]))
        return replace(export, options=options)

    async def exports(self) -> list[Export]:
        """All of them, the oldest first."""
        return await self._database.read(_exports)

    async def latest(self, kind: str, target: str) -> Export | None:
        """The newest entry of a kind for a target."""

        def work(connection: Connection) -> Export | None:
            row = connection.execute(_latest, {"of_kind": kind, "for_target": target}).mappings().first()
            return None if row is None else Export(**row)

        return await self._database.read(work)

    async def erased_in(self, export: Export) -> list[str]:
        """The ids of the messages of which an export may hold what was erased."""

        def work(connection: Connection) -> list[str]:
            return list(connection.execute(_messages, {"id": export.id}).scalars())

        return await self._database.read(work)

    async def settle(self, export: Export, messages: Collection[str]) -> None:
        """What was erased of `messages` is erased in the export too; it is stale no longer where that was all."""

        def work(connection: Connection) -> None:
            _do(connection, _told_of, [{"export": export.id, "message": each} for each in messages])
            connection.execute(_settled, {"there": export.id})

        await self._database.write(work)


def mark_stale(connection: Connection, changed: Collection[Record], at: datetime) -> None:
    """Note what an erasure at the moment `at` changed, inside its transaction."""
    for export in _exports(connection):
        messages = {
            each.message_id or each.conversation_id or each.id
            for each in changed
            if export.seq_from <= (each.seq or 0) <= export.seq_to
        }
        if messages:
            connection.execute(_note_stale, {"there": export.id, "at": at})
            _do(connection, _note_message, [{"export": export.id, "message": each} for each in messages])


def _exports(connection: Connection) -> list[Export]:
    return [Export(**row) for row in connection.execute(_all).mappings()]


def _do(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement, rows)
