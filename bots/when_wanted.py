"""What most bots never do, on a timer: send to MLflow, push to the Hub. Its code is loaded when `plaudit.toml` asks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import Any, Final

from core.clock import SystemClock
from core.policy.file import Reloading
from core.ports import Leases
from core.settings import Settings
from core.store.sql import SqlStore

LOOK_FOR_PUSHES: Final = 60.0
"""Seconds between two looks whether a push is due."""

IfDue = Callable[[], Awaitable[None]]


def check_mlflow(settings: Settings, policies: Reloading) -> None:
    """Raises SettingsError where plaudit.toml wants MLflow and the settings name none."""
    if policies.mlflow.every is not None:
        from bots.mlflow_sync import check_address  # noqa: PLC0415 - see above

        check_address(settings, policies)


def sends_to_mlflow(settings: Settings, policies: Reloading, store: SqlStore, leases: Leases) -> IfDue:
    """Sends what is new, when it is time."""
    timer: Any = None

    async def if_due() -> None:
        nonlocal timer
        if timer is None and policies.mlflow.every is not None:
            sync = await _loaded("bots.mlflow_sync")
            timer = sync.MlflowTimer(settings, policies, store, leases, SystemClock())
        if timer is not None:
            await timer.if_due()

    return if_due


@asynccontextmanager
async def pushes_to_hub(settings: Settings, policies: Reloading, store: SqlStore) -> AsyncIterator[IfDue]:
    """Begins the pushes that are due; leaving the block ends those that are at work."""
    async with AsyncExitStack() as stack:
        timer: Any = None

        async def if_due() -> None:
            nonlocal timer
            if timer is None and any(push for _, push in policies.outward.push):
                pushing = await _loaded("bots.pushing")
                timer = await stack.enter_async_context(pushing.PushTimer(settings, policies, store, SystemClock()))
            if timer is not None:
                await timer.if_due()

        yield if_due


async def _loaded(module: str) -> Any:
    """In a thread: replies go on while it is read."""
    return await asyncio.to_thread(import_module, module)
