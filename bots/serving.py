"""The web beside the chat platforms: the HTTP interface and the dashboard, from the settings."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter

from bots.passing_on import report_files
from bots.web.dashboard import router
from bots.web.platform import WebPlatform
from bots.web.server import Address, connected
from core.assistant import Assistant
from core.clock import SystemClock
from core.messages import PlaceRef
from core.policy import Policies
from core.settings import Settings
from core.store.sql import SqlStore


def web(
    settings: Settings,
    store: SqlStore,
    assistant: Assistant,
    policies: Policies,
    *,
    names: Callable[[PlaceRef], str],
    doors: Sequence[APIRouter] = (),
) -> AbstractAsyncContextManager[WebPlatform]:
    """The web at the address that the settings name, while the block lasts. Raises SettingsError as `connected`.

    `names`: what a channel is called; empty where that is not known. `doors`: where chat platforms come in over HTTP.
    """
    return connected(
        Address(
            host=settings.web_host,
            port=settings.web_port,
            per_minute=settings.web_requests_per_minute,
            grace=settings.grace_seconds,
        ),
        store=store,
        assistant=assistant,
        policies=policies,
        clock=SystemClock(),
        names=names,
        routers=lambda services: [
            router(
                services,
                environment=settings.environment,
                files=report_files(settings.database_url),
                trace_url=settings.trace_url,
            ),
            *doors,
        ],
    )
