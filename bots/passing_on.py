"""The report as files to pass on, made by `plaudit report` in a process of its own: drawing would delay replies."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bots.beside import run_beside
from core.errors import PlauditError

OPTIONS: Final = {".html": "--html", ".svg": "--chart", ".png": "--chart"}
"""By the end of a file's name, how the command is asked for it."""
_PATIENCE: Final = 120.0
"""Seconds."""
_DAY: Final = 24


class NotMadeError(PlauditError):
    """The file could not be made; the text says why."""


def report_files(database_url: str) -> Callable[[str, int], Awaitable[bytes]]:
    """What makes a file with one of `OPTIONS`' endings of so many days; one at a time. Raises NotMadeError."""
    one_at_a_time = asyncio.Lock()

    async def made(suffix: str, days: int) -> bytes:
        async with one_at_a_time:
            with TemporaryDirectory() as directory:
                path = Path(directory) / f"report{suffix}"
                await _make(database_url, path, days)
                return await asyncio.to_thread(path.read_bytes)

    return made


async def _make(database_url: str, path: Path, days: int) -> None:
    arguments = ("report", "--hours", str(days * _DAY), OPTIONS[path.suffix], str(path))
    try:
        code, said = await run_beside(database_url, *arguments, patience=_PATIENCE)
    except TimeoutError as error:
        raise NotMadeError("The report took too long. Ask for fewer days, or run `plaudit report` yourself.") from error
    if code:
        raise NotMadeError(said or "The report could not be made: run `plaudit report` to see why.")
