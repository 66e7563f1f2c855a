"""How far the named readers of the log have read. What they do with it is not known here."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, bindparam, delete, select, text

from core.store.engine import Database
from core.store.tables import ConsumerRow, table

_c = table(ConsumerRow).c
_position = select(_c.seq).where(_c.name == bindparam("name"))
# A name that begins with a dot is one of the store's own.
_all = select(_c.name, _c.seq).where(_c.name.not_like(".%")).order_by(_c.name)
_remove = delete(table(ConsumerRow)).where(_c.name == bindparam("name"))
_move = text("INSERT INTO consumers (name, seq) VALUES (:name, :seq) ON CONFLICT (name) DO UPDATE SET seq = :seq")


@dataclass(frozen=True, slots=True)
class Consumer:
    """A named reader, and the seq of the last record that it is done with."""

    name: str
    seq: int


class SqlConsumers:
    """The named readers of one database. Every method raises as the store's do."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def position(self, name: str) -> int | None:
        """The seq of the last record that a reader is done with; None where nobody of this name has read."""
        return await self._database.read(partial(position, name=name))

    async def move(self, name: str, seq: int) -> None:
        """Note that a reader is done with all records up to `seq`; also back."""
        await self._database.touch(partial(move, name=name, seq=seq))

    async def remove(self, name: str) -> None:
        """Forget a reader."""
        await self._database.touch(partial(remove, name=name))

    async def all(self) -> list[Consumer]:
        """Every reader, by name."""
        return await self._database.read(_do_all)


def position(connection: Connection, name: str) -> int | None:
    """As the method, inside the caller's transaction."""
    return connection.execute(_position, {"name": name}).scalar_one_or_none()


def move(connection: Connection, name: str, seq: int) -> None:
    """As the method, inside the caller's transaction."""
    connection.execute(_move, {"name": name, "seq": seq})


def remove(connection: Connection, name: str) -> None:
    """As the method, inside the caller's transaction."""
    connection.execute(_remove, {"name": name})


def _do_all(connection: Connection) -> list[Consumer]:
    return [Consumer(name, seq) for name, seq in connection.execute(_all)]
