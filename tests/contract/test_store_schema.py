"""Making the tables and bringing them up to date, on SQLite and on Postgres."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text

from core.errors import DatabaseUnavailableError, SchemaMismatchError, SettingsError
from core.store import migrating, schema
from core.store.database import check, connected, open_store, upgrade
from tests.contract.store_stories import PLACE, replied, said, started, voted


@pytest.fixture(params=["sqlite", "postgres"])
def bare_url(request: pytest.FixtureRequest) -> str:
    """A database of either kind in which nothing was made."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    make: Callable[[str], str] = request.getfixturevalue("new_postgres_url")
    return make("template0")


@pytest.fixture(params=["sqlite", "postgres"])
def own_url(request: pytest.FixtureRequest) -> str:
    """A database of either kind that the test may damage."""
    return str(request.getfixturevalue({"sqlite": "sqlite_url", "postgres": "own_postgres_url"}[request.param]))


async def run(url: str, *statements: str) -> None:
    def work(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    async with connected(url) as database:
        await database.write(work)


async def test_an_empty_database_is_upgraded_to_exactly_the_tables_of_this_version(bare_url) -> None:
    with pytest.raises(SchemaMismatchError, match="run `plaudit db upgrade`"):
        await check(bare_url)

    await upgrade(bare_url)

    await check(bare_url)
    async with open_store(bare_url) as store:
        assert await store.append(started("c1")) == [True]


async def test_upgrading_again_changes_nothing_of_what_is_there(bare_url) -> None:
    await upgrade(bare_url)
    async with open_store(bare_url) as store:
        await store.append(started("c1"), said("m1"), replied("m2"))

    await upgrade(bare_url)

    await check(bare_url)
    async with open_store(bare_url) as store:
        assert [message.id for message in await store.history("c1", limit=9)] == ["m1", "m2"]


async def test_every_step_can_be_taken_back_and_again(bare_url) -> None:
    await upgrade(bare_url)

    def down(connection: Connection) -> None:
        config = migrating.settings()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    async with connected(bare_url) as database:
        await database.write(down)
        left = await database.read(_tables)
    await upgrade(bare_url)

    assert left == {"alembic_version"}
    await check(bare_url)


REVISIONS = [each.revision for each in ScriptDirectory.from_config(migrating.settings()).walk_revisions()]


def test_the_steps_are_called_by_their_revisions() -> None:
    assert schema.revisions() == REVISIONS[::-1]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_rows_of_every_earlier_version_are_there_after_the_upgrade(bare_url, revision) -> None:
    await upgrade(bare_url)
    async with open_store(bare_url) as store:
        await store.append(started("c1"), said("m1"), replied("m2", content="ja", model={"id": "org/model"}))
        await store.append(voted("m2", "ann", value=True))

    def down(connection: Connection) -> None:
        config = migrating.settings()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    async with connected(bare_url) as database:
        await database.write(down)
    await upgrade(bare_url)

    await check(bare_url)
    async with open_store(bare_url) as store:
        assert [message.content for message in await store.history("c1", limit=9)] == ["hello", "ja"]
        assert [each.value for each in await store.assessments("m2")] == [True]
        await store.append(replied("m3", content="nein", retry_of="m2"))
        assert await store.check() == []


def _tables(connection: Connection) -> set[str]:
    return set(connection.dialect.get_table_names(connection)) - {"sqlite_sequence"}


async def test_tables_of_a_newer_version_are_left_alone(own_url) -> None:
    await upgrade(own_url)
    await run(own_url, "UPDATE alembic_version SET version_num = '9999'")

    for attempt in (upgrade(own_url), check(own_url), open_store(own_url).__aenter__()):
        with pytest.raises(SchemaMismatchError, match=r"newer \(9999\).*install the newer one"):
            await attempt


async def test_tables_changed_by_another_hand_are_named(own_url) -> None:
    await upgrade(own_url)
    await run(own_url, "ALTER TABLE messages ADD COLUMN mood TEXT", "DROP INDEX ix_messages_conversation")

    with pytest.raises(
        SchemaMismatchError, match=r"(?s)(mood.*ix_messages_conversation|ix_messages_conversation.*mood)"
    ):
        await check(own_url)


async def test_sqlite_is_upgraded_when_it_is_opened(sqlite_url) -> None:
    async with open_store(sqlite_url):
        pass

    await check(sqlite_url)


async def test_postgres_is_upgraded_by_command_only(new_postgres_url) -> None:
    url = new_postgres_url("template0")

    with pytest.raises(SchemaMismatchError, match="run `plaudit db upgrade`"):
        async with open_store(url):
            pass


async def test_a_path_alone_is_an_sqlite_file(tmp_path: Path) -> None:
    path = tmp_path / "50% café.db"

    async with open_store(str(path)) as store:
        await store.append(started("c1"))

    async with open_store(f"sqlite:///{path}") as store:
        assert await store.latest_conversation(PLACE) is not None


async def test_an_sqlite_file_is_durable_at_every_commit(sqlite_url) -> None:
    def pragmas(connection: Connection) -> list[Any]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    async with open_store(sqlite_url), connected(sqlite_url) as database:
        assert await database.write(pragmas) == ["wal", 2, 1, 10_000]


async def test_a_closed_sqlite_store_is_one_file(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "plaudit.db")) as store:
        await store.append(started("c1"))

    assert [path.name for path in tmp_path.iterdir()] == ["plaudit.db"]  # noqa: ASYNC240 - nobody else waits here


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/plaudit", "://"])
async def test_a_url_that_names_no_store_is_told_what_would(url) -> None:
    with pytest.raises(SettingsError, match=r"sqlite:///plaudit\.db|cannot be read"):
        await check(url)


async def test_a_file_in_a_directory_that_is_not_there_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "plaudit.db"

    with pytest.raises(
        DatabaseUnavailableError, match=r"nowhere/plaudit\.db cannot be used .* directory can be written"
    ):
        async with open_store(str(path)):
            pass


async def test_a_file_that_is_no_database_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "plaudit.db"
    path.write_text("Dear diary, " * 1_000)

    with pytest.raises(DatabaseUnavailableError, match=r"file is not a database"):
        async with open_store(str(path)):
            pass


async def test_a_server_that_does_not_answer_cannot_be_opened() -> None:
    url = "postgresql://ann:secret@127.0.0.1:1/plaudit?sslmode=disable"

    with pytest.raises(DatabaseUnavailableError, match=r"ann:\*\*\*@127\.0\.0\.1:1/plaudit.*cannot be reached"):
        async with open_store(url):
            pass


async def test_a_database_that_the_server_does_not_have_cannot_be_opened(postgres) -> None:
    with pytest.raises(DatabaseUnavailableError, match='"elsewhere" does not exist'):
        async with open_store(postgres.get_uri("elsewhere")):
            pass


async def test_a_server_that_comes_back_is_found_by_the_next_call(postgres, own_postgres_url) -> None:
    name = _name(own_postgres_url)
    async with open_store(own_postgres_url) as store:
        await store.append(started("c1"))

        postgres.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        _disconnect(postgres, name)
        with pytest.raises(DatabaseUnavailableError, match="cannot be reached"):
            await store.append(said("m1"))
        with pytest.raises(DatabaseUnavailableError, match="cannot be reached"):
            await store.history("c1", limit=1)
        postgres.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

        assert await store.append(said("m2")) == [True]
        assert [message.id for message in await store.history("c1", limit=9)] == ["m2"]


async def test_connections_that_the_server_closed_are_replaced_unseen(postgres, own_postgres_url) -> None:
    async with open_store(own_postgres_url) as store:
        await store.append(started("c1"))
        await store.history("c1", limit=1)

        _disconnect(postgres, _name(own_postgres_url))

        assert await store.append(said("m1")) == [True]
        assert [message.id for message in await store.history("c1", limit=9)] == ["m1"]


async def test_an_sqlite_file_that_another_keeps_locked_is_told_and_tried_again(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("core.store.sqlite.BUSY_TIMEOUT", 50)
    path = tmp_path / "plaudit.db"
    async with open_store(str(path)) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseUnavailableError, match="database is locked"):
            await store.append(started("c1"))
        other.execute("ROLLBACK")
        other.close()

        assert await store.append(started("c1")) == [True]


def _name(url: str) -> str:
    return make_url(url).database or ""


def _disconnect(postgres: Any, name: str) -> None:
    postgres.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
