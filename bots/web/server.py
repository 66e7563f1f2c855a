"""The HTTP interface at its address: in the loop of everything else, until the block is left."""

import asyncio
import ipaddress
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import uvicorn
from fastapi import APIRouter

from bots.web.access import Access
from bots.web.app import create_app
from bots.web.asking import Asked, look
from bots.web.platform import WebPlatform
from bots.web.services import Services
from core.assistant import Assistant
from core.clock import Clock
from core.errors import DatabaseUnavailableError, SettingsError
from core.messages import PlaceRef
from core.policy import Policies
from core.store.sql import SqlStore
from core.tasks import cancelled

logger = logging.getLogger(__name__)

Routers = Callable[[Services], Sequence[APIRouter]]
_BACKLOG: Final = 1024
_LOOK: Final = 0.5
"""Seconds between two looks for replies that another process writes."""
_LAST_WORDS: Final = 1.0
"""Seconds in which those who still read are told that it stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where it listens, and what it lets one caller do."""

    host: str = "127.0.0.1"
    port: int = 8800
    per_minute: int = 600
    grace: float = 10.0
    """Seconds for which answers in flight may still be read when it is to stop."""


@asynccontextmanager
async def connected(
    address: Address,
    *,
    store: SqlStore,
    assistant: Assistant,
    policies: Policies,
    clock: Clock,
    names: Callable[[PlaceRef], str] = lambda _: "",
    routers: Routers = lambda _: (),
) -> AsyncIterator[WebPlatform]:
    """The interface at `address`: while the block lasts, who asks there is answered.

    `names`: what a channel is called; empty where that is not known.

    Raises:
        SettingsError: the address is taken, or others could reach it and there is no key.
    """
    listening = _listen(address)
    with listening:
        host = str(listening.getsockname()[0])
        is_loopback = ipaddress.ip_address(host.partition("%")[0]).is_loopback
        if not is_loopback and all(each.revoked_at for each in await store.web_keys().all()):
            raise SettingsError(
                f"At {address.host} others can reach the web interface, and there is no key yet: make one by "
                "`plaudit keys add NAME --scope chat`, or listen at 127.0.0.1 alone."
            )
        services = Services(
            store=store,
            assistant=assistant,
            platform=WebPlatform(_origin(listening)),
            access=Access(store.web_keys().all, clock, is_loopback=is_loopback, per_minute=address.per_minute),
            policies=policies,
            clock=clock,
            names=names,
        )
        async with _served(services, routers, listening, address.grace):
            assistant.catch_up(services.platform)
            logger.info("web_listens", extra={"url": services.platform.origin})
            yield services.platform


@asynccontextmanager
async def _served(services: Services, routers: Routers, listening: socket.socket, grace: float) -> AsyncIterator[None]:
    server = _Server(
        uvicorn.Config(
            create_app(services, routers(services)),
            log_config=None,
            access_log=False,
            lifespan="off",  # what the application needs is opened and closed outside of it
            http="h11",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=None,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="serve the web")
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    looking = asyncio.create_task(_look_elsewhere(services), name="look for replies that others write")
    try:
        yield
    finally:
        await cancelled([looking])
        services.stopping.set()
        server.should_exit = True
        await asyncio.wait([serving], timeout=grace)
        services.platform.stop()
        await asyncio.wait([serving], timeout=_LAST_WORDS)
        server.force_exit = True
        await asyncio.gather(serving, return_exceptions=True)


async def _look_elsewhere(services: Services) -> None:
    """Replies that another process writes come from the log, when they are whole."""
    platform = services.platform
    while True:
        await asyncio.sleep(_LOOK)
        for question in platform.elsewhere():
            if growing := platform.growing(question):
                try:
                    await look(services, Asked(question), growing)
                except DatabaseUnavailableError as error:
                    logger.warning("replies_not_looked_for", extra={"error": str(error)})


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _origin(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    return f"http://[{host}]:{port}" if listening.family is socket.AF_INET6 else f"http://{host}:{port}"


def _listen(address: Address) -> socket.socket:
    try:
        [(family, *_, where), *_] = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        listening = socket.create_server(where[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SettingsError(
            f"The web interface cannot listen at {address.host}, port {address.port} ({_why(error)}): "
            "choose others by PLAUDIT_WEB_HOST and PLAUDIT_WEB_PORT, or --host and --port."
        ) from error
    listening.setblocking(False)  # noqa: FBT003 - the socket's own
    return listening


def _why(error: OSError) -> str:
    # The loop and the socket put their own words, with the address again, into the system's.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
