"""Replies by the ids that others know them by: the trace id, or the id of the request that they answer."""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, select, text

from core.messages import Role
from core.store.engine import Database
from core.store.tables import MessageRow, table

_m = table(MessageRow).c
_columns = select(_m.id, _m.conversation_id, _m.deleted).where(_m.role == literal_column(f"'{Role.ASSISTANT.value}'"))
_by_trace = _columns.where(_m.id == bindparam("id"))
_by_request = _columns.where(_m.client_request_id == bindparam("id"), _m.client_request_id.is_not(None))
_newest = _by_request.order_by(_m.seq.desc()).limit(1)
_growing = text("SELECT reply_id FROM turns WHERE reply_id = :id")


class State(StrEnum):
    """How far a reply is."""

    WHOLE = "whole"
    GROWING = "growing"
    GONE = "gone"
    """It was deleted."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A reply, as far as it is known by its id alone."""

    reply_id: str
    conversation_id: str
    state: State


class Traces:
    """The replies of one database. Every method raises as the store's do."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_trace(self, trace_id: str) -> Trace | None:
        """The reply of this trace id (its own id), also while it is being written; None where there is none."""
        return await self._database.read(partial(_find, trace_id=trace_id))

    async def of_request(self, client_request_id: str) -> Trace | None:
        """The newest whole reply to the request of this id; None where there is none."""
        return await self._database.read(partial(_find_newest, client_request_id=client_request_id))


def _find(connection: Connection, trace_id: str) -> Trace | None:
    if row := connection.execute(_by_trace, {"id": trace_id}).first():
        return _trace(row)
    if connection.execute(_growing, {"id": trace_id}).first():
        return Trace(trace_id, "", State.GROWING)
    return None


def _find_newest(connection: Connection, client_request_id: str) -> Trace | None:
    row = connection.execute(_newest, {"id": client_request_id}).first()
    return None if row is None else _trace(row)


def _trace(row: Any) -> Trace:
    return Trace(row.id, row.conversation_id, State.GONE if row.deleted else State.WHOLE)
