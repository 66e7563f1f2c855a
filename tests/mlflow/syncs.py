"""How tests send a log to a server."""

from contextlib import asynccontextmanager
from typing import Any

from bots.mlflow_sync import one_pass
from core.exports.mlflow.client import Address
from core.exports.mlflow.sending import Sent
from core.exports.mlflow.syncing import Syncing, syncing
from core.exports.mlflow.traces import Manner
from core.store.database import connected
from core.store.sql import SqlStore

EXPERIMENT = "Plaudit"


@asynccontextmanager
async def opened(store: SqlStore, database_url: str, address: Address, **manner: Any):
    """The experiment, to be sent to."""
    how = Manner((await store.pseudonyms()).of, **manner)
    async with connected(database_url) as database, syncing(store, database, address, how, ()) as sync:
        yield sync


async def send(
    store: SqlStore, database_url: str, address: Address, *, since: int | None = None, **manner: Any
) -> Sent:
    """One pass."""
    async with opened(store, database_url, address, **manner) as sync:
        return await one_pass(store, sync, since=since)


async def lag(store: SqlStore, sync: Syncing) -> int:
    return await store.newest() - (await store.consumers().position(sync.target.reader) or 0)
