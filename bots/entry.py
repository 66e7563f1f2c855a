"""Where `plaudit` begins: at `run` alone, or at all commands. What goes wrong is told in one sentence."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from bots.lean import drop_docstrings
from core.errors import PlatformRefusedTokenError, PlauditError, SettingsError

_FAILED: Final = 1
NOT_TO_BE_RETRIED: Final = os.EX_CONFIG
"""The exit code where settings or tokens are wrong: whoever starts the bot again finds the same (sysexits.h, 78)."""


def main() -> None:
    """Run the command line."""
    if _is_run(sys.argv[1:]):
        # Who runs a bot waits for it, and keeps it in memory: the other commands load what it never needs.
        drop_docstrings()
        from bots.run_command import app  # noqa: PLC0415 - this or that

        told(app, settled=NOT_TO_BE_RETRIED)
    else:
        from bots.cli import app  # noqa: PLC0415 - this or that

        told(app)


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


def _is_run(arguments: Sequence[str]) -> bool:
    """Whether the command that is given is `run`, behind options that hold for all."""
    left = iter(arguments)
    for each in left:
        if each == "--database":
            next(left, None)
        elif not each.startswith("-"):
            return each == "run"
        elif not each.startswith("--database="):
            return False
    return False


if __name__ == "__main__":
    main()
