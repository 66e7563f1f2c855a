"""The dashboard as it is served: the real application on a port of its own, in a thread with its own loop."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar, cast

import uvicorn

from bots.passing_on import report_files
from bots.web.access import Access
from bots.web.app import create_app
from bots.web.dashboard import router
from bots.web.services import Services
from core.clock import SystemClock
from core.policy import OnePolicy
from core.store.database import open_store
from core.store.sql import SqlStore

Result = TypeVar("Result")
NAMES: Final = {"C0HELP": "#help", "C0BUILD": "#build", "902": "#general"}
"""What the platforms call the channels of the story."""


class FixedClock(SystemClock):
    """Always the same moment, to people."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


@dataclass
class Served:
    """A dashboard that runs."""

    url: str
    store: SqlStore
    loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What `work` returns, done in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)


@contextmanager
def served(database_url: str, now: datetime, *, is_loopback: bool = True) -> Iterator[Served]:
    """The dashboard on the database at `database_url`, where it is always `now`."""
    ready, ended = threading.Event(), threading.Event()
    found: list[Served] = []
    problems: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(_serve(database_url, now, found, ready, is_loopback=is_loopback))
        except BaseException as error:  # noqa: BLE001 - told to the test below
            problems.append(error)
        finally:
            ready.set()
            ended.set()

    thread = threading.Thread(target=run, name="dashboard")
    thread.start()
    ready.wait(30)
    if problems:
        raise problems[0]
    try:
        yield found[0]
    finally:
        found[0].loop.call_soon_threadsafe(cast(Any, found[0]).stop.set)
        thread.join(30)
        if problems:
            raise problems[0]


async def _serve(
    database_url: str, now: datetime, found: list[Served], ready: threading.Event, *, is_loopback: bool
) -> None:
    async with open_store(database_url) as store:
        clock = FixedClock(now)
        services = Services(
            store=store,
            assistant=cast(Any, None),  # nobody chats here
            platform=cast(Any, None),
            access=Access(store.web_keys().all, SystemClock(), is_loopback=is_loopback, per_minute=100_000),
            policies=OnePolicy(),
            clock=clock,
            names=lambda place: NAMES.get(place.channel, ""),
        )
        pages = router(
            services,
            environment="demo",
            files=report_files(database_url),
            trace_url="https://traces.example.org/{trace_id}",
        )
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(services, [pages]), port=0, log_config=None, lifespan="off", http="h11", ws="none"
            )
        )
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        it = Served(f"http://127.0.0.1:{port}", store, asyncio.get_running_loop())
        stop = cast(Any, it).stop = asyncio.Event()
        found.append(it)
        ready.set()
        await stop.wait()
        services.stopping.set()
        server.should_exit = True
        await serving
