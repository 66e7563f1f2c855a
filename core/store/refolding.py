"""The tables folded anew beside those in use, from the log alone: to prove that they agree, or to mend them.

It is done in small transactions, so that appends go on between them, and from where it was left off if it was broken
off. What is in these tables is as personal as the log: an erasure drops them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
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

from core.store import log
from core.store.folding import fold
from core.store.setwise import Setwise, is_available
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
    """The tables anew, on one connection in a transaction that writes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        metadata = MetaData()
        self._pairs = [
            (table(row), table(row).to_metadata(metadata, name=f"{PREFIX}{table(row).name}")) for row in FOLDED
        ]
        for _, anew in self._pairs:
            anew.indexes.clear()  # nobody looks anything up in them but by their key
            anew.primary_key.name = f"pk_{anew.name}"
        self._reached = Table(f"{PREFIX}up_to", metadata, Column("seq", BigInteger, nullable=False))
        self._metadata = metadata
        self._statements = Statements(connection.dialect, PREFIX)
        self._setwise = Setwise(connection, PREFIX) if is_available(connection.dialect.name) else None

    def step(self) -> int:
        """Fold some more of the log; the seq that is reached, or -1 where nothing was left."""
        reached = self._begin()
        by_sets = self._setwise.step(reached, _STEP) if self._setwise else None
        up_to = by_sets or self._fold(reached, _STEP)
        if up_to > 0:
            self._connection.execute(self._reached.update().values(seq=up_to))
        return up_to

    def _fold(self, after: int, limit: int) -> int:
        page = log.read_to_fold(self._connection, after, limit)
        if not page:
            return -1
        changes = [change for record in page for change in fold(record)]
        self._statements.apply(self._connection, changes)
        return page[-1].seq

    def differences(self) -> list[Difference]:
        """What of the tables in use is not as the log says, now that all of it is folded."""
        self._statements.settle(self._connection)
        return list(self._differences())

    def mend(self) -> None:
        """Make the tables in use as the log says. Rows that are right already are not touched."""
        self._statements.settle(self._connection)
        for used, anew in self._pairs:
            self._connection.execute(delete(used).where(_is_wrong(used, anew)))
            if self._count(used) == self._count(anew):
                continue  # what is left is right, so that nothing is missing
            missing = select(anew).where(_is_missing(used, anew))
            self._connection.execute(insert(used).from_select([column.name for column in used.columns], missing))

    def _count(self, rows: Table) -> int:
        return self._connection.execute(select(func.count()).select_from(rows)).scalar_one()

    def drop(self) -> None:
        """Take these tables away, finished or not."""
        drop(self._connection)

    def _begin(self) -> int:
        self._metadata.create_all(self._connection)
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


def drop(connection: Connection) -> None:
    """Take away what a refolding, of this version or another, has left behind."""
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
