"""Bringing a database's tables up to this version, and telling whether they are. The steps are `migrations`'.

Whether there is a step to take is read here, without Alembic: a bot whose tables are current never loads it.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

import migrations
from core.errors import SchemaMismatchError

UPGRADE = "run `plaudit db upgrade`"
_VERSION = "alembic_version"
"""Alembic's table: the step that was taken last (alembic.sqlalchemy.org/en/latest/tutorial.html)."""


def upgrade(connection: Connection) -> None:
    """Bring the tables up to this version, inside the caller's transaction; nothing where they are.

    Raises SchemaMismatchError where they are newer.
    """
    if _is_behind(connection):
        from core.store import migrating  # noqa: PLC0415 - Alembic is seldom needed

        migrating.upgrade(connection)


def check_version(connection: Connection) -> None:
    """Raises SchemaMismatchError where the tables are older or newer than this version."""
    if _is_behind(connection):
        raise SchemaMismatchError(f"The database's tables are missing or older than this version: {UPGRADE}.")


def check(connection: Connection) -> None:
    """Raises SchemaMismatchError where the tables are not those of this version, column by column."""
    check_version(connection)
    from core.store import migrating  # noqa: PLC0415 - Alembic is seldom needed

    if differences := migrating.differences(connection):
        raise SchemaMismatchError(f"The database's tables were changed by another hand: {'; '.join(differences)}.")


def _is_behind(connection: Connection) -> bool:
    """Whether steps are missing. Raises SchemaMismatchError where the tables are newer than this version."""
    there, steps = _revision(connection), revisions()
    if there is not None and there not in steps:
        raise SchemaMismatchError(
            f"The database's tables are newer ({there}) than this version of Plaudit: install the newer one."
        )
    return there != steps[-1]


def _revision(connection: Connection) -> str | None:
    """The step that was taken last; None where none was."""
    if not inspect(connection).has_table(_VERSION):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION}")).scalar()  # noqa: S608 - ours
    return found


def revisions() -> list[str]:
    """All steps there are, in their order: a step's file is called by its revision, which is a number."""
    [directory] = migrations.__path__
    return sorted(each.name.partition("_")[0] for each in (Path(directory) / "versions").glob("[0-9]*_*.py"))
