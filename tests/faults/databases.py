"""The databases that a long run is on, and what goes wrong with them: away, locked, full, and mended each time."""

import asyncio
import random
import resource
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

from tests.conftest import TEMPLATE, postgres_server
from tests.faults.bot_process import BotProcess

Kind: TypeAlias = Literal["sqlite", "postgres"]
_NAME: Final = "soak"
_FULL: Final = 4_096
"""Bytes after which no file of a bot grows, while its disk is full."""


class Trouble(Protocol):
    """A database with which things go wrong."""

    url: str
    bots: int
    """How many processes are on it."""

    async def strike(self, bots: list[BotProcess], chance: random.Random, injected: Counter[str]) -> None:
        """Let something go wrong with it for some seconds, and mend it."""
        ...


class OnSqlite:
    """A file, which another program locks, and on a disk that fills up."""

    bots = 1

    def __init__(self, directory: Path) -> None:
        self._path = directory / "plaudit.db"
        self.url = f"sqlite:///{self._path}"

    async def strike(self, bots: list[BotProcess], chance: random.Random, injected: Counter[str]) -> None:
        """Now this, now that."""
        if chance.random() < 0.5:
            injected["database locked"] += 1
            await asyncio.to_thread(self._lock, chance.choice([1.0, 4.0, 11.0]))
        else:
            injected["disk full"] += 1
            await self._fill(bots[0], chance.uniform(1, 5))

    def _lock(self, seconds: float) -> None:
        """A program that writes holds the file, sometimes for longer than the bot waits (`BUSY_TIMEOUT`)."""
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=30)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")

    async def _fill(self, bot: BotProcess, seconds: float) -> None:
        """Writing beyond the limit fails with EFBIG: to SQLite the same as ENOSPC, in the middle of a commit or not."""
        if (pid := bot.pid) is None:
            return
        with suppress(ProcessLookupError):
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_FULL, hard))
            await asyncio.sleep(seconds)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


class OnPostgres:
    """A server, which is restarted, and takes no writes, as hosted servers do when their disk is full."""

    bots = 2

    def __init__(self, server: Any) -> None:
        self._server = server
        server.psql(f"CREATE DATABASE {_NAME} TEMPLATE {TEMPLATE}")
        self.url = str(server.get_uri(_NAME))

    async def strike(self, bots: list[BotProcess], chance: random.Random, injected: Counter[str]) -> None:
        """Now this, now that; the bots have no part in it."""
        del bots
        if chance.random() < 0.6:
            injected["database restarts"] += 1
            await asyncio.to_thread(self._server.stop)
            await asyncio.sleep(chance.uniform(0, 3))
            await asyncio.to_thread(self._server.ensure_postgres_running)
        else:
            injected["disk full"] += 1
            await self._read_only("on")
            await asyncio.sleep(chance.uniform(1, 5))
            await self._read_only("off")

    async def _read_only(self, value: str) -> None:
        await asyncio.to_thread(
            self._server.psql, f"ALTER DATABASE {_NAME} SET default_transaction_read_only = {value}"
        )
        cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{_NAME}'"
        await asyncio.to_thread(self._server.psql, cut)


@contextmanager
def trouble(kind: Kind, directory: Path) -> Iterator[Trouble]:
    """A new database of a kind, while the block lasts."""
    if kind == "sqlite":
        yield OnSqlite(directory)
        return
    with postgres_server() as server:
        yield OnPostgres(server)
