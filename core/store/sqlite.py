"""SQLite as the store's database: a file, one thread that writes, a few that read. What is folded is not known here.

Durable before anything is acknowledged: WAL with `synchronous=FULL` syncs the log at every commit
(sqlite.org/pragma.html#pragma_synchronous).
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path

from sqlalchemy import Connection, Dialect, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from core.errors import DatabaseUnavailableError
from core.store import log
from core.store.columns import to_iso_text, to_json_text
from core.store.engine import Result
from core.store.envelope import Entry

READERS = 4
BUSY_TIMEOUT = 10_000
"""How long to wait for another process that writes, in milliseconds."""
CACHE = 4_096
"""Pages kept in memory by the connection that writes, in KiB. With eight times as many it is no faster: the system
keeps the file in its memory, too."""
READERS_CACHE = 1_024
"""The same by each that reads: every commit of another connection empties it."""
FOLDING_CACHES = 4_096, 8_192
"""The same where tables are folded anew: of the log, which is read once, and of each file that is written."""
CHECKPOINT = 4_000
"""Pages of 4 KiB in the WAL until they are merged into the file: one merge serves many commits."""

_KNOWN = "SELECT idempotency_key FROM records WHERE idempotency_key IN (SELECT value FROM json_each(?))"
_ANY_ERASED = "SELECT 1 FROM erased_keys LIMIT 1"
_ERASED = "SELECT digest FROM erased_keys WHERE digest IN (SELECT value FROM json_each(?))"
_LAST_SEQ = "SELECT seq FROM sqlite_sequence WHERE name = 'records'"
_INSERT = (
    f"INSERT INTO records (seq, {', '.join(log.COLUMNS)}) "  # noqa: S608 - our own names
    f"VALUES (?, {', '.join('?' * len(log.COLUMNS))})"
)


class SqliteDatabase:
    """The database in the file at `path`, which is made where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reading = _engine(path, READERS, READERS_CACHE)
        # One connection, always the same: what it keeps of the file stays true, as nobody else writes.
        self._writing = _engine(path, 1, CACHE)
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(READERS, "store-reader")

    def check_exists(self) -> None:
        """Raises DatabaseUnavailableError where there is no such file: what only reads should not make one."""
        if not self.path.exists():
            raise DatabaseUnavailableError(
                f"There is no database at {self.path} yet: run the bot first, or name another one "
                "(PLAUDIT_DATABASE_URL, or --database)."
            )

    @property
    def dialect(self) -> Dialect:
        """SQLite's."""
        return self._reading.dialect

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns; its statements see one state of the database."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._do, self._reading, "BEGIN", work)

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns, once it is durable."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self._do, self._writing, "BEGIN IMMEDIATE", work)

    async def touch(self, work: Callable[[Connection], Result]) -> Result:
        """As `write`: there is one writer."""
        return await self.write(work)

    async def scrub(self, work: Callable[[Connection], Result]) -> Result:
        """As `write`; then the file is written anew and the WAL emptied: pages keep what rows and merges leave behind.

        Raises DatabaseUnavailableError also where somebody reads for so long that it cannot be done; `work` is then.
        """
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._scrub, work)

    def insert(self, connection: Connection, entries: Sequence[Entry], committed_at: datetime) -> list[int | None]:
        """Put `entries` into the log: the seq of each, None where its key is there already."""
        # Whoever holds the write lock sees every record there is: a look decides what is new, and the next seq.
        keys = [entry.record.idempotency_key for entry in entries]
        known = connection.exec_driver_sql(_KNOWN, (to_json_text(keys),)).scalars()
        last: int = connection.exec_driver_sql(_LAST_SEQ).scalar() or 0
        seqs = log.number(entries, known, _erased(connection, entries), count(last + 1))
        now = to_iso_text(committed_at)
        rows = [
            (seq, *log.values(entry, to_iso_text(entry.record.at), now))
            for entry, seq in zip(entries, seqs, strict=True)
            if seq is not None
        ]
        if rows:
            connection.exec_driver_sql(_INSERT, rows)
        return seqs

    async def close(self) -> None:
        """Let the threads and the connections go; the last connection merges the WAL into the file."""
        self._readers.shutdown()
        self._writer.shutdown()
        self._reading.dispose()
        self._writing.dispose()

    @contextmanager
    def beside(self, files: Mapping[str, Path]) -> Iterator[Connection]:
        """A connection of its own, with other files attached under their names; for any thread, outside of any loop."""
        with self._errors():
            engine = create_engine(
                f"sqlite:///{self.path}", isolation_level="AUTOCOMMIT", poolclass=NullPool, hide_parameters=True
            )
            event.listen(engine, "connect", partial(_prepare, cache=CACHE))
            with engine.connect() as connection:
                # The log is read once, from its beginning to its end.
                connection.exec_driver_sql(f"PRAGMA main.cache_size = -{FOLDING_CACHES[0]}")
                for name, path in files.items():
                    connection.exec_driver_sql(f"ATTACH ? AS {name}", (str(path),))
                    # Each is written once, from its beginning to its end, and can be made again.
                    connection.exec_driver_sql(f"PRAGMA {name}.journal_mode = TRUNCATE")
                    connection.exec_driver_sql(f"PRAGMA {name}.synchronous = NORMAL")
                    connection.exec_driver_sql(f"PRAGMA {name}.cache_size = -{FOLDING_CACHES[1]}")
                yield connection

    def _do(self, engine: Engine, begin: str, work: Callable[[Connection], Result]) -> Result:
        with self._errors(), engine.connect() as connection, transaction(connection, begin):
            return work(connection)

    def _scrub(self, work: Callable[[Connection], Result]) -> Result:
        result = self._do(self._writing, "BEGIN IMMEDIATE", work)
        with self._errors(), self._writing.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if busy:
            raise DatabaseUnavailableError(
                f"What was erased is still in {self.path}-wal, because another program is reading: try again later."
            )
        return result

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            # Broken files are plain DatabaseErrors to sqlite3; its subclasses but one speak of the statement.
            if isinstance(error, OperationalError) or type(error.orig) is sqlite3.DatabaseError:
                raise DatabaseUnavailableError(
                    f"The database {self.path} cannot be used ({error.orig}). "
                    "Check that the file and its directory can be written and that the disk has room."
                ) from error
            raise


@contextmanager
def transaction(connection: Connection, begin: str) -> Iterator[None]:
    """A transaction that begins as it is said, and ends with the block."""
    connection.exec_driver_sql(begin)
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        # SQLite may have rolled back by itself, as it does when the disk is full.
        with suppress(DBAPIError):
            connection.exec_driver_sql("ROLLBACK")
        raise


def _erased(connection: Connection, entries: Sequence[Entry]) -> Iterable[str]:
    """Those of the digests of `entries` that are kept of what was erased."""
    if connection.exec_driver_sql(_ANY_ERASED).first() is None:
        return ()
    digests = [digest for entry in entries for digest in entry.guards]
    return connection.exec_driver_sql(_ERASED, (to_json_text(digests),)).scalars()


def _engine(path: Path, connections: int, cache: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        isolation_level="AUTOCOMMIT",
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # an error is logged; what people wrote is not
    )
    event.listen(engine, "connect", partial(_prepare, cache=cache))
    return engine


def _prepare(connection: sqlite3.Connection, _record: object, *, cache: int) -> None:
    """Set what SQLite sets per connection."""
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{cache}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
