"""The SQL that folds changes into the tables, many rows at a time, in words that SQLite and Postgres share.

It goes to the driver as text: of the time an append takes, composing and compiling statements would be half. Its rows
go all at once: to Postgres as one array a column, to SQLite as JSON, or one by one where that is faster.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, MetaData, Table

from core.feedback import USER_CATEGORY, USER_COMMENT
from core.store.changes import Change, Row, Step, in_batches
from core.store.columns import JsonData, UtcDateTime, to_iso_text, to_json_text
from core.store.copying import Newcomers
from core.store.tables import FOLDED, table

Encoder: TypeAlias = Callable[[Any], Any]
Columns: TypeAlias = Iterable[Sequence[Any]]

_TOUCH = """
UPDATE {target} AS there SET last_message_at = given.last_message_at FROM {given}
WHERE there.id = given.id AND there.last_message_at < given.last_message_at
"""
_UPDATE_MESSAGE = """
UPDATE {target} AS there SET content = COALESCE(given.content, there.content),
rating = COALESCE(given.rating, there.rating), feedback = COALESCE(given.feedback, there.feedback),
deleted = (there.deleted OR given.deleted) FROM {given} WHERE there.id = given.id
"""
_END = """
UPDATE {target} AS there SET ended_at = given.ended_at, end_reason = given.end_reason FROM {given}
WHERE there.id = given.id AND there.ended_at IS NULL
"""
LATER = "excluded.at > {there}.at OR (excluded.at = {there}.at AND excluded.seq > {there}.seq)"
# The rule of `changes.current`, in SQL. Most rows come in with the right mark and are not written twice.
_COUNT = f"""
UPDATE {{target}} AS a SET current = NOT a.current FROM {{given}}
WHERE a.message_id = given.message_id AND a.name = given.name
AND a.source_type = given.source_type AND a.source_id = given.source_id
AND a.current <> (a.standing AND (a.name = '{USER_COMMENT}' OR NOT EXISTS (
    SELECT 1 FROM {{target}} AS b
    WHERE b.message_id = a.message_id AND b.name = a.name
    AND b.source_type = a.source_type AND b.source_id = a.source_id
    AND (a.name <> '{USER_CATEGORY}' OR b.value = a.value OR (b.value IS NULL AND a.value IS NULL))
    AND b.standing AND (b.at > a.at OR (b.at = a.at AND b.seq > a.seq)))))
"""  # noqa: S608 - made of constants
SOURCE = ("message_id", "name", "source_type", "source_id")


def _in_arrays(columns: Columns) -> Any:
    return tuple(map(list, columns))


def _in_json(columns: Columns) -> Any:
    return (to_json_text(list(zip(*columns, strict=True))),)


def _one_by_one(columns: Columns) -> Any:
    return list(zip(*columns, strict=True))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement for the driver, where its parameters come from, and how they are handed over."""

    sql: str
    columns: tuple[str, ...]
    """At least two."""
    encoders: tuple[tuple[int, Encoder], ...]
    """Of those columns, by place, whose values the driver would not take as they are."""
    pack: Callable[[Columns], Any]

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Do it for `rows`, no two of which are about the same thing; how many rows that made or changed."""
        columns: list[Sequence[Any]] = list(zip(*map(itemgetter(*self.columns), rows), strict=True))
        for place, encode in self.encoders:
            columns[place] = [None if value is None else encode(value) for value in columns[place]]
        return connection.exec_driver_sql(self.sql, self.pack(columns)).rowcount


class Statements:
    """Every step's statement in one database's dialect, for the tables in use or those whose names have a prefix."""

    def __init__(self, dialect: Dialect, prefix: str = "") -> None:
        metadata = MetaData()
        conversations, messages, parts, assessments, subjects, choices = (
            table(row).to_metadata(metadata, name=f"{prefix}{table(row).name}") for row in FOLDED
        )
        is_postgres = dialect.name == "postgresql"
        self._newcomers = Newcomers(assessments.name, SOURCE, assessments.columns.keys()) if is_postgres else None
        self._insert_newcomers = None if is_postgres else _insert_newcomers(dialect, assessments, SOURCE)
        self._count = _update(dialect, _COUNT, assessments, SOURCE)
        source = ", ".join(SOURCE)
        several = f"(SELECT {source} FROM {assessments.name} GROUP BY {source} HAVING count(*) > 1) AS given"  # noqa: S608
        self._settle = _COUNT.format(target=assessments.name, given=several)
        self._steps = {
            Step.START_CONVERSATION: _insert(dialect, conversations, "ON CONFLICT (id) DO NOTHING"),
            Step.ADD_MESSAGE: _upsert(dialect, messages, keep=("seq", "deleted")),
            Step.PLACE_PART: _upsert(dialect, parts),
            Step.TOUCH_CONVERSATION: _update(dialect, _TOUCH, conversations, ("id", "last_message_at")),
            Step.UPDATE_MESSAGE: _update(
                dialect, _UPDATE_MESSAGE, messages, ("id", "content", "rating", "feedback", "deleted")
            ),
            Step.END_CONVERSATION: _update(dialect, _END, conversations, ("id", "ended_at", "end_reason")),
            Step.ASSESS: _upsert(dialect, assessments, where=LATER.format(there=assessments.name)),
            Step.KNOW_SUBJECT: _upsert(dialect, subjects, where=LATER.format(there=subjects.name)),
            Step.CHOOSE_MODEL: _upsert(dialect, choices, where=f"excluded.seq > {choices.name}.seq"),
        }

    def settle(self, connection: Connection) -> None:
        """Look at the neighbours of every assessment that has some: what counts where ratings came in by SQL."""
        connection.exec_driver_sql(self._settle)

    def apply(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Fold `changes`, whose rows carry their record's `seq`, into the tables."""
        for batch in in_batches(changes):
            for step, rows in batch.items():
                if step is Step.ASSESS:
                    self._assess(connection, rows)
                else:
                    self._steps[step].run(connection, rows)

    def _assess(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Put opinions in their place, then look at their neighbours; those of new sources have none but each other."""
        if self._newcomers is not None:
            rows = self._newcomers.take(connection, rows)
        elif self._insert_newcomers is not None and self._insert_newcomers.run(connection, rows) == len(rows):
            return
        if rows:
            self._steps[Step.ASSESS].run(connection, rows)
            sources = {tuple([row[name] for name in SOURCE]): row for row in rows}
            self._count.run(connection, list(sources.values()))


def _update(dialect: Dialect, sql: str, target: Table, columns: Sequence[str]) -> Statement:
    """`sql`, in which `{given}` is a table of rows with some `columns` of `target`."""
    names, encoders = tuple(columns), _encoders(dialect, target, columns)
    if dialect.name == "postgresql":
        given = _unnest(dialect, target, columns)
        return Statement(sql.format(target=target.name, given=given), names, encoders, _in_arrays)
    picked = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
    given = f"(SELECT {picked} FROM json_each(?)) AS given"  # noqa: S608 - our own names
    return Statement(sql.format(target=target.name, given=given), names, encoders, _in_json)


def _insert(dialect: Dialect, target: Table, conflict: str) -> Statement:
    columns = tuple(column.name for column in target.columns)
    names = ", ".join(columns)
    encoders = _encoders(dialect, target, columns)
    insert = f"INSERT INTO {target.name} ({names})"
    if dialect.name == "postgresql":
        given = _unnest(dialect, target, columns)
        picked = ", ".join(f"{each}::jsonb" if _is_json(target, each) else each for each in columns)
        return Statement(f"{insert} SELECT {picked} FROM {given} {conflict}", columns, encoders, _in_arrays)  # noqa: S608 - our own names
    return Statement(f"{insert} VALUES ({', '.join('?' * len(columns))}) {conflict}", columns, encoders, _one_by_one)


def _insert_newcomers(dialect: Dialect, target: Table, by: Sequence[str]) -> Statement:
    """Puts in a row unless there is one that is the same in the columns `by`; for SQLite, row by row."""
    columns = tuple(column.name for column in target.columns)
    given = ", ".join(f"?{place}" for place, _ in enumerate(columns, start=1))
    same = " AND ".join(f"{name} = ?{columns.index(name) + 1}" for name in by)
    sql = (
        f"INSERT INTO {target.name} ({', '.join(columns)}) SELECT {given} "  # noqa: S608 - our own names
        f"WHERE NOT EXISTS (SELECT 1 FROM {target.name} WHERE {same})"
    )
    return Statement(sql, columns, _encoders(dialect, target, columns), _one_by_one)


def _unnest(dialect: Dialect, target: Table, columns: Sequence[str]) -> str:
    """The arrays as a table. JSON comes as text: the driver would call Python for each value of its own type."""
    types = ["text" if _is_json(target, name) else target.c[name].type.compile(dialect) for name in columns]
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, start=1))
    return f"unnest({arrays}) AS given ({', '.join(columns)})"


def _is_json(target: Table, column: str) -> bool:
    return isinstance(target.c[column].type, JsonData)


def _encoders(dialect: Dialect, target: Table, columns: Sequence[str]) -> tuple[tuple[int, Encoder], ...]:
    """What the columns' own types do to values, without their detours. Moments come from folding in UTC."""
    encoders: dict[type, Encoder] = {JsonData: to_json_text}
    if dialect.name == "sqlite":
        encoders[UtcDateTime] = to_iso_text
    kinds = enumerate(type(target.c[name].type) for name in columns)
    return tuple((place, encoders[kind]) for place, kind in kinds if kind in encoders)


def _upsert(dialect: Dialect, target: Table, *, keep: Sequence[str] = (), where: str = "") -> Statement:
    return _insert(dialect, target, in_place_of(target, keep=keep, where=where))


def in_place_of(target: Table, *, keep: Sequence[str] = (), where: str = "") -> str:
    """What an insert says to put the new row in the old one's place but for `keep`, where `where` holds."""
    keys = [column.name for column in target.primary_key]
    replaced = [column.name for column in target.columns if column.name not in {*keys, *keep}]
    sets = ", ".join(f"{name} = excluded.{name}" for name in replaced)
    condition = f" WHERE {where}" if where else ""
    return f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}{condition}"
