"""The SQL that folds changes into the tables, many rows at a time, in words that SQLite and Postgres share.

It goes to the driver as text: of the time an append takes, composing and compiling statements would be half.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Table

from core.feedback import USER_COMMENT
from core.store.folding import Change, Row, Step, in_batches
from core.store.tables import AssessmentRow, ConversationRow, MessagePartRow, MessageRow, table

Encoder = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement for the driver, and where its parameters come from."""

    sql: str
    columns: tuple[tuple[str, Encoder], ...]

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Do it once for each of `rows`, in their order."""
        columns = self.columns
        values = [
            tuple([row[name] if encode is None else encode(row[name]) for name, encode in columns]) for row in rows
        ]
        connection.exec_driver_sql(self.sql, values)


_UPDATE_MESSAGE = """
UPDATE messages SET content = COALESCE(?, content), rating = COALESCE(?, rating), feedback = COALESCE(?, feedback),
deleted = (deleted OR ?) WHERE id = ?
"""
_TOUCH = "UPDATE conversations SET last_message_at = ? WHERE id = ? AND last_message_at < ?"
_END = "UPDATE conversations SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL"
_LATER = "excluded.at > assessments.at OR (excluded.at = assessments.at AND excluded.seq > assessments.seq)"
# The rule of `folding.current`, in SQL.
_COUNT = f"""
UPDATE assessments AS a SET current = (a.standing AND (a.name = '{USER_COMMENT}' OR NOT EXISTS (
    SELECT 1 FROM assessments AS b
    WHERE b.message_id = a.message_id AND b.name = a.name
    AND b.source_type = a.source_type AND b.source_id = a.source_id
    AND b.standing AND (b.at > a.at OR (b.at = a.at AND b.seq > a.seq)))))
WHERE a.message_id = ? AND a.name = ? AND a.source_type = ? AND a.source_id = ?
"""  # noqa: S608 - made of constants
_SOURCE = ("message_id", "name", "source_type", "source_id")


class Statements:
    """Every step's statement in one database's dialect."""

    def __init__(self, dialect: Dialect) -> None:
        messages, conversations, assessments = table(MessageRow), table(ConversationRow), table(AssessmentRow)
        self._count = statement(dialect, _COUNT, assessments, _SOURCE)
        self._steps = {
            Step.START_CONVERSATION: _insert(dialect, conversations, "ON CONFLICT (id) DO NOTHING"),
            Step.ADD_MESSAGE: _upsert(dialect, messages, keep=("seq", "deleted")),
            Step.PLACE_PART: _upsert(dialect, table(MessagePartRow)),
            Step.TOUCH_CONVERSATION: statement(
                dialect, _TOUCH, conversations, ("last_message_at", "id", "last_message_at")
            ),
            Step.UPDATE_MESSAGE: statement(
                dialect, _UPDATE_MESSAGE, messages, ("content", "rating", "feedback", "deleted", "id")
            ),
            Step.END_CONVERSATION: statement(dialect, _END, conversations, ("ended_at", "end_reason", "id")),
            Step.ASSESS: _upsert(dialect, assessments, where=_LATER),
        }

    def apply(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Fold `changes`, whose rows carry their record's `seq`, into the tables."""
        for batch in in_batches(changes):
            for step, rows in batch.items():
                self._steps[step].run(connection, rows)
            if assessed := batch.get(Step.ASSESS):
                sources = {tuple(row[name] for name in _SOURCE): row for row in assessed}
                self._count.run(connection, list(sources.values()))


def statement(dialect: Dialect, sql: str, target: Table, columns: Sequence[str]) -> Statement:
    """`sql`, whose `?` stand for the values of `columns` of `target`, as the dialect's driver writes it."""
    if dialect.paramstyle == "numeric_dollar":
        first, *rest = sql.split("?")
        sql = first + "".join(f"${number}{part}" for number, part in enumerate(rest, start=1))
    return Statement(sql, tuple((name, _encoder(dialect, target, name)) for name in columns))


def _encoder(dialect: Dialect, target: Table, column: str) -> Encoder:
    kind = target.c[column].type
    # A bool is a number to SQLite's driver already.
    return None if kind.python_type is bool else kind.dialect_impl(dialect).bind_processor(dialect)


def _insert(dialect: Dialect, target: Table, conflict: str) -> Statement:
    columns = [column.name for column in target.columns]
    marks = ", ".join("?" * len(columns))
    sql = f"INSERT INTO {target.name} ({', '.join(columns)}) VALUES ({marks}) {conflict}"  # noqa: S608 - our own names
    return statement(dialect, sql, target, columns)


def _upsert(dialect: Dialect, target: Table, *, keep: Sequence[str] = (), where: str = "") -> Statement:
    """Insert, or put the new row in the old one's place but for `keep`, where `where` holds."""
    keys = [column.name for column in target.primary_key]
    sets = ", ".join(
        f"{each.name} = excluded.{each.name}" for each in target.columns if each.name not in {*keys, *keep}
    )
    condition = f" WHERE {where}" if where else ""
    return _insert(dialect, target, f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}{condition}")
