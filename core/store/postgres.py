"""Postgres as the store's database. What is folded is not known here.

A transaction that writes holds an advisory lock: seqs become visible in their order, so that a reader who follows
them misses none. With the sequence alone, a lower seq may be committed after a higher one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import orjson
from sqlalchemy import URL, Connection, Dialect
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.errors import DatabaseUnavailableError
from core.store import log
from core.store.columns import to_json_text, to_utc
from core.store.copying import copy
from core.store.engine import Result
from core.store.envelope import Entry
from core.store.tables import Base, for_postgres

READERS = 7
TOUCHERS = 2
"""Connections for what is small and must not wait behind reads: a lease that is renewed too late is lost."""
CONNECT_TIMEOUT = 10.0
"""Seconds until a server that does not answer counts as away."""
COMMAND_TIMEOUT = 60.0
"""Seconds until a statement does."""

APPEND_LOCK = 0x706C617564697401
"""The advisory lock of the log: "plaudit" in ASCII, and 1."""
# A plan made while the log was short would read all of it later on.
_LOCK = f"SELECT pg_advisory_xact_lock({APPEND_LOCK}), set_config('plan_cache_mode', 'force_custom_plan', true)"

for_postgres(Base.metadata)
_VACUUM = f"VACUUM (ANALYZE) {', '.join(Base.metadata.tables)}"


_LOOK = """
SELECT ARRAY(SELECT idempotency_key FROM records WHERE idempotency_key = ANY($1::text[])),
ARRAY(SELECT digest FROM erased_keys WHERE digest = ANY($2::text[])),
ARRAY(SELECT nextval(pg_get_serial_sequence('records', 'seq')) FROM generate_series(1, $3::integer))
"""
_COLUMNS = ("seq", *log.COLUMNS)


_Do: TypeAlias = Callable[[Callable[[Connection], Result]], Awaitable[Result]]


class PostgresDatabase:
    """The database at `url`, which names the asyncpg driver."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._readers = _engine(url, READERS).execution_options(isolation_level="AUTOCOMMIT")
        self._touchers = _engine(url, TOUCHERS).execution_options(isolation_level="AUTOCOMMIT")
        self._at_work: set[asyncio.Future[Any]] = set()
        # Its own connection: appends never wait for a free one behind reads.
        self._writer = _engine(url, 1)

    @property
    def dialect(self) -> Dialect:
        """Postgres's, by asyncpg."""
        return self._writer.dialect

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns; each of its statements sees what is committed by then. It may be done twice."""
        return await self._unbroken(self._twice(self._read, work))

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns, once it is durable. The lock is held for as long as `work` runs."""
        return await self._unbroken(self._twice(self._write, work))

    async def touch(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns; each of its statements is a transaction of its own, without the log's lock."""
        return await self._unbroken(self._twice(self._touch, work))

    async def scrub(self, work: Callable[[Connection], Result]) -> Result:
        """As `write`; then dead rows are taken out of the tables and the planner's samples of their values renewed.

        No query, dump or copy by rows finds them again. Their bytes stay in free space of the files, in the WAL and
        in backups until the server writes over them: `VACUUM FULL` would lock the log for as long as it is long.
        """
        result = await self.write(work)
        async with self._connected(self._readers) as connection:
            await connection.exec_driver_sql(_VACUUM)
        return result

    def insert(self, connection: Connection, entries: Sequence[Entry], committed_at: datetime) -> list[int | None]:
        """Put `entries` into the log: the seq of each, None where its key is there already."""
        # Whoever holds the lock sees every record there is: a look decides what is new, and COPY need not look again.
        keys = [entry.record.idempotency_key for entry in entries]
        digests = [digest for entry in entries for digest in entry.guards]
        known, erased, numbers = connection.exec_driver_sql(_LOOK, (keys, digests, len(entries))).one()
        seqs = log.number(entries, known, erased, numbers)
        now = to_utc(committed_at)
        fresh = ((entry, seq) for entry, seq in zip(entries, seqs, strict=True) if seq is not None)
        copy(connection, "records", _COLUMNS, [(seq, *log.values(entry, entry.record.at, now)) for entry, seq in fresh])
        return seqs

    async def close(self) -> None:
        """Let the connections go, once they are done."""
        await asyncio.gather(*self._at_work, return_exceptions=True)
        await self._readers.dispose()
        await self._touchers.dispose()
        await self._writer.dispose()

    async def _unbroken(self, doing: Coroutine[None, None, Result]) -> Result:
        """What `doing` returns; it goes on where the caller is cancelled: a broken off query costs a connection."""
        task = asyncio.ensure_future(doing)
        self._at_work.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: "asyncio.Future[Any]") -> None:
        self._at_work.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked was told, or does not want to know any more

    @staticmethod
    async def _twice(do: "_Do[Result]", work: Callable[[Connection], Result]) -> Result:
        try:
            return await do(work)
        except _StaleConnectionError:
            return await do(work)

    async def _read(self, work: Callable[[Connection], Result]) -> Result:
        return await self._done_on(self._readers, work)

    async def _touch(self, work: Callable[[Connection], Result]) -> Result:
        return await self._done_on(self._touchers, work)

    async def _done_on(self, engine: AsyncEngine, work: Callable[[Connection], Result]) -> Result:
        async with self._connected(engine) as connection:
            with _nothing_done():
                return await connection.run_sync(work)

    async def _write(self, work: Callable[[Connection], Result]) -> Result:
        async with self._connected(self._writer) as connection, connection.begin():
            with _nothing_done():
                await connection.exec_driver_sql(_LOCK)
            return await connection.run_sync(work)

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        connected = False
        try:
            async with engine.connect() as connection:
                connected = True
                yield connection
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise self._unavailable(error) from error
        except SQLAlchemyError as error:
            if not connected or _is_away(error):
                raise self._unavailable(error) from error
            raise

    def _unavailable(self, error: Exception) -> DatabaseUnavailableError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        return DatabaseUnavailableError(
            f"The database {self._url.render_as_string(hide_password=True)} cannot be reached ({cause}). "
            "Check that the server is running and that the database's URL is right."
        )


class _StaleConnectionError(DatabaseUnavailableError):
    """The pool gave out a connection that the server had closed meanwhile; it has dropped its others too."""


@contextmanager
def _nothing_done() -> Iterator[None]:
    """Tells a connection that is lost before it changed anything, so that the work can be done on another.

    Asking each connection whether it lives before it is used would cost every call a round trip.
    """
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _StaleConnectionError(f"The connection to the database was lost ({error.orig}).") from error
        raise


def _is_away(error: SQLAlchemyError) -> bool:
    """Whether the server says that it cannot serve now, whatever the statement.

    Connection lost, out of resources, shutting down, or read-only as a standby is
    (postgresql.org/docs/current/errcodes-appendix.html).
    """
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    lost = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return lost or state == "25006" or state[:2] in {"08", "53", "57"}


def _engine(url: URL, connections: int) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # an error is logged; what people wrote is not
        json_serializer=to_json_text,
        json_deserializer=orjson.loads,
        connect_args={"timeout": CONNECT_TIMEOUT, "command_timeout": COMMAND_TIMEOUT},
    )
