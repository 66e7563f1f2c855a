"""Keeping an experiment in MLflow as the log says: what comes, and what is erased.

How far it is, is kept under a name of its own among the readers of the log; that MLflow was given something is in the
ledger of exports before anything leaves. Nothing here is waited for by a reply.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

from core.errors import SettingsError
from core.exports.mlflow.client import Address, Mlflow, connected
from core.exports.mlflow.entries import Target, describe, entry_of
from core.exports.mlflow.replies import Replies
from core.exports.mlflow.sending import Sender, Sent
from core.exports.mlflow.traces import Manner
from core.messages import Json
from core.records import Record
from core.store.engine import Database
from core.store.sql import SqlStore

logger = logging.getLogger(__name__)

_NEVER_REACHED: Final = 2**53
"""A seq that no log has: what is sent up to it, is sent in any case."""
_BATCH: Final = 500


class Batch(Protocol):
    """Records for a named reader: see `core.following.Batch`."""

    @property
    def records(self) -> tuple[Record, ...]:
        """In the order of `seq`."""
        ...

    async def commit(self) -> None:
        """The reader is done with them."""
        ...


class Syncing:
    """One experiment that is kept as the log says. Every method raises as `Mlflow`'s do, and as the store's."""

    def __init__(self, store: SqlStore, database: Database, mlflow: Mlflow, target: Target, manner: Manner) -> None:
        self.target = target
        self._store = store
        self._manner = manner
        self._afresh_to = 0
        self._replies = Replies(database)
        self._sender = Sender(mlflow, target.experiment_id, self._replies, manner)

    @property
    def sent(self) -> Sent:
        """What was done so far."""
        return self._sender.sent

    async def begin(self, since: int | None = None) -> None:
        """Before anything is sent, note that it will be. `since`: what came behind this seq is sent again.

        What was sent in another manner is sent again in this one, in place of what is there.
        """
        ledger, consumers = self._store.ledger(), self._store.consumers()
        entry, manner = await entry_of(ledger, self.target), self._manner.told
        if (told := entry.options.get("manner")) not in (None, manner):
            logger.info("mlflow_sends_all_again", extra={"was": told, "is": manner})
            # In this order: broken off between the two, it begins anew.
            await consumers.move(self.target.reader, 0)
            entry = await describe(ledger, entry, {"afresh_to": await self._store.newest()})
        entry = await describe(ledger, entry, {"manner": manner, "error": None, "since": None})
        self._afresh_to = entry.options.get("afresh_to", 0)
        if since is not None:
            await consumers.move(self.target.reader, since)

    async def sync(self, batches: AsyncIterator[Batch], go_on: Callable[[int], Awaitable[bool]] | None = None) -> None:
        """Take over what was erased, then what `batches` tell.

        `go_on` is told each seq that is reached, and says whether to go on.
        """
        await self.forget()
        async for batch in batches:
            first, reached = batch.records[0].seq or 0, batch.records[-1].seq or 0
            touched = await self._replies.touched(batch.records)
            await self._sender.send(touched, up_to=reached, afresh=first <= self._afresh_to)
            await batch.commit()
            await self.forget()
            if go_on is not None and not await go_on(reached):
                break

    async def forget(self) -> None:
        """Take over what was erased from the log since it was sent, be it of a person or because it is too old."""
        export = await entry_of(self._store.ledger(), self.target)
        if export.stale_since is None:
            return
        messages = await self._store.ledger().erased_in(export)
        for start in range(0, len(messages), _BATCH):
            some = messages[start : start + _BATCH]
            await self.send_afresh(some)
            await self._store.ledger().settle(export, some)
        logger.info("mlflow_forgot", extra={"messages": len(messages)})

    async def send_afresh(self, message_ids: Sequence[str]) -> None:
        """Delete what there is of these messages, and send again what may be there of them."""
        await self._sender.send(await self._replies.of_messages(message_ids), up_to=_NEVER_REACHED, afresh=True)


@asynccontextmanager
async def syncing(
    store: SqlStore, database: Database, address: Address, manner: Manner, pauses: Sequence[float] | None = None
) -> AsyncIterator[Syncing]:
    """The experiment of an address, which is made where there is none. Raises MlflowError for what is no MLflow 3."""
    async with connected(address, pauses) as mlflow:
        await mlflow.version()
        target = Target(address.base, await mlflow.experiment_id())
        yield Syncing(store, database, mlflow, target, manner)


class MlflowEraser:
    """Erases in MLflow what was erased from the log: an `Eraser` of `core.forgetting`."""

    def __init__(self, store: SqlStore, database: Database, address: Address | None, manner: Manner) -> None:
        """`address`: who one is at the server that is used now; other servers are asked without a name."""
        self._store = store
        self._database = database
        self._address = address
        self._manner = manner

    async def erase(self, target: str, options: Json, messages: Collection[str]) -> None:  # noqa: ARG002 - the port's
        """Delete the traces of `messages`, and put again those that may be there. Raises PlauditError."""
        where = Target.of(target)
        if not where.server:
            raise SettingsError(f"{target} is no experiment of an MLflow server.")
        address = self._address
        if address is None or address.base != where.server:
            address = Address(where.server)
        async with connected(address) as mlflow:
            await mlflow.version()
            await Syncing(self._store, self._database, mlflow, where, self._manner).send_afresh(list(messages))
