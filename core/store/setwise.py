"""Most of the log folded by the database itself, a window of it at a time: a rebuild need not carry it through Python.

Only records that say one plain thing each, messages and ratings, and only as `folding` would: where a window holds
anything unusual of a side, or where the order of its records matters beyond what is seen here, that is left to
`folding` as a whole. That both come to the same is tested on every story of the log. How a database says it is
`setwise_words`'.
"""

import sqlite3
from collections.abc import Sequence

from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError

from core.store import log
from core.store.columns import UtcDateTime, to_json_text
from core.store.folding import fold
from core.store.setwise_postgres import PostgresWords
from core.store.setwise_sqlite import SqliteWords
from core.store.setwise_words import Words
from core.store.sides import MESSAGES, OPINIONS, PLACES, Side
from core.store.statements import LATER, Statements
from core.store.tables import AssessmentRow, ConversationRow, MessagePartRow, MessageRow, table
from core.upcasting import STEPS

_OF_WINDOW = "records.seq > ? AND records.seq <= ? AND records.type = "
_MESSAGES, _RATINGS = (f"{_OF_WINDOW}'{side.plain}'" for side in (MESSAGES, OPINIONS))


def is_available(dialect_name: str) -> bool:
    """Whether the database can do it: SQLite from 3.38 on, whose `->` leaves JSON as it is written."""
    return dialect_name == "postgresql" or sqlite3.sqlite_version_info >= (3, 38)


class Setwise:
    """Folds one side of the log, a window at a time, into the tables whose names have a prefix."""

    def __init__(self, connection: Connection, prefix: str, side: Side) -> None:
        self._connection = connection
        self._side = side
        self._statements = Statements(connection.dialect, prefix)
        words = SqliteWords() if connection.dialect.name == "sqlite" else PostgresWords()
        self._folds = tuple(words.sql(each) for each in _folds(words, prefix, side))
        looks = [] if words.refuses else [_unusual(words, side)]
        if side is MESSAGES and not words.touches_rows_twice:
            looks.append(_twice(words))
        self._looks = tuple(map(words.sql, looks))
        self._old = words.sql(_old(words, side))
        self._told_again = words.sql(_told_again(words))

    def fold(self, after: int, up_to: int) -> bool:
        """Fold the records after `after` up to `up_to`. False, and nothing done, where they are for `folding`."""
        window = (after, up_to)
        rest = log.read_window(self._connection, *window, self._side.others)
        if self._is_for_folding(window, rest):
            return False
        starts = [each for each in rest if each.type == "start_conversation"]
        if not self._is_taken(starts, window):
            return False
        self._fold([each for each in rest if each.type != "start_conversation"])
        return True

    def _is_taken(self, starts: Sequence[log.Kept], window: tuple[int, int]) -> bool:
        """Fold what starts conversations, and most of the window; False, and nothing done, where that is refused."""
        try:
            with self._connection.begin_nested():
                self._fold(starts)
                for statement in self._folds:
                    self._connection.exec_driver_sql(statement, window)
        except IntegrityError:
            return False  # see `Words.refuses`
        return True

    def _fold(self, records: Sequence[log.Kept]) -> None:
        self._statements.apply(self._connection, [change for each in records for change in fold(each)])

    def _is_for_folding(self, window: tuple[int, int], rest: Sequence[log.Kept]) -> bool:
        """Whether something is old or unusual, ended before it was started, or changed before it was told (again)."""
        if any(self._finds(look, *window) for look in self._looks) or (
            STEPS and self._finds(self._old, *window, to_json_text(list(map(" ".join, STEPS))))
        ):
            return True
        started = {each.data["id"]: each.seq for each in rest if each.type == "start_conversation"}
        if any(started.get(each.data["id"], 0) > each.seq for each in rest if each.type == "end_conversation"):
            return True
        updated = to_json_text([(each.data["id"], each.seq) for each in rest if each.type == "update_message"])
        return updated != "[]" and self._finds(self._told_again, updated, *window)

    def _finds(self, query: str, *parameters: int | str) -> bool:
        return self._connection.exec_driver_sql(query, parameters).first() is not None


def _folds(words: Words, prefix: str, side: Side) -> list[str]:
    if side is MESSAGES:
        return [_messages(words, f"{prefix}{MessageRow.__tablename__}")]
    if side is OPINIONS:
        return [_ratings(words, f"{prefix}{AssessmentRow.__tablename__}")]
    conversations, parts = (f"{prefix}{row.__tablename__}" for row in (ConversationRow, MessagePartRow))
    return [_parts(words, parts), _touch(words, conversations)]


def _moments(of: Table) -> list[str]:
    return [column.name for column in of.columns if isinstance(column.type, UtcDateTime)]


def _messages(words: Words, name: str) -> str:
    of = table(MessageRow)
    picked = {column.name: words.plain(column) for column in of.columns}
    picked |= {each: words.moment(each) for each in _moments(of)}
    picked |= {each: words.text(each, "''") for each in ("rating", "feedback", "author")}
    picked |= {
        "seq": "records.seq",
        "parts": words.json("parts", "[]"),
        "model_id": words.text("model.id"),
        "role": words.where_plain(_plain_message(words), words.text("role")),
        "status": words.text("status", "'complete'"),
        "withheld": words.boolean("withheld"),
        "deleted": words.false,
    }
    return words.upsert(name, of, picked, f"records WHERE {_MESSAGES}", "records.seq", keep=("seq", "deleted"))


def _ratings(words: Words, name: str) -> str:
    of = table(AssessmentRow)
    picked = {column.name: words.plain(column) for column in of.columns}
    said = words.json("feedback")
    picked |= {
        "message_id": words.text("id"),
        "seq": "records.seq",
        "at": "records.at",
        "kind": words.where_plain(_plain_rating(words), "'feedback'"),
        "value": f"COALESCE({words.json('value')}, NULLIF({said}, '\"\"'))",
        "number": words.number("value"),
        "rationale": words.text("rationale", "''"),
        "details": words.json("metadata", "{}"),
        "standing": words.true,
        "current": words.true,
    }
    window = f"records WHERE {_RATINGS}"
    return words.upsert(name, of, picked, window, "records.seq", where=LATER.format(there=name))


def _parts(words: Words, name: str) -> str:
    picked = {
        "key": words.whole("part.value"),
        "message_id": words.where_plain(words.is_a("parts", "array"), words.text("id")),
        "position": words.part_position,
    }
    window = f"records, {words.elements(words.json('parts', '[]'), 'part')} WHERE {_MESSAGES}"
    return words.upsert(name, table(MessagePartRow), picked, window, f"records.seq, {words.part_position}")


def _touch(words: Words, conversations: str) -> str:
    """A conversation that was started after a message was told does not know of that one."""
    # What is grouped is picked before: SQLite would sort whole records.
    return (
        "WITH told AS MATERIALIZED ("  # noqa: S608 - our own names
        f"SELECT {words.text('conversation_id')} AS conversation_id, {words.text('timestamp')} AS moment, "
        f"{_plain_place(words)} AS is_plain, records.seq AS seq FROM records WHERE {_MESSAGES}"
        f") UPDATE {conversations} AS there SET last_message_at = given.moment FROM ("
        f"SELECT started.id AS id, {words.latest('told.moment', 'told.is_plain')} AS moment "
        f"FROM told JOIN {conversations} AS started ON started.id = told.conversation_id "
        "WHERE told.seq > started.seq GROUP BY started.id"
        ") AS given WHERE there.id = given.id "
        "AND (there.last_message_at < given.moment OR given.moment IS NULL)"
    )


def _unusual(words: Words, side: Side) -> str:
    """A record is not written as `_folds` takes it."""
    plain = {MESSAGES: _plain_message, OPINIONS: _plain_rating, PLACES: _plain_place}[side](words)
    return f"SELECT 1 FROM records WHERE {_OF_WINDOW}'{side.plain}' AND NOT ({plain}) LIMIT 1"  # noqa: S608 - our own names


def _plain_message(words: Words) -> str:
    moments = [f"({words.text(name)} IS NULL OR {words.is_moment(name)})" for name in _moments(table(MessageRow))]
    whole = [each.name for each in table(MessageRow).columns if each.type.python_type is int and each.name != "seq"]
    return " AND ".join((
        f"{words.text('timestamp')} IS NOT NULL",
        *moments,
        words.is_a("rating", "text"),
        words.is_a("parts", "array"),
        words.is_a("model", "object", "null"),
        words.is_a("model.id", "text", "null"),
        words.is_a("withheld", "true", "false"),
        *map(words.is_whole, whole),
    ))  # fmt: skip


def _plain_rating(words: Words) -> str:
    return words.is_a("feedback", "text")


def _plain_place(words: Words) -> str:
    return f"COALESCE({words.is_moment('timestamp')}, {words.false}) AND {words.is_a('parts', 'array')}"


def _twice(words: Words) -> str:
    """A message is told twice in the window."""
    return f"SELECT 1 FROM records WHERE {_MESSAGES} GROUP BY {words.text('id')} HAVING count(*) > 1 LIMIT 1"  # noqa: S608


def _told_again(words: Words) -> str:
    """A message is told again after a change: given as JSON, a list of its id and the seq of the change each."""
    return (
        f"SELECT 1 FROM records JOIN {words.elements(words.given, 'updated')} "  # noqa: S608 - our own names
        f"ON {words.text('id')} = {words.item('updated.value', 0)} "
        f"WHERE {_MESSAGES} AND records.seq > {words.whole_item('updated.value', 1)} LIMIT 1"
    )


def _old(words: Words, side: Side) -> str:
    return (
        "SELECT 1 FROM records WHERE records.seq > ? AND records.seq <= ? "  # noqa: S608 - our own names
        f"AND (records.type = '{side.plain}' OR {side.others}) AND records.type || ' ' || records.version "
        f"IN (SELECT {words.whole('step.value')} FROM {words.elements(words.given, 'step')}) LIMIT 1"
    )
