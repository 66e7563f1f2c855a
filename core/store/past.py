"""The counts of reports as of a seq or a moment, from the log alone: what `sql_counts` is for now.

Only the replies of one span of time are held, without their words, and what was said of them; the log is read in
pages. So memory grows with the span and not with the log. A reply's words are read with its conversation, when they are
asked for.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection

from core.feedback import Assessment
from core.messages import Message, Role
from core.store import log
from core.store.changes import Change, Step, order
from core.store.engine import Database
from core.store.folded import FoldedTables
from core.store.folded_counts import FoldedCounts
from core.store.folding import fold
from core.store.values import ASSESSMENT, MESSAGE, as_assessment, as_message

_PAGE: Final = 2_000
_TALK: Final = ("start_conversation", "add_message")
_OPINIONS: Final = ("log_feedback", "log_expectation", "withdraw_assessment")
_OF_A_REPLY: Final = (
    *("id", "seq", "conversation_id", "role", "timestamp", "model_id", "streaming", "deleted"),
    *("started_at", "first_token_at", "ended_at"),
)


class Past(FoldedCounts):
    """The counts as they were. The spans of its methods lie within the one that it was made for."""

    def __init__(self, tables: FoldedTables, database: Database, as_of: int | datetime) -> None:
        self.tables = tables
        self._database = database
        self._as_of = as_of
        self._conversation = ""
        self._read = FoldedTables()
        """The conversation that was read last."""

    async def message(self, message_id: str) -> Message | None:
        """A reply of the span as it was, be it deleted or not; or what else is in the conversation of the last one."""
        row = (await self._around(message_id)).messages.get(message_id)
        return None if row is None else as_message([row[name] for name in MESSAGE])

    async def assessments(self, message_id: str) -> list[Assessment]:
        """What counted of what was said of it, oldest first."""
        rows = (await self._around(message_id)).assessments[message_id].values()
        counting = sorted((row for row in rows if row["current"]), key=order)
        return [as_assessment([row[name] for name in ASSESSMENT]) for row in counting]

    async def _around(self, message_id: str) -> FoldedTables:
        reply = self.tables.messages.get(message_id)
        if reply is not None and reply["conversation_id"] != self._conversation:
            self._conversation = reply["conversation_id"]
            read = partial(_conversation, conversation_id=self._conversation, as_of=self._as_of)
            self._read = await self._database.read(read)
        return self._read


def _conversation(connection: Connection, conversation_id: str, as_of: int | datetime) -> FoldedTables:
    tables = FoldedTables()
    for record in log.read_conversation(connection, conversation_id, as_of=as_of):
        tables.apply(fold(record))
    return tables


def past(connection: Connection, as_of: int | datetime, since: datetime | None, until: datetime | None) -> FoldedTables:
    """The replies with a timestamp in [`since`, `until`) as of a seq or a moment, and what was said of them."""
    tables = FoldedTables()
    for change in _changes(connection, as_of, _TALK):
        if change.step is Step.START_CONVERSATION:
            tables.apply([change])
        elif change.step is Step.ADD_MESSAGE and change.row["role"] == Role.ASSISTANT:
            _add(tables, change, since, until)
    for change in _changes(connection, as_of, _OPINIONS):
        if change.row["message_id"] in tables.messages:
            tables.apply([Change(change.step, change.key, {**change.row, "rationale": ""})])
    return tables


def _add(tables: FoldedTables, change: Change, since: datetime | None, until: datetime | None) -> None:
    at = change.row["timestamp"]
    if (since is None or at >= since) and (until is None or at < until):
        tables.apply([Change(change.step, change.key, {name: change.row[name] for name in _OF_A_REPLY})])
    else:
        tables.messages.pop(change.row["id"], None)  # told again, with another time


def _changes(connection: Connection, as_of: int | datetime, types: Collection[str]) -> Iterator[Change]:
    after = 0
    while page := log.read_types(connection, types, after=after, as_of=as_of, limit=_PAGE):
        for record in page:
            yield from fold(record)
        after = page[-1].seq
