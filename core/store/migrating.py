"""The steps of `migrations`, taken and compared by Alembic. Loaded where there is a step to take."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import migrations
from core.store import refolding
from core.store.tables import Base


def upgrade(connection: Connection) -> None:
    """Take all steps that are missing, inside the caller's transaction."""
    refolding.drop(connection)  # its tables would be of the version before
    config = settings()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def differences(connection: Connection) -> list[str]:
    """What is different, column by column, between the tables and those of this version."""
    options = {"include_name": _is_ours}
    return [str(each) for each in compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)]


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not (name or "").startswith(refolding.PREFIX)


def settings() -> Config:
    """Alembic's settings without a file: the steps are found where the package is installed."""
    config = Config()
    config.set_main_option("script_location", str(migrations.__path__[0]).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
