"""The counts of reports as of a seq or a moment, from the log alone: what `sql_counts` is for now.

Only the replies of one span of time are held, without their words, and what was said of them; the log is read in
pages. So memory grows with the span and not with the log.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from core.messages import Role
from core.store import log
from core.store.changes import Change, Step
from core.store.folded import FoldedTables
from core.store.folded_counts import FoldedCounts
from core.store.folding import fold

_PAGE: Final = 2_000
_TALK: Final = ("start_conversation", "add_message")
_OPINIONS: Final = ("log_feedback", "log_expectation", "withdraw_assessment")
_OF_A_REPLY: Final = (
    *("id", "seq", "conversation_id", "role", "timestamp", "model_id", "streaming", "deleted"),
    *("started_at", "first_token_at", "ended_at"),
)


class Past(FoldedCounts):
    """The counts as they were. The spans of its methods lie within the one that it was made for."""

    def __init__(self, tables: FoldedTables) -> None:
        self.tables = tables


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
