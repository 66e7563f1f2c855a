"""The workspaces of Slack that the app is installed in, each with its sealed token; and the installations under way."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from core.clock import Clock
from core.store.engine import Database
from core.store.tables import SlackInstallationRow, SlackStateRow, table

_i, _s = table(SlackInstallationRow), table(SlackStateRow)
_find = select(_i).where(_i.c.workspace == bindparam("which"))
_all = select(_i).order_by(_i.c.workspace)
_remove = delete(_i).where(_i.c.workspace == bindparam("which"))
_consume = delete(_s).where(_s.c.digest == bindparam("which"), _s.c.until > bindparam("now", type_=_s.c.until.type))
_forget = delete(_s).where(_s.c.until <= bindparam("now", type_=_s.c.until.type))


@dataclass(frozen=True, slots=True)
class Installed:
    """The app in one workspace."""

    workspace: str
    name: str
    user_id: str
    bot_id: str
    scopes: str
    """With commas between them."""
    token: str
    """The bot's, sealed."""
    installed_by: str
    installed_at: datetime


class Installations:
    """Those of one database. Every method raises as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def save(self, installed: Installed) -> None:
        """Keep an installation, in place of the workspace's last."""
        await self._database.touch(partial(_save, installed=installed))

    async def find(self, workspace: str) -> Installed | None:
        """The installation in a workspace; None where there is none."""
        rows = await self._database.read(partial(_rows, statement=_find, given={"which": workspace}))
        return _installed(rows[0]) if rows else None

    async def all(self) -> list[Installed]:
        """Every installation, by its workspace's id."""
        return [_installed(row) for row in await self._database.read(partial(_rows, statement=_all, given={}))]

    async def remove(self, workspace: str) -> bool:
        """Forget an installation; whether there was one."""
        return bool(await self._database.touch(partial(_count, statement=_remove, given={"which": workspace})))

    async def begin(self, state: str, until: datetime) -> None:
        """Note that an installation is under way; those whose time is over are forgotten."""
        row = {"digest": _digest(state), "until": until}
        await self._database.touch(partial(_begin, row=row, now=self._clock.now()))

    async def end(self, state: str) -> bool:
        """Whether this installation was under way; true for one call alone, and only while there is time."""
        given = {"which": _digest(state), "now": self._clock.now()}
        return bool(await self._database.touch(partial(_count, statement=_consume, given=given)))


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _installed(row: Any) -> Installed:
    return Installed(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own name for a public thing


def _save(connection: Connection, *, installed: Installed) -> None:
    connection.execute(_remove, {"which": installed.workspace})
    connection.execute(insert(_i), asdict(installed))


def _begin(connection: Connection, *, row: dict[str, Any], now: datetime) -> None:
    connection.execute(_forget, {"now": now})
    connection.execute(insert(_s), row)


def _rows(connection: Connection, *, statement: Any, given: dict[str, Any]) -> list[Any]:
    return list(connection.execute(statement, given))


def _count(connection: Connection, *, statement: Any, given: dict[str, Any]) -> int:
    return int(connection.execute(statement, given).rowcount)
