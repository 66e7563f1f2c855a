"""Most of the log folded by SQLite itself, a window of it at a time: a rebuild need not carry it through Python.

Only records that say one plain thing each, messages and ratings, and only as `folding` would: where a window holds
anything unusual, or where the order of its records matters beyond what is seen here, it is left to `folding` as a
whole. That both come to the same is tested on every story of the log.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Table

from core.store import log
from core.store.columns import JsonData, UtcDateTime, to_json_text
from core.store.folding import fold
from core.store.statements import LATER, Statements, in_place_of
from core.store.tables import AssessmentRow, ConversationRow, MessagePartRow, MessageRow, table
from core.upcasting import STEPS

AVAILABLE: Final = sqlite3.sqlite_version_info >= (3, 38)
"""Whether SQLite's `->`, which leaves JSON as it is written, is there (sqlite.org/json1.html)."""
_TYPES: Final = ("add_message", "log_feedback")
_SECOND: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
_MICROSECONDS: Final = "[0-9]" * 6


def _text(name: str, default: str = "NULL") -> str:
    picked = f"json_extract(records.data, '$.{name}')"
    return picked if default == "NULL" else f"COALESCE({picked}, {default})"


def _json(name: str, default: str = "NULL") -> str:
    picked = f"NULLIF(records.data -> '$.{name}', 'null')"
    return picked if default == "NULL" else f"COALESCE({picked}, {default})"


def _moment(name: str) -> str:
    text = _text(name)
    return f"CASE length({text}) WHEN 25 THEN substr({text}, 1, 19) || '.000000+00:00' ELSE {text} END"


def _is_moment(name: str) -> str:
    text = _text(name)
    return f"({text} GLOB '{_SECOND}+00:00' OR {text} GLOB '{_SECOND}.{_MICROSECONDS}+00:00')"


def _is(name: str, *kinds: str) -> str:
    """The field is of one of these kinds, or missing."""
    words = ", ".join(f"'{kind}'" for kind in kinds)
    return f"COALESCE(json_type(records.data, '$.{name}'), '{kinds[0]}') IN ({words})"


def _moments(of: Table) -> list[str]:
    return [column.name for column in of.columns if isinstance(column.type, UtcDateTime)]


_MESSAGE = {
    **{name: _moment(name) for name in _moments(table(MessageRow))},
    **{name: _text(name, "''") for name in ("rating", "feedback", "author")},
    "seq": "records.seq",
    "parts": _json("parts", "'[]'"),
    "model_id": _text("model.id"),
    "status": _text("status", "'complete'"),
    "withheld": _text("withheld", "0"),
    "deleted": "0",
}
"""Where a message's columns come from, but for those that are a field of the same name."""
_PLAIN_MESSAGE = " AND ".join((
    f"{_text('timestamp')} IS NOT NULL",
    *(f"({_text(name)} IS NULL OR {_is_moment(name)})" for name in _moments(table(MessageRow))),
    _is("rating", "text"),
    _is("parts", "array"),
    _is("model", "object", "null"),
    _is("model.id", "text", "null"),
    _is("withheld", "true", "false"),
))  # fmt: skip
_RATING = {
    "message_id": _text("id"),
    "seq": "records.seq",
    "at": "records.at",
    "kind": "'feedback'",
    "value": f"COALESCE({_json('value')}, NULLIF({_json('feedback')}, '\"\"'))",
    "number": "CASE WHEN json_type(records.data, '$.value') IN ('true', 'false', 'integer', 'real') "
    f"THEN CAST({_text('value')} AS REAL) END",
    "rationale": _text("rationale", "''"),
    "details": _json("metadata", "'{}'"),
    "standing": "1",
    "current": "1",
}
"""The same for a rating."""
_PLAIN_RATING = _is("feedback", "text")

_OF_WINDOW = "records.seq > ? AND records.seq <= ? AND records.type = "
_MESSAGES, _RATINGS = (f"{_OF_WINDOW}'{kind}'" for kind in _TYPES)
_UNUSUAL = f"""
SELECT 1 FROM records WHERE records.seq > ? AND records.seq <= ? AND NOT
CASE records.type WHEN 'add_message' THEN {_PLAIN_MESSAGE} WHEN 'log_feedback' THEN {_PLAIN_RATING} ELSE 1 END LIMIT 1
"""  # noqa: S608 - made of constants
_TOLD_AGAIN = f"""
SELECT 1 FROM records JOIN json_each(?) AS updated ON {_text("id")} = json_extract(updated.value, '$[0]')
WHERE {_MESSAGES} AND records.seq > json_extract(updated.value, '$[1]') LIMIT 1
"""  # noqa: S608
_OLD = """
SELECT 1 FROM records WHERE records.seq > ? AND records.seq <= ?
AND records.type || ' ' || records.version IN (SELECT value FROM json_each(?)) LIMIT 1
"""
_END = "SELECT max(seq) FROM (SELECT seq FROM records WHERE seq > ? ORDER BY seq LIMIT ?)"


class Setwise:
    """Folds windows of the log into the tables whose names have a prefix."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self._connection = connection
        self._statements = Statements(connection.dialect, prefix)
        conversations, messages, parts, assessments = (
            f"{prefix}{row.__tablename__}" for row in (ConversationRow, MessageRow, MessagePartRow, AssessmentRow)
        )
        later = LATER.format(there=assessments)
        self._folds = (
            _insert(messages, table(MessageRow), _MESSAGE, _MESSAGES, keep=("seq", "deleted")),
            _place(parts),
            _touch(conversations),
            _insert(assessments, table(AssessmentRow), _RATING, _RATINGS, where=later),
        )

    def step(self, after: int, limit: int) -> int | None:
        """Fold at most `limit` records after the seq `after`; the seq that is reached.

        None, and nothing done, where there is none, or where they are for `folding`.
        """
        up_to: int | None = self._connection.exec_driver_sql(_END, (after, limit)).scalar()
        if up_to is None:
            return None
        window = (after, up_to)
        rest = log.read_window(self._connection, *window, without=_TYPES)
        if self._is_for_folding(window, rest):
            return None
        starts = [each for each in rest if each.type == "start_conversation"]
        self._fold(starts)
        for statement in self._folds:
            self._connection.exec_driver_sql(statement, window)
        self._fold([each for each in rest if each.type != "start_conversation"])
        return up_to

    def _fold(self, records: Sequence[log.Kept]) -> None:
        self._statements.apply(self._connection, [change for each in records for change in fold(each)])

    def _is_for_folding(self, window: tuple[int, int], rest: Sequence[log.Kept]) -> bool:
        """Whether something is old or unusual, ended before it was started, or changed before it was told (again)."""
        if self._finds(_UNUSUAL, *window) or (
            STEPS and self._finds(_OLD, *window, to_json_text(list(map(" ".join, STEPS))))
        ):
            return True
        started = {each.data["id"]: each.seq for each in rest if each.type == "start_conversation"}
        if any(started.get(each.data["id"], 0) > each.seq for each in rest if each.type == "end_conversation"):
            return True
        updated = to_json_text([(each.data["id"], each.seq) for each in rest if each.type == "update_message"])
        return updated != "[]" and self._finds(_TOLD_AGAIN, updated, *window)

    def _finds(self, query: str, *parameters: int | str) -> bool:
        return self._connection.exec_driver_sql(query, parameters).first() is not None


def _insert(
    name: str, of: Table, sources: dict[str, str], window: str, *, keep: Sequence[str] = (), where: str = ""
) -> str:
    columns = ", ".join(column.name for column in of.columns)
    picked = ", ".join(sources.get(column.name) or _field(column) for column in of.columns)
    return (
        f"INSERT INTO {name} ({columns}) SELECT {picked} FROM records "  # noqa: S608 - our own names
        f"WHERE {window} ORDER BY records.seq {in_place_of(of, keep=keep, where=where)}"
    )


def _field(column: Column[Any]) -> str:
    return _json(column.name) if isinstance(column.type, JsonData) else _text(column.name)


def _place(parts: str) -> str:
    return (
        f"INSERT INTO {parts} (key, message_id, position) SELECT part.value, {_text('id')}, part.key "  # noqa: S608
        f"FROM records, json_each(records.data, '$.parts') AS part WHERE {_MESSAGES} ORDER BY records.seq, part.key "
        f"{in_place_of(table(MessagePartRow))}"
    )


def _touch(conversations: str) -> str:
    """A conversation that was started after a message was told does not know of that one."""
    return (
        f"UPDATE {conversations} AS there SET last_message_at = given.moment FROM ("  # noqa: S608
        f"SELECT started.id AS id, max({_moment('timestamp')}) AS moment FROM records "
        f"JOIN {conversations} AS started ON started.id = {_text('conversation_id')} "
        f"WHERE {_MESSAGES} AND records.seq > started.seq GROUP BY started.id"
        ") AS given WHERE there.id = given.id AND there.last_message_at < given.moment"
    )
