"""The tables folded anew beside those in use, from the log alone: to prove that they agree, or to mend them.

It is done in small transactions, so that appends go on between them, and from where it was left off if it was broken
off. What is in these tables is as personal as the log: an erasure drops them. Where they are, and who folds them, is
`rebuilding`'s.
"""

import glob
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.sql.schema import SchemaConst

from core.store import log
from core.store.folding import fold
from core.store.setwise import Setwise, is_available
from core.store.sides import OPINIONS, SIDES, Side
from core.store.statements import Statements
from core.store.tables import FOLDED, table

PREFIX: Final = "refolded_"
"""How the names of these tables begin."""
_STEP: Final = 10_000
"""Records a transaction: appends wait for some tenths of a second. With fewer, pages are written more often."""
_SHOWN: Final = 10
"""Differences of one kind in one table that are named."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of one table that are not as the log says."""

    table: str
    what: str
    """`wrong`: they are otherwise, or not in the log at all; `missing`: the log has them."""
    count: int
    keys: tuple[str, ...]
    """The first of them."""


class Refolding:
    """Some sides of the tables anew, on one connection in a transaction that writes.

    `schema`: the attached file that they are in; else they are beside the tables in use.
    """

    def __init__(self, connection: Connection, sides: Sequence[Side] = SIDES, schema: str | None = None) -> None:
        self._connection = connection
        metadata = MetaData()
        rows = [row for row in FOLDED if any(row in side.tables for side in sides)]
        self._pairs = [
            (
                table(row),
                table(row).to_metadata(
                    metadata, name=f"{PREFIX}{table(row).name}", schema=schema or SchemaConst.RETAIN_SCHEMA
                ),
            )
            for row in rows
        ]
        for _, anew in self._pairs:
            anew.indexes.clear()  # nobody looks anything up in them but by their key
            anew.primary_key.name = f"pk_{anew.name}"
        self._reached = Table(f"{PREFIX}up_to", metadata, Column("seq", BigInteger, nullable=False), schema=schema)
        self._metadata = metadata
        self._sides = [_Folding(connection, side) for side in sides]
        self._judges = OPINIONS in sides
        self._is_there = False

    def step(self) -> int:
        """Fold some more of the log; the seq that is reached, or -1 where nothing was left."""
        reached = self._begin()
        up_to = log.window(self._connection, reached, _STEP)
        if up_to is None:
            return -1
        for side in self._sides:
            side.fold(reached, up_to)
        self._connection.execute(self._reached.update().values(seq=up_to))
        return up_to

    def finish(self) -> bool:
        """Fold all that is left; whether that was anything."""
        was_behind = False
        while self.step() >= 0:
            was_behind = True
        return was_behind

    def differences(self) -> list[Difference]:
        """What of the tables in use is not as the log says, now that all of it is folded."""
        self._settle()
        return list(self._differences())

    def mend(self) -> None:
        """Make the tables in use as the log says. Rows that are right already are not touched."""
        self._settle()
        for used, anew in self._pairs:
            self._connection.execute(delete(used).where(_is_wrong(used, anew)))
            if self._count(used) == self._count(anew):
                continue  # what is left is right, so that nothing is missing
            missing = select(anew).where(_is_missing(used, anew))
            self._connection.execute(insert(used).from_select([column.name for column in used.columns], missing))

    def is_right(self) -> bool:
        """Whether the tables in use are as the log says, now that all of it is folded; nothing is changed in them."""
        self._settle()
        return all(
            self._count(used) == self._count(anew)
            and self._connection.execute(select(1).select_from(used).where(_is_wrong(used, anew)).limit(1)).first()
            is None
            for used, anew in self._pairs
        )

    def _settle(self) -> None:
        if self._judges:
            Statements(self._connection.dialect, PREFIX).settle(self._connection)

    def _count(self, rows: Table) -> int:
        return self._connection.execute(select(func.count()).select_from(rows)).scalar_one()

    def _begin(self) -> int:
        if not self._is_there:
            self._metadata.create_all(self._connection)
            self._is_there = True
        reached: int | None = self._connection.execute(select(self._reached.c.seq)).scalar()
        if reached is None:
            self._connection.execute(insert(self._reached).values(seq=0))
        return reached or 0

    def _differences(self) -> Iterator[Difference]:
        for used, anew in self._pairs:
            queries = {"wrong": _keys(used, _is_wrong(used, anew)), "missing": _keys(anew, _is_missing(used, anew))}
            for what, query in queries.items():
                keys = self._connection.execute(query).all()
                if keys:
                    shown = tuple(" ".join(map(str, key)) for key in keys[:_SHOWN])
                    yield Difference(used.name, what, len(keys), shown)


class _Folding:
    """One side of the log on its way into tables anew."""

    def __init__(self, connection: Connection, side: Side) -> None:
        self._connection = connection
        self._side = side
        self._statements = Statements(connection.dialect, PREFIX)
        self._setwise = Setwise(connection, PREFIX, side) if is_available(connection.dialect.name) else None

    def fold(self, after: int, up_to: int) -> None:
        """Fold the records after `after` up to `up_to`."""
        if not (self._setwise and self._setwise.fold(after, up_to)):
            self.fold_one_by_one(after, up_to)

    def fold_one_by_one(self, after: int, up_to: int) -> None:
        """The same by `folding` alone."""
        which = f"type = '{self._side.plain}' OR {self._side.others}"
        records = log.read_window(self._connection, after, up_to, which)
        changes = (change for record in records for change in fold(record))
        self._statements.apply(self._connection, [each for each in changes if each.step in self._side.steps])


def files_beside(database: Path) -> list[Path]:
    """The files in which tables are folded anew beside an SQLite file, and what SQLite puts beside those."""
    return sorted(database.parent.glob(f"{glob.escape(database.name)}-{PREFIX}*"))


def drop(connection: Connection) -> None:
    """Take away what a refolding, of this version or another, has left behind, in files beside the database, too."""
    if connection.dialect.name == "sqlite":
        [name] = [row.file for row in connection.exec_driver_sql("PRAGMA database_list") if row.name == "main"]
        for path in files_beside(Path(name)):
            # Where it is open still (Windows), whoever has it open takes it away: it is no longer wanted.
            with suppress(PermissionError):
                path.unlink(missing_ok=True)
    for name in inspect(connection).get_table_names():
        if name.startswith(PREFIX):
            connection.exec_driver_sql(f"DROP TABLE {name}")


def _keys(target: Table, condition: Any) -> Select[Any]:
    return select(*target.primary_key).where(condition).order_by(*target.primary_key)


def _is_wrong(used: Table, anew: Table) -> Any:
    """For a row in use: there is none anew that is the same in every column."""
    same = and_(*(anew.c[each.name].is_not_distinct_from(each) for each in used.columns if not each.primary_key))
    return ~select(1).where(_same_key(used, anew), same).exists()


def _is_missing(used: Table, anew: Table) -> Any:
    """For a row anew: there is none of its key in use."""
    return ~select(1).where(_same_key(used, anew)).exists()


def _same_key(used: Table, anew: Table) -> Any:
    return and_(*(anew.c[each.name] == each for each in used.primary_key))
