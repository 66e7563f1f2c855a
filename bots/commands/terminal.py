"""What every command that prints needs: the settings, the store, a loop, and a place to print to."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bots.commands.commanding import database_url, run, settings_chosen
from core.errors import SettingsError
from core.store.database import open_store
from core.store.sql import SqlStore

__all__ = ["AsJson", "database_url", "moment", "opened", "out", "point", "run", "settings_chosen", "show"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

out = Console()


@asynccontextmanager
async def opened() -> AsyncIterator[SqlStore]:
    """The store that the settings name, which has to be there."""
    settings = settings_chosen()
    key = settings.pseudonym_key.get_secret_value() if settings.pseudonym_key else None
    async with open_store(settings.database_url, must_exist=True, pseudonym_key=key) as store:
        yield store


def show(result: Any) -> None:
    """Print a table or a text for people, or anything else as JSON for programs."""
    if isinstance(result, (Table, Text)):
        out.print(result)
    else:
        sys.stdout.write(orjson.dumps(result).decode() + "\n")


def moment(text: str) -> datetime:
    """The moment that `text` names (ISO 8601), in UTC where it names no zone. Raises SettingsError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{text!r} is no moment; write 2026-01-31 or 2026-01-31T12:00:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def point(text: str) -> int | datetime:
    """The seq or the moment that `text` names. Raises SettingsError."""
    if text.isdecimal():
        return int(text)
    try:
        return moment(text)
    except SettingsError as error:
        raise SettingsError(
            f"{text!r} is neither a sequence number nor a moment; write 1234 or 2026-01-31T12:00:00Z."
        ) from error
