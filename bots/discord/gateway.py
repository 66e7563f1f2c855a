"""The gateway connections of this process, one a shard, kept until the end. What the frames tell is the listeners'."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

from bots.discord.client import Client
from bots.discord.connection import PAUSES, Connection
from bots.discord.identifying import Identifying
from bots.discord.listening import Listener
from bots.discord.reading import PLATFORM
from core.clock import Clock
from core.errors import PlatformUnavailableError
from core.tasks import cancelled

logger = logging.getLogger(__name__)

_START_SECONDS: Final = 15.0
"""How long the start waits for a session and for the channels of every server: one may be away for long."""


class Gateway:
    """Keeps clients connected while the block lasts, and hears what they are told."""

    def __init__(
        self,
        clients: Sequence[Client],
        url: str,
        clock: Clock,
        identifying: Identifying,
        *,
        listener: Callable[[], Listener],
        on_session: Callable[[datetime | None], None],
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """`listener` makes one for each client: frames are numbered by session. The others: as `Connection` says."""
        self._url = url
        self._patience = _START_SECONDS + identifying.longest_wait(len(clients))
        self._listeners = [listener() for _ in clients]
        self._connections = [
            Connection(each, url, clock, identifying, on_session=on_session, pauses=pauses) for each in clients
        ]
        self._keeping: list[asyncio.Task[None]] = []
        for client, listening, connection in zip(clients, self._listeners, self._connections, strict=True):
            client.hear = _both(listening, connection)

    async def __aenter__(self) -> Self:
        self._keeping = [
            asyncio.create_task(each.keep(), name=f"stay connected to Discord, shard {each.shard}")
            for each in self._connections
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await cancelled(self._keeping)
        await asyncio.gather(*(each.close() for each in self._listeners))

    async def ready(self) -> None:
        """Wait until each has a session and the servers are known, or, where one is away for long, a session.

        Raises:
            PlatformUnavailableError: one cannot be reached; another try may do.
            PlatformError: one is refused; the message says what to do.
        """
        waiting = [asyncio.create_task(self._ready(each), name="wait for servers") for each in self._connections]
        pending: set[asyncio.Task[None]] = {*waiting, *self._keeping}
        try:
            while not all(each.done() for each in waiting):
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
        finally:
            await cancelled(waiting)
        for each in self._keeping:
            each.add_done_callback(_ended)

    async def hears(self) -> bool:
        """Whether every one of them is connected right now."""
        return all(each.hears for each in self._connections)

    async def _ready(self, connection: Connection) -> None:
        patience = self._patience
        while not await connection.gets_ready(patience) and not connection.has_session:
            if not connection.was_put_off():
                raise PlatformUnavailableError(
                    f"Discord's gateway cannot be reached at {self._url}. Check the network, or DISCORD_GATEWAY_URL if "
                    "you set it."
                )
            patience = _START_SECONDS


def _both(listener: Listener, connection: Connection) -> Callable[[dict[str, Any]], None]:
    def hear(frame: dict[str, Any]) -> None:
        listener.hear(frame)
        connection.heard(frame)

    return hear


def _ended(keeping: asyncio.Task[None]) -> None:
    if not keeping.cancelled() and (error := keeping.exception()):
        logger.error("connection_ended", extra={"platform": PLATFORM, "error": str(error)})
