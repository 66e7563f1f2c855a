"""A command of Plaudit's own in a process beside the bot: what is much work makes way for replies there."""

import asyncio
import os
import shutil
import sys
from contextlib import suppress
from typing import Final

_LOW_PRIORITY: Final = ("nice", "-n", "10")


async def run_beside(database_url: str, *arguments: str, patience: float | None = None) -> tuple[int, str]:
    """Run `plaudit` with `arguments` on this database: its exit code, and the last line that it printed.

    It is killed where the caller is cancelled. Raises TimeoutError after `patience` seconds.
    """
    process = await asyncio.create_subprocess_exec(
        *(_LOW_PRIORITY if shutil.which(_LOW_PRIORITY[0]) else ()),
        *(sys.executable, "-m", "bots.cli", *arguments),
        env=os.environ | {"PLAUDIT_DATABASE_URL": database_url, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(patience):
            told, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    lines = told.decode(errors="replace").strip().splitlines()
    return process.returncode or 0, lines[-1] if lines else ""
