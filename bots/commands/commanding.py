"""What every command stands on, `run` too: the settings that it was given, and the loop. Nothing is printed here."""

import sys
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

from bots import loop
from core.settings import Settings

T = TypeVar("T")

database_url: ContextVar[str | None] = ContextVar("database_url", default=None)
"""What was chosen in place of the setting."""


def settings_chosen() -> Settings:
    """The settings, with what the command line says instead."""
    chosen = database_url.get()
    return Settings.load(database_url=chosen) if chosen else Settings.load()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end; Ctrl-C ends it quietly."""
    try:
        return loop.run(work)
    except KeyboardInterrupt:
        sys.exit(130)
