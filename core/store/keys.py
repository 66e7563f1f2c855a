"""The secret keys that are kept in the database, made by chance where they are first needed."""

import secrets
from typing import Final

from sqlalchemy import Connection, bindparam, select, text

from core.pseudonyms import Pseudonyms
from core.store.engine import Database
from core.store.tables import KeyRow, table

PSEUDONYMS: Final = "pseudonyms"
"""The name of the key of `core.pseudonyms`."""
_BYTES: Final = 32

_k = table(KeyRow).c
_find = select(_k.value).where(_k.name == bindparam("name"))
# Of two processes that need it at once, the first decides.
_make = text("INSERT INTO keys (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")


async def pseudonyms_of(database: Database, key: str | None) -> Pseudonyms:
    """The pseudonyms under `key`; where it is None, under the database's own."""
    return Pseudonyms((key or await _key(database, PSEUDONYMS)).encode())


async def _key(database: Database, name: str) -> str:
    def find(connection: Connection) -> str | None:
        return connection.execute(_find, {"name": name}).scalar_one_or_none()

    def make(connection: Connection) -> str:
        connection.execute(_make, {"name": name, "value": secrets.token_hex(_BYTES)})
        made: str = connection.execute(_find, {"name": name}).scalar_one()
        return made

    there = await database.read(find)
    return await database.touch(make) if there is None else there
