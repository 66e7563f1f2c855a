"""Where `plaudit` begins: at `run` alone, or at all commands."""

import sys
from collections.abc import Sequence

from bots.ending import NOT_TO_BE_RETRIED, told
from bots.loading import loading


def main() -> None:
    """Run the command line."""
    if _is_run(sys.argv[1:]):
        # Who runs a bot waits for it, and keeps it in memory: the other commands load what it never needs.
        with loading():
            from bots.commands.run_command import app  # noqa: PLC0415 - this or that

        told(app, settled=NOT_TO_BE_RETRIED)
    else:
        from bots.cli import app  # noqa: PLC0415 - this or that

        told(app)


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
