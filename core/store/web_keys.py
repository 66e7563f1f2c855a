"""The keys of the HTTP interface: who may do what there. A key itself is shown once and never kept, only its digest.

A key is 32 random bytes, so that a plain SHA-256 of it is as good as a slow hash: there is nothing to guess.
"""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, text, update

from core.clock import Clock
from core.errors import NotFoundError, SettingsError
from core.store.engine import Database
from core.store.tables import WebKeyRow, table

PREFIX: Final = "plaudit_"
"""How every key begins, so that it is known for one where it is found by accident."""
LOCAL: Final = "local"
"""What callers without a key are called."""
_BYTES: Final = 32
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")

_k = table(WebKeyRow)
_all = select(_k).order_by(_k.c.name)
# A name that was revoked may be given again; one that is in use may not.
_make = text(
    "INSERT INTO web_keys (name, digest, scopes, made_at, revoked_at) VALUES (:name, :digest, :scopes, :at, NULL) "
    "ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, scopes = excluded.scopes, made_at = excluded.made_at, "
    "revoked_at = NULL WHERE web_keys.revoked_at IS NOT NULL RETURNING name"
).bindparams(bindparam("at", type_=_k.c.made_at.type))
_revoke = (
    update(_k).where(_k.c.name == bindparam("which"), _k.c.revoked_at.is_(None)).values(revoked_at=bindparam("at"))
)


class Scope(StrEnum):
    """What a key may be used for."""

    CHAT = "chat"
    """Ask."""
    FEEDBACK = "feedback"
    """Judge replies in people's names."""
    READ = "read"
    """See conversations, reports and the log, with people by their pseudonyms."""
    REVIEW = "review"
    """Judge replies in the key's own name, in the review queue."""
    ADMIN = "admin"
    """All of it, and the log with people's ids."""


@dataclass(frozen=True, slots=True)
class WebKey:
    """A key as it is kept."""

    name: str
    digest: str
    scopes: frozenset[Scope]
    made_at: datetime
    revoked_at: datetime | None = None


class WebKeys:
    """The keys of one database. Every method raises as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> list[WebKey]:
        """Every key that was made, by name, the revoked ones too."""
        return [_key(row) for row in await self._database.read(_read)]

    async def add(self, name: str, scopes: Collection[Scope]) -> str:
        """Make a key; returns it, for the only time. Raises SettingsError for a name that cannot be or is in use."""
        if _NAME.fullmatch(name) is None:
            raise SettingsError(
                f"{name!r} is no name for a key: up to 31 small letters, digits and hyphens, such as `help-desk`."
            )
        if name == LOCAL:
            raise SettingsError(f"{LOCAL} is what callers without a key are called: choose another name.")
        if not scopes:
            raise SettingsError(f"Say what the key is for: --scope {' | '.join(Scope)}, several times for several.")
        key = PREFIX + secrets.token_urlsafe(_BYTES)
        row = {
            "name": name,
            "digest": digest(key),
            "scopes": ",".join(sorted(scopes)),
            "at": self._clock.now(),
        }
        if not await self._database.touch(partial(_names, statement=_make, row=row)):
            raise SettingsError(f"There is a key called {name} already. Revoke it first, or choose another name.")
        return key

    async def revoke(self, name: str) -> None:
        """Let a key open nothing any more. Raises NotFoundError where there is none of this name in use."""
        row = {"which": name, "at": self._clock.now()}
        if not await self._database.touch(partial(_count, statement=_revoke, row=row)):
            raise NotFoundError(f"There is no key called {name} that is in use: `plaudit keys list` shows them.")


def digest(key: str) -> str:
    """What is kept of a key: its SHA-256, in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def scopes_of(words: Iterable[str]) -> frozenset[Scope]:
    """The scopes that `words` name. Raises ValueError for a word that is none."""
    return frozenset(Scope(word) for word in words if word)


def _key(row: Any) -> WebKey:
    return WebKey(row.name, row.digest, scopes_of(row.scopes.split(",")), row.made_at, row.revoked_at)


def _read(connection: Connection) -> list[Any]:
    return list(connection.execute(_all))


def _names(connection: Connection, *, statement: Any, row: dict[str, Any]) -> list[Any]:
    return list(connection.execute(statement, row))


def _count(connection: Connection, *, statement: Any, row: dict[str, Any]) -> int:
    return int(connection.execute(statement, row).rowcount)
