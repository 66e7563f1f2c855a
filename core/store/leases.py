"""Who is at what: leases and waiting turns in the database, beside the log.

A lease is held for `LIFE` seconds and renewed every `BEAT`, by the database's clock; when its process dies, it runs
out: whoever looks every second finds what was left within seven. A process that is held up for less than four seconds
loses nothing; after more, it does nothing more under a lease until it knows that it has it still (`sure`).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

import orjson
from sqlalchemy import Connection, TextClause, bindparam, text
from ulid import ULID

from core.errors import DatabaseUnavailableError
from core.messages import MessageRef, PlaceRef
from core.ports import CONVERSATION_LEASE, PendingTurn
from core.store.engine import Database
from core.tasks import Locks

logger = logging.getLogger(__name__)

LIFE: Final = 6.0
"""Seconds for which a lease that is not renewed holds."""
BEAT: Final = 1.0
CLAIM: Final = 86_400.0
"""Seconds for which a claim holds: longer than any platform delivers an event again."""
_SLACK: Final = 1.0
"""A lease that runs out so soon is held for lost by its owner, before anyone else may take it."""
_CLAIM: Final = "claim:"
_COLUMNS: Final = "reply_id, conversation_id, question_id, place, retry_of, name, parts"

_NOW: Final = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "extract(epoch from clock_timestamp())::float8",
}


class SqlLeases:
    """`core.ports.Leases` on an open database. `async with` renews what is held; leaving it gives everything back.

    On SQLite every lease is ours, and so every turn that waits is an orphan: whoever asks knows its own.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.on_lost: Callable[[str], None] = lambda _: None
        """Hears the name of each lease that could not be renewed in time: someone else may be at it."""
        self._owner = str(ULID())
        # One process has an SQLite file to itself: see `alone`.
        self._is_alone = database.dialect.name == "sqlite"
        self._held: dict[str, float] = {}
        self._locks = Locks()
        """On two connections, what is given back could be deleted after it was taken again."""
        self._beating: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._beaten = asyncio.Event()
        """Set, and another put in its place, when it is known what was renewed."""
        now = _NOW[database.dialect.name]

        def made(sql: str) -> TextClause:
            return text(sql.replace("{now}", now))

        self._take = made(
            "INSERT INTO leases (name, owner, until) VALUES (:name, :owner, {now} + :seconds) "
            "ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until "
            "WHERE leases.until <= {now} OR leases.owner = excluded.owner RETURNING name"
        )
        self._renew = made(
            "UPDATE leases SET until = {now} + :seconds WHERE owner = :owner AND name IN :names RETURNING name"
        ).bindparams(bindparam("names", expanding=True))
        self._prolong = made("UPDATE leases SET until = {now} + :seconds WHERE name = :name")
        self._give_back = made("DELETE FROM leases WHERE name = :name AND owner = :owner")
        self._others = made("SELECT 1 FROM leases WHERE name LIKE :names AND owner <> :owner AND until > {now} LIMIT 1")
        self._sweep = made("DELETE FROM leases WHERE until <= {now}")
        self._begin = made(
            f"INSERT INTO turns ({_COLUMNS}) "
            "VALUES (:reply_id, :conversation_id, :question_id, :place, :retry_of, :name, :parts) "
            "ON CONFLICT (reply_id) DO NOTHING RETURNING reply_id"
        )
        self._shows = made("UPDATE turns SET parts = :parts WHERE reply_id = :reply_id")
        self._end = made("DELETE FROM turns WHERE reply_id = :reply_id")
        self._waiting = made(f"SELECT {_COLUMNS} FROM turns WHERE conversation_id = :id ORDER BY number")
        # Of `platform:workspace:channel:thread` any part may be the id; who asked makes sure.
        self._showing = made(
            f"SELECT {_COLUMNS} FROM turns WHERE place LIKE '%:' || :id || ':%' "
            f"OR place LIKE '%:' || :id ORDER BY number"
        )
        self._orphans = made(
            f"SELECT {_COLUMNS} FROM turns WHERE NOT EXISTS (SELECT 1 FROM leases "
            f"WHERE leases.name = '{CONVERSATION_LEASE}' || turns.conversation_id AND leases.until > {{now}}) "
            "ORDER BY number"
        )

    async def __aenter__(self) -> Self:
        self._beating = asyncio.create_task(self._beat(), name="renew leases")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending.set()
        if self._beating is not None:
            # Not cancelled: a connection whose query is broken off is lost to the pool.
            await asyncio.gather(self._beating, return_exceptions=True)
        for name in list(self._held):
            with suppress(DatabaseUnavailableError):
                await self.give_back(name)

    async def take(self, name: str) -> bool:
        """Whether this process may be at `name` from now on."""
        if name in self._held or self._is_alone:
            return True
        async with self._locks.of(name):
            began = asyncio.get_running_loop().time()
            is_ours = await self._do(self._take, name=name, owner=self._owner, seconds=LIFE)
            if is_ours:
                self._held[name] = began + LIFE
            return bool(is_ours)

    async def sure(self, name: str) -> None:
        """Wait while somebody else might be at `name`, because it could not be renewed: until it was, or for ever.

        For ever where it was lost: `on_lost` has told so.
        """
        while not (self._is_alone or self._is_sure(name)):
            await self._beaten.wait()

    async def give_back(self, name: str) -> None:
        """This process is no longer at `name`."""
        if self._held.pop(name, None) is not None:
            async with self._locks.of(name):
                if name not in self._held:
                    await self._do(self._give_back, name=name, owner=self._owner)

    async def join(self, name: str) -> None:
        """This process is one of those at `name` from now on."""
        await self.take(f"{name}:{self._owner}")

    async def leave(self, name: str) -> None:
        """It is not any more."""
        await self.give_back(f"{name}:{self._owner}")

    async def others(self, name: str) -> bool:
        """Whether another process that is alive has joined `name`."""
        return not self._is_alone and bool(await self._see(self._others, names=f"{name}:%", owner=self._owner))

    async def claim(self, name: str, *, seconds: float = CLAIM) -> bool:
        """Whether nobody has claimed `name` for now, and nobody can for so long."""
        # Each claim has an owner of its own: the same process does not claim twice.
        return bool(await self._do(self._take, name=f"{_CLAIM}{name}", owner=str(ULID()), seconds=seconds))

    async def prolong(self, name: str, seconds: float) -> None:
        """Let the claim on `name` end so many seconds from now, whoever made it."""
        await self._do(self._prolong, name=f"{_CLAIM}{name}", seconds=seconds)

    async def begin(self, turn: PendingTurn) -> bool:
        """Let a turn wait. False where it waits already."""
        row = {
            "reply_id": turn.reply_id,
            "conversation_id": turn.conversation_id,
            "question_id": turn.question_id,
            "place": turn.place.key,
            "retry_of": turn.retry_of,
            "name": turn.name,
            "parts": _parts(turn.parts),
        }
        return bool(await self._do(self._begin, **row))

    async def shows(self, reply_id: str, parts: Sequence[MessageRef]) -> None:
        """Note what shows of an answer in the making."""
        await self._do(self._shows, reply_id=reply_id, parts=_parts(parts))

    async def end(self, reply_id: str) -> None:
        """The turn is over."""
        await self._do(self._end, reply_id=reply_id)

    async def waiting(self, conversation_id: str) -> list[PendingTurn]:
        """The turns of a conversation that are not over, in their order."""
        return [_turn(row) for row in await self._see(self._waiting, id=conversation_id)]

    async def showing(self, channel: str) -> list[PendingTurn]:
        """The turns that are not over and whose answers show, or will, in a channel or thread of this id."""
        turns = [_turn(row) for row in await self._see(self._showing, id=channel)]
        return [each for each in turns if channel in (each.place.channel, each.place.thread)]

    async def orphans(self) -> list[PendingTurn]:
        """The turns that nobody alive is at, in their order."""
        return [_turn(row) for row in await self._see(self._orphans)]

    async def _do(self, statement: TextClause, **values: Any) -> list[Any]:
        return await self._database.touch(partial(_rows, statement=statement, values=values))

    async def _see(self, statement: TextClause, **values: Any) -> list[Any]:
        """As `_do` where nothing is changed."""
        return await self._database.read(partial(_rows, statement=statement, values=values))

    async def _beat(self) -> None:
        beats = 0
        while not await self._ends_within(BEAT):
            if self._held:
                await self._renew_all()
            self._beaten.set()
            self._beaten = asyncio.Event()
            beats += 1
            if beats % 100 == 0:
                with suppress(DatabaseUnavailableError):
                    await self._do(self._sweep)

    async def _ends_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        return self._ending.is_set()

    async def _renew_all(self) -> None:
        """Renew what is held; where that cannot be done before it runs out, somebody else may have it."""
        began, before = asyncio.get_running_loop().time(), dict(self._held)
        renewed = await self._renewed(list(before))
        for name, until in before.items():
            if self._held.get(name) != until:
                continue  # given back meanwhile, or taken anew
            if renewed is not None and name in renewed:
                self._held[name] = began + LIFE
            elif renewed is not None or not self._is_sure(name):
                del self._held[name]
                self.on_lost(name)

    async def _renewed(self, names: list[str]) -> set[str] | None:
        """Those of the leases that are ours for another `LIFE`; None where the database does not say."""
        try:
            # A server that has fallen silent must not keep us from knowing what has run out.
            async with asyncio.timeout(LIFE / 2):
                rows = await self._do(self._renew, names=names, owner=self._owner, seconds=LIFE)
        except (DatabaseUnavailableError, TimeoutError) as error:
            logger.warning("leases_not_renewed", extra={"leases": len(names), "error": str(error)})
            return None
        return {row.name for row in rows}

    def _is_sure(self, name: str) -> bool:
        return asyncio.get_running_loop().time() < self._held.get(name, 0.0) - _SLACK


def _rows(connection: Connection, *, statement: TextClause, values: dict[str, Any]) -> list[Any]:
    result = connection.execute(statement, values)
    return list(result) if result.returns_rows else []


def _parts(parts: Sequence[MessageRef]) -> str:
    return orjson.dumps([part.key for part in parts]).decode()


def _turn(row: Any) -> PendingTurn:
    return PendingTurn(
        row.reply_id,
        row.conversation_id,
        row.question_id,
        PlaceRef.parse(row.place),
        row.retry_of,
        row.name,
        tuple(MessageRef.parse(part) for part in orjson.loads(row.parts)),
    )
