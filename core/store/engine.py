"""What the store needs of a database: reads side by side, writes one after the other. No table is known here."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Dialect

from core.store.envelope import Entry

Result = TypeVar("Result")


class Database(Protocol):
    """An open database. The work given to it is plain SQLAlchemy; where it runs is the database's affair.

    `read` and `write` raise `DatabaseUnavailableError` when the database cannot be reached; the next call tries anew.
    """

    @property
    def dialect(self) -> Dialect:
        """How its statements are written."""
        ...

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns."""
        ...

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns, once what it did is durable; if it raises, nothing was done.

        No other writer of the log is at work meanwhile, in this process or another.
        """
        ...

    async def touch(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns, once it is durable: small, and beside the log, which may be written meanwhile."""
        ...

    async def scrub(self, work: Callable[[Connection], Result]) -> Result:
        """As `write`; what `work` overwrote or deleted is then gone from what the database keeps on the disk as well.

        It takes as long as writing the database anew. Done again after a failure, it does what was left to do.
        """
        ...

    def insert(self, connection: Connection, entries: Sequence[Entry], committed_at: datetime) -> list[int | None]:
        """Put `entries` into the log, inside a `write`: the seq of each, None where it was told already.

        It was where its key is there, or one of its `guards` among the digests of what was erased.
        """
        ...

    async def close(self) -> None:
        """Let every connection go."""
        ...
