"""The report as files to pass on, made by `plaudit report` in a process of its own: drawing would delay replies."""

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from core.errors import PlauditError

OPTIONS: Final = {".html": "--html", ".svg": "--chart", ".png": "--chart"}
"""By the end of a file's name, how the command is asked for it."""
_PATIENCE: Final = 120.0
"""Seconds."""
_LOW_PRIORITY: Final = ("nice", "-n", "10")
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
                await _run(database_url, "report", "--hours", str(days * _DAY), OPTIONS[suffix], str(path))
                return await asyncio.to_thread(path.read_bytes)

    return made


async def _run(database_url: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(_LOW_PRIORITY if shutil.which(_LOW_PRIORITY[0]) else ()),
        *(sys.executable, "-m", "bots.cli", *arguments),
        env=os.environ | {"PLAUDIT_DATABASE_URL": database_url, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            _, told = await process.communicate()
    except TimeoutError as error:
        raise NotMadeError("The report took too long. Ask for fewer days, or run `plaudit report` yourself.") from error
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        said = told.decode(errors="replace").strip().splitlines()
        raise NotMadeError(said[-1] if said else "The report could not be made: run `plaudit report` to see why.")
