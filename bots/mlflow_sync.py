"""MLflow kept as the log says, put together from the settings: one pass over what is new, and the bot's timer."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from typing import Final

from core.clock import Clock, SystemClock
from core.errors import PlauditError, SettingsError
from core.exports.mlflow.client import Address, MlflowAwayError
from core.exports.mlflow.entries import in_trouble
from core.exports.mlflow.sending import Sent
from core.exports.mlflow.syncing import MlflowEraser, Syncing, syncing
from core.exports.mlflow.traces import Manner
from core.following import consume
from core.policy.file import Reloading
from core.policy.tracking import Mlflow
from core.ports import Leases
from core.settings import Settings
from core.store.database import connected
from core.store.sql import SqlStore

logger = logging.getLogger(__name__)

LEASE: Final = "mlflow"
"""Held by the one process that sends."""
_AT_A_TIME: Final = 10.0
"""Seconds after which a pass of the bot's timer makes way for the next."""
_FIRST_PAUSE: Final = 15.0
_LONGEST_PAUSE: Final = 900.0
"""Seconds before MLflow is tried again when it is away: twice as many each time, up to so many."""

GoOn = Callable[[int], Awaitable[bool]]


def address_from(settings: Settings) -> Address:
    """The server that the settings name. Raises SettingsError where they name none."""
    if not settings.mlflow_tracking_uri:
        raise SettingsError(
            "No MLflow is named: set MLFLOW_TRACKING_URI to a tracking server's address, such as http://127.0.0.1:5000."
        )
    token, password = settings.mlflow_tracking_token, settings.mlflow_tracking_password
    user = settings.mlflow_tracking_username
    return Address(
        settings.mlflow_tracking_uri,
        settings.mlflow_experiment_name,
        token.get_secret_value() if token else None,
        (user, password.get_secret_value() if password else "") if user else None,
    )


def check_address(settings: Settings, policies: Reloading) -> None:
    """Raises SettingsError where plaudit.toml wants MLflow and the settings name none."""
    if policies.mlflow.every is not None:
        address_from(settings)


def pause_before(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return min(_FIRST_PAUSE * 2.0 ** max(failures - 1, 0), _LONGEST_PAUSE)


@asynccontextmanager
async def opened_sync(settings: Settings, store: SqlStore, table: Mlflow) -> AsyncIterator[Syncing]:
    """The experiment that the settings name. Raises PlauditError where it cannot be reached or is not as it must be."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connected(settings.database_url))
        manner = await _manner(store, table)
        yield await stack.enter_async_context(syncing(store, database, address_from(settings), manner))


@asynccontextmanager
async def opened_eraser(settings: Settings, store: SqlStore, table: Mlflow) -> AsyncIterator[MlflowEraser]:
    """What erases in MLflow, wherever replies were sent to."""
    address = address_from(settings) if settings.mlflow_tracking_uri else None
    async with connected(settings.database_url) as database:
        yield MlflowEraser(store, database, address, await _manner(store, table))


async def one_pass(store: SqlStore, sync: Syncing, *, since: int | None = None, go_on: GoOn | None = None) -> Sent:
    """Send what is new, and take over what was erased; how much that was. Raises PlauditError."""
    await sync.begin(since)
    async with aclosing(consume(store, sync.target.reader, from_start=True, forever=False)) as batches:
        await sync.sync(batches, go_on)
    return sync.sent


async def _manner(store: SqlStore, table: Mlflow) -> Manner:
    pseudonyms = await store.pseudonyms()
    return Manner(pseudonyms.of, named=table.people == "id", text=table.text)


async def note_trouble(settings: Settings, store: SqlStore, error: PlauditError) -> None:
    """Let `plaudit consumers` and `plaudit mlflow status` say what is wrong."""
    with suppress(PlauditError):
        await in_trouble(store.ledger(), address_from(settings).base, str(error), SystemClock().now())


class MlflowTimer:
    """Sends from a running bot as often as plaudit.toml says, in one process, a few seconds at a time."""

    def __init__(self, settings: Settings, policies: Reloading, store: SqlStore, leases: Leases, clock: Clock) -> None:
        self._settings = settings
        self._policies = policies
        self._store = store
        self._leases = leases
        self._clock = clock
        self._due = clock.monotonic()
        self._failures = 0

    async def if_due(self) -> None:
        """Send, if it is time. What goes wrong is logged, and tried again later: nothing is lost."""
        every = self._policies.mlflow.every
        if every is None or self._clock.monotonic() < self._due or not await self._leases.take(LEASE):
            return
        try:
            is_done = await self._send()
        except PlauditError as error:
            self._failures += 1
            pause = pause_before(self._failures)
            line = "mlflow_away" if isinstance(error, MlflowAwayError) else "mlflow_not_synced"
            await note_trouble(self._settings, self._store, error)
            logger.warning(line, extra={"error": str(error), "again_in_seconds": pause})
        else:
            if self._failures:
                logger.info("mlflow_back")
            self._failures = 0
            pause = every.total_seconds() if is_done else 0.0
        self._due = self._clock.monotonic() + pause

    async def _send(self) -> bool:
        """Whether all was sent that there was."""
        began, is_done = self._clock.monotonic(), True

        async def go_on(_reached: int) -> bool:
            nonlocal is_done
            is_done = self._clock.monotonic() - began < _AT_A_TIME and await self._leases.take(LEASE)
            return is_done

        async with opened_sync(self._settings, self._store, self._policies.mlflow) as sync:
            sent = await one_pass(self._store, sync, go_on=go_on)
        if sent.traces or sent.deleted:
            figures = {"traces": sent.traces, "assessments": sent.assessments, "deleted": sent.deleted}
            logger.info("mlflow_synced", extra=figures | {"refused": len(sent.refused)})
        return is_done
