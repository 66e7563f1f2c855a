"""Who folds the tables anew, and where: beside those in use on Postgres, in files beside the database on SQLite.

On SQLite each side of the tables has a file and a thread of its own: SQLite gives Python's lock back while it works,
and each file has its own writer, so that they are folded side by side, and appends do not wait. What is in these files
goes into the database under its lock in the end, and only where the tables in use are not as the log says.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from sqlalchemy import Connection
from ulid import ULID

from core.errors import DatabaseUnavailableError
from core.store import log, refolding
from core.store.engine import Database
from core.store.refolding import PREFIX, Difference, Refolding, files_beside
from core.store.setwise import is_available
from core.store.sides import SIDES, Side
from core.store.sqlite import SqliteDatabase, transaction
from core.store.tables import FOLDED

Progress: TypeAlias = Callable[[int], None]
_TOKEN: Final = f"{PREFIX}files"
"""The table, in the database, that says which files are wanted. Whoever drops it wants them no more: an erasure."""
_TELL: Final = 0.2
"""Seconds between two looks at how far it is."""


class Rebuilding(Protocol):
    """Folds the tables anew. Broken off, it is taken up where it was; appends go on meanwhile."""

    async def mend(self, progress: Progress) -> None:
        """Make the tables in use as the log says. `progress` is told the seqs that are reached."""
        ...

    async def differences(self, progress: Progress) -> list[Difference]:
        """What of the tables in use is not as the log says."""
        ...


def rebuilding(database: Database) -> Rebuilding:
    """How the tables of a database are folded anew."""
    is_beside = isinstance(database, SqliteDatabase) and is_available(database.dialect.name)
    return Beside(database) if is_beside and isinstance(database, SqliteDatabase) else InPlace(database)


class InPlace:
    """In tables beside those in use, in small transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mend(self, progress: Progress) -> None:
        """See `Rebuilding`."""
        await self._fold(progress)
        await self._database.write(_mend)

    async def differences(self, progress: Progress) -> list[Difference]:
        """See `Rebuilding`."""
        await self._fold(progress)
        return await self._database.write(_compare)

    async def _fold(self, progress: Progress) -> None:
        while (reached := await self._database.write(lambda connection: Refolding(connection).step())) >= 0:
            progress(reached)


def _mend(connection: Connection) -> None:
    anew = Refolding(connection)
    anew.finish()
    anew.mend()
    refolding.drop(connection)


def _compare(connection: Connection) -> list[Difference]:
    anew = Refolding(connection)
    anew.finish()
    differences = anew.differences()
    refolding.drop(connection)
    return differences


class _UnwantedError(Exception):
    """What is in the files is not wanted any more: somebody was erased from the log meanwhile."""


class Beside:
    """In files beside an SQLite file."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._stopping = threading.Event()
        self._reached: dict[Side, int] = {}
        self._right_at: dict[Side, int] = {}
        """The seq as of which the tables in use were seen to be as the log says."""

    async def mend(self, progress: Progress) -> None:
        """See `Rebuilding`."""
        await self._finished(progress, self._mend)

    async def differences(self, progress: Progress) -> list[Difference]:
        """See `Rebuilding`."""
        found: list[Difference] = []
        await self._finished(progress, lambda anew: found.extend(anew.differences()))
        order = [row.__tablename__ for row in FOLDED]
        return sorted(found, key=lambda each: order.index(each.table))

    @staticmethod
    def _mend(anew: Refolding) -> None:
        anew.mend()

    async def _finished(self, progress: Progress, finish: Callable[[Refolding], None]) -> None:
        while True:
            token = await self._database.write(_token)
            try:
                with suppress(_UnwantedError):
                    await self._fold(token, progress)
                    await asyncio.to_thread(self._finish, token, finish)
                    return
            except DatabaseUnavailableError:
                # SQLite refuses to write into a file that was taken away; whoever did that may not be done.
                if await self._database.write(_wanted) == token:
                    raise

    async def _fold(self, token: str, progress: Progress) -> None:
        """Every side, each in a thread."""
        self._reached, self._right_at = dict.fromkeys(SIDES, 0), {}
        self._stopping.clear()
        loop, told = asyncio.get_running_loop(), 0
        with ThreadPoolExecutor(len(SIDES), "refold") as threads:
            folding = [loop.run_in_executor(threads, self._fold_side, each, token) for each in SIDES]
            try:
                is_done = False
                while not is_done:
                    ended, pending = await asyncio.wait(folding, timeout=_TELL)
                    is_done = not pending or any(each.exception() for each in ended)
                    if (reached := min(self._reached.values())) > told:
                        progress(told := reached)
            finally:
                self._stopping.set()
                await asyncio.wait(folding)
            await asyncio.gather(*folding)

    def _fold_side(self, side: Side, token: str) -> None:
        with self._database.beside({side.name: self._path(side, token)}) as connection:
            anew = Refolding(connection, (side,), side.name)
            while not self._stopping.is_set():
                with transaction(connection, "BEGIN"):
                    _check(connection, token)
                    if (reached := anew.step()) >= 0:
                        self._reached[side] = reached
                        continue
                    self._reached[side] = log.newest(connection)
                    # What is found right here need not be looked at under the lock, unless something comes after it.
                    if anew.is_right():
                        self._right_at[side] = self._reached[side]
                    return

    def _finish(self, token: str, finish: Callable[[Refolding], None]) -> None:
        """With what was appended meanwhile, under the lock, look at what is not known to be right."""
        files = {side.name: self._path(side, token) for side in SIDES}
        with self._database.beside(files) as connection, transaction(connection, "BEGIN IMMEDIATE"):
            _check(connection, token)
            newest = log.newest(connection)
            doubtful = [side for side in SIDES if self._right_at.get(side) != newest]
            if doubtful:
                for side in doubtful:
                    Refolding(connection, (side,), side.name).finish()
                for side in doubtful:
                    finish(Refolding(connection, (side,), side.name))
            connection.exec_driver_sql(f"DROP TABLE {_TOKEN}")
        for path in files_beside(self._database.path):
            path.unlink(missing_ok=True)

    def _path(self, side: Side, token: str) -> Path:
        path = self._database.path
        return path.with_name(f"{path.name}-{PREFIX}{side.name}-{token}")


def _wanted(connection: Connection) -> str | None:
    """What the files are called that are wanted; None where none are."""
    is_there = connection.exec_driver_sql("SELECT 1 FROM main.sqlite_master WHERE name = ?", (_TOKEN,)).first()
    if is_there is None:
        return None
    return str(connection.exec_driver_sql(f"SELECT token FROM {_TOKEN}").scalar_one())  # noqa: S608 - our own name


def _token(connection: Connection) -> str:
    """What the files are called from now on."""
    if (wanted := _wanted(connection)) is not None:
        return wanted
    refolding.drop(connection)
    token = str(ULID())
    connection.exec_driver_sql(f"CREATE TABLE {_TOKEN} (token TEXT NOT NULL)")
    connection.exec_driver_sql(f"INSERT INTO {_TOKEN} VALUES (?)", (token,))  # noqa: S608
    return token


def _check(connection: Connection, token: str) -> None:
    if _wanted(connection) != token:
        raise _UnwantedError
