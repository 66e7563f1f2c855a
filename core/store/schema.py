"""Bringing a database's tables up to this version, and telling whether they are. The steps are `migrations`'."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import migrations
from core.errors import SchemaMismatchError
from core.store import refolding
from core.store.tables import Base

UPGRADE = "run `plaudit db upgrade`"


def upgrade(connection: Connection) -> None:
    """Bring the tables up to this version, inside the caller's transaction; nothing where they are.

    Raises SchemaMismatchError where they are newer.
    """
    if _is_behind(connection):
        refolding.drop(connection)  # its tables would be of the version before
        config = settings()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_version(connection: Connection) -> None:
    """Raises SchemaMismatchError where the tables are older or newer than this version."""
    if _is_behind(connection):
        raise SchemaMismatchError(f"The database's tables are missing or older than this version: {UPGRADE}.")


def check(connection: Connection) -> None:
    """Raises SchemaMismatchError where the tables are not those of this version, column by column."""
    check_version(connection)
    options = {"include_name": _is_ours}
    differences = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    if differences:
        listed = "; ".join(str(each) for each in differences)
        raise SchemaMismatchError(f"The database's tables were changed by another hand: {listed}.")


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not (name or "").startswith(refolding.PREFIX)


def _is_behind(connection: Connection) -> bool:
    """Whether steps are missing. Raises SchemaMismatchError where the tables are newer than this version."""
    scripts = ScriptDirectory.from_config(settings())
    there = MigrationContext.configure(connection).get_current_revision()
    if there is not None and there not in {each.revision for each in scripts.walk_revisions()}:
        raise SchemaMismatchError(
            f"The database's tables are newer ({there}) than this version of Plaudit: install the newer one."
        )
    return there != scripts.get_current_head()


def settings() -> Config:
    """Alembic's settings without a file: the steps are found where the package is installed."""
    config = Config()
    config.set_main_option("script_location", str(migrations.__path__[0]).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
