"""Everything that can erase in what was exported, put together from the settings."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from bots.chosen import policies_from
from core.evaluating import erasing as asked
from core.exports import erasing as files
from core.exports.making import Source
from core.forgetting import Eraser
from core.outward import erasing as outward
from core.settings import Settings
from core.store.database import connected
from core.store.sql import SqlStore


@asynccontextmanager
async def opened_erasers(settings: Settings, store: SqlStore) -> AsyncIterator[Mapping[str, Eraser]]:
    """Erasers by the kind of the export, as the ledger has it.

    Whatever notes exports of a kind of its own in the ledger has its eraser registered here; without one, its exports
    stay stale after an erasure, and the operator is told to delete them.
    """
    from bots.mlflow_sync import opened_eraser  # noqa: PLC0415 - an HTTP client, which other commands do without

    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connected(settings.database_url))
        source = Source(settings.database_url, database, store.ledger(), await store.pseudonyms())
        mlflow = await stack.enter_async_context(opened_eraser(settings, store, policies_from(settings).mlflow))
        yield {**files.erasers(source), **outward.ERASERS, **asked.ERASERS, "mlflow": mlflow}
