"""Opening the store that a URL names: SQLite or Postgres, its schema current, its writer at work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.clock import Clock
from core.errors import SettingsError
from core.store import schema
from core.store.engine import Database
from core.store.sql import SqlStore
from core.store.sqlite import SqliteDatabase


@asynccontextmanager
async def open_store(
    url: str, *, clock: Clock | None = None, must_exist: bool = False, pseudonym_key: str | None = None
) -> AsyncIterator[SqlStore]:
    """The store at `url`: `postgresql://user@host/name`, `sqlite:///file`, or the path of a file.

    The tables of an SQLite file are made or upgraded; a Postgres server may serve others, and its tables are upgraded
    by command only. `must_exist`: an SQLite file that is not there is not made. `pseudonym_key`: what the names of
    people are made with, in place of the database's own.
    Raises SettingsError for another URL, DatabaseUnavailableError where it cannot be opened, and
    SchemaMismatchError where its tables are not of this version.
    """
    async with connected(url) as database:
        if isinstance(database, SqliteDatabase):
            if must_exist:
                database.check_exists()
            await database.write(schema.upgrade)
        else:
            await database.read(schema.check_version)
        async with SqlStore(database, clock, pseudonym_key=pseudonym_key) as store:
            yield store


async def upgrade(url: str) -> None:
    """Make the tables at `url`, or bring them up to this version."""
    async with connected(url) as database:
        await database.write(schema.upgrade)


async def check(url: str) -> None:
    """Raises SchemaMismatchError where the tables at `url` are not exactly those of this version."""
    async with connected(url) as database:
        await database.read(schema.check)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Database]:
    """The database at `url` as it is, whatever is in it. Raises SettingsError for a URL that names none."""
    database = _database(url)
    try:
        yield database
    finally:
        await database.close()


def sqlite_path(url: str) -> Path | None:
    """The file that `url` names; None where it names a server. Raises SettingsError for a URL that names neither."""
    named = _named(url)
    return named if isinstance(named, Path) else None


def _database(url: str) -> Database:
    named = _named(url)
    if isinstance(named, Path):
        return SqliteDatabase(named)
    from core.store.postgres import PostgresDatabase  # noqa: PLC0415 - asyncpg, which most bots do without

    return PostgresDatabase(named)


def _named(url: str) -> Path | URL:
    """A file of SQLite, or the URL of a Postgres database."""
    if "://" not in url:
        return Path(url)
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError(f"The database's URL cannot be read ({error}).") from error
    backend = parsed.get_backend_name()
    if backend in {"postgres", "postgresql"}:
        return _for_asyncpg(parsed)
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return Path(parsed.database)
    raise SettingsError(
        f"No store can be kept at {parsed.render_as_string(hide_password=True)}: "
        "name a file (sqlite:///plaudit.db) or a Postgres database (postgresql://user@host/name)."
    )


def _for_asyncpg(url: URL) -> URL:
    """The URL that libpq's tools read as SQLAlchemy reads it for asyncpg, which calls `sslmode` `ssl`."""
    query = {"ssl" if name == "sslmode" else name: value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)
