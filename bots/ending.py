"""How a command ends: what goes wrong is told in one sentence, and by an exit code."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from core.errors import PlatformRefusedTokenError, PlauditError, SettingsError

_FAILED: Final = 1
NOT_TO_BE_RETRIED: Final = os.EX_CONFIG
"""The exit code where settings or tokens are wrong: whoever starts the bot again finds the same (sysexits.h, 78)."""


def told(command: Callable[[], object], *, settled: int = _FAILED) -> None:
    """Do it; what goes wrong is told in one sentence, with an exit code of its own and no traceback.

    `settled`: the exit code where another try would find the same.
    """
    try:
        command()
    except PlauditError as error:
        sys.stderr.write(f"plaudit: {error}\n")
        sys.exit(settled if isinstance(error, (SettingsError, PlatformRefusedTokenError)) else _FAILED)
    except BrokenPipeError:
        # Whoever read our output (head, less) has seen enough; nothing more is flushed at exit.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
