"""Rows as the driver gives them: tuples, with times as SQLite's text or Postgres's moments, and nothing in between.

Exports read millions of rows, and what SQLAlchemy makes of each costs more than reading it.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Executable

from core.errors import DatabaseUnavailableError


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector away while some thousand rows are made, which have no cycles.

    It would look through all of them again and again: half of the time of an export.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def raw_cursor(
    connection: Connection, statement: Executable | str, values: dict[str, Any] | None = None
) -> Iterator[Any]:
    """The driver's cursor on the rows of a statement. Raises DatabaseUnavailableError where they cannot be read on."""
    if isinstance(statement, str):
        result = connection.exec_driver_sql(statement)
    else:
        result = connection.execute(statement, values)
    dbapi: Any = connection.dialect.dbapi
    try:
        yield result.cursor
    except dbapi.Error as error:  # SQLAlchemy translates only what goes through its hands
        raise DatabaseUnavailableError(f"The database cannot be read to the end ({error}).") from error
    result.close()


def raw_rows(connection: Connection, statement: Executable, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of a statement. Raises DatabaseUnavailableError where they cannot be read to the end."""
    with raw_cursor(connection, statement, values) as cursor:
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def gives_text(connection: Connection) -> bool:
    """Whether times come as text that is ISO 8601 in UTC."""
    return connection.dialect.name == "sqlite"
