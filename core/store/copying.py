"""Rows that are new to a table, by Postgres's COPY. It takes half the server's time of an INSERT of the same rows.

COPY knows no conflict, so that a look comes first; nobody else writes between the two, by the log's lock.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from core.store.changes import Row, current
from core.store.columns import to_json_text


def copy(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Put `rows` into `table`; JSON comes as text. Raises DBAPIError as any statement does."""
    if not rows:
        return

    from asyncpg import PostgresError  # noqa: PLC0415 - on SQLite, which imports this file as well, there is no need

    async def work(driver: Any) -> None:
        await driver.copy_records_to_table(table, records=rows, columns=columns)

    driver: Any = connection.connection.dbapi_connection
    try:
        driver.run_async(work)
    except PostgresError as error:
        raise DBAPIError(f"COPY {table}", None, error) from error


class Newcomers:
    """The rows of assessments whose source (`by`) has said nothing yet: most of those that come."""

    def __init__(self, table: str, by: Sequence[str], columns: Sequence[str]) -> None:
        self._table = table
        self._by = tuple(by)
        self._columns = tuple(columns)
        self._json = {self._columns.index(each) for each in ("value", "details")}
        names = ", ".join(by)
        arrays = ", ".join(f"${place}::text[]" for place, _ in enumerate(by, start=1))
        same = " AND ".join(f"there.{name} = given.{name}" for name in by)
        # As a scalar it is looked up in the index for each; EXISTS may read the whole table once, to join it.
        self._look = (
            f"SELECT {names} FROM unnest({arrays}) AS given ({names}) "  # noqa: S608 - our own names
            f"WHERE (SELECT 1 FROM {table} AS there WHERE {same} LIMIT 1) = 1"
        )

    def take(self, connection: Connection, rows: Sequence[Row]) -> list[Row]:
        """Put the newcomers among `rows` into the table, each marked as it counts; the others are left."""
        sources: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for row in rows:
            sources[tuple([row[name] for name in self._by])].append(row)
        arrays = tuple(map(list, zip(*sources, strict=True)))
        known = [sources.pop(tuple(each)) for each in connection.exec_driver_sql(self._look, arrays)]
        for own in sources.values():
            _count(own)
        new = chain.from_iterable(sources.values())
        copy(connection, self._table, self._columns, [self._values(row) for row in new])
        return list(chain.from_iterable(known))

    def _values(self, row: Row) -> list[Any]:
        values = [row[name] for name in self._columns]
        for place in self._json:
            values[place] = None if values[place] is None else to_json_text(values[place])
        return values


def _count(rows: Sequence[Row]) -> None:
    """Mark which of one source's rows count; one alone comes in with the right mark."""
    if len(rows) > 1:
        counting = current(rows)
        for row in rows:
            row["current"] = row["origin"] in counting
