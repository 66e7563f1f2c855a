"""One process to an SQLite file: a lock beside it that goes with the process, however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import DatabaseUnavailableError


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Have the file at `path` to oneself while the block lasts, as far as writing bots go; readers are not kept out.

    Raises DatabaseUnavailableError where another process has it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DatabaseUnavailableError(
            f"The database {path} cannot be used ({error.strerror}). Check that its directory can be written."
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = os.read(lock, 20).decode(errors="replace").strip() or "?"
            raise DatabaseUnavailableError(
                f"Another bot (process {other}) is running on {path}, and an SQLite file serves one. "
                "Stop that one, or use Postgres for several (PLAUDIT_DATABASE_URL)."
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(lock)
