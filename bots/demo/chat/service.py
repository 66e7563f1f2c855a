"""The page's server, a service of pocket's: its files, what happens (server-sent events), and what people do (POST).

It is for whoever sits at this machine: requests for another host, or from another page, are refused.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from bots.demo.chat import shapes
from bots.demo.chat.acts import Hands, ImpossibleError
from bots.demo.chat.shapes import Json
from bots.pocket.server import Pocket
from bots.pocket.things import Change, RoomOpened, StatusShown
from core.following import follow
from core.insight.report import report, reports
from core.records import Record
from core.store.counts import Division
from core.store.sql import SqlStore
from core.tasks import cancelled

_HERE: Final = Path(__file__).parent / "static"
_FILES: Final = {"chat.css": "text/css", "chat.js": "text/javascript", "mark.svg": "image/svg+xml"}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
_HEARTBEAT: Final = 15.0
_PAUSE: Final = 0.1
"""Seconds between two looks into the log, and at most so long between two reports."""
_BAD: Final = 400
_SEVERAL: Final = frozenset({"user_category", "user_comment"})
_KINDS: Final = frozenset({"log_feedback", "log_expectation", "withdraw_assessment"})


class ChatPage:
    """Serves the page; open it once pocket and the bot's store are there."""

    def __init__(self) -> None:
        self._pocket: Pocket | None = None
        self._store: SqlStore | None = None
        self._open: set[asyncio.Queue[bytes | None]] = set()
        self._records: list[Json] = []
        self._report: Json = {}
        self._standing: set[tuple[str, ...]] = set()
        """The opinions that stand: reply, name, person, and (of a kind that may stand side by side) where from."""

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        return [
            web.get("/", self._page),
            web.get("/chat/live", self._live),
            web.get("/chat/{name}", self._file),
            web.post("/chat/do", self._do),
        ]

    def close(self) -> None:
        """End what is still read."""
        for each in self._open:
            each.put_nowait(None)

    @asynccontextmanager
    async def showing(self, pocket: Pocket, store: SqlStore | None) -> AsyncIterator[None]:
        """Show what happens in `pocket`, and what `store` keeps of it, where there is one, while the block lasts."""
        self._pocket, self._store = pocket, store
        unwatch = pocket.house.watch(self._changed)
        following = [asyncio.create_task(self._follow(store), name="show the log")] if store else []
        try:
            yield
        finally:
            unwatch()
            await cancelled(following)

    def _changed(self, change: Change) -> None:
        match change:
            case RoomOpened(room):
                self._tell("room", shapes.room(room))
            case StatusShown(room, person, text, thread):
                told = {"room": str(room.id), "person": person.name, "text": text, "thread": thread and str(thread.id)}
                self._tell("status", told)
            case _:
                self._tell("message", shapes.message(change.message))

    async def _follow(self, store: SqlStore) -> None:
        counting: asyncio.Task[None] | None = None
        async for kept in follow(store, pause=_PAUSE):
            line = shapes.record(kept)
            self._records.append(line)
            self._tell("record", line)
            self._count(kept)
            if counting is None or counting.done():
                counting = asyncio.create_task(self._count_again(store), name="count again")

    def _count(self, kept: Record) -> None:
        if kept.type in _KINDS:
            told = kept.data
            name = str(told.get("name"))
            key = (
                str(told.get("id")),
                name,
                str(told.get("source_id")),
                str(told.get("origin")) if name in _SEVERAL else "",
            )
            (self._standing.discard if kept.type == "withdraw_assessment" else self._standing.add)(key)

    async def _count_again(self, store: SqlStore) -> None:
        await asyncio.sleep(_PAUSE)  # what comes together is counted once
        figures = report(await store.tally((), _LONG_AGO))
        parts = reports(await store.tally((Division.PLATFORM,), _LONG_AGO))
        by_platform = [(str(part[0]), each) for part, each in parts.items()]
        by_name = Counter(name for _, name, *_ in self._standing)
        self._report = shapes.report(figures, by_name, by_platform)
        self._tell("report", self._report)

    def _tell(self, kind: str, told: Any) -> None:
        event = f"event: {kind}\ndata: ".encode() + orjson.dumps(told) + b"\n\n"
        for each in self._open:
            each.put_nowait(event)

    def _all(self) -> Json:
        assert self._pocket is not None  # noqa: S101 - asked while the page shows something
        house = self._pocket.house
        return {
            "people": [shapes.person(each) for each in house.people.values() if not each.is_bot],
            "rooms": [shapes.room(each) for each in house.rooms.values()],
            "messages": [shapes.message(each) for each in house.messages.values()],
            "records": self._records,
            "report": self._report,
            "counts": self._store is not None,
        }

    async def _page(self, request: web.Request) -> web.StreamResponse:
        _check(request)
        return web.FileResponse(_HERE / "chat.html", headers={**_HEADERS, "Content-Type": "text/html; charset=utf-8"})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        _check(request)
        name = request.match_info["name"]
        if name not in _FILES:
            raise web.HTTPNotFound
        headers = {**_HEADERS, "Content-Type": f"{_FILES[name]}; charset=utf-8"}
        return web.FileResponse(_HERE / name, headers=headers)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        _check(request)
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._open.add(queue)
        try:
            await response.write(b"event: all\ndata: " + orjson.dumps(self._all()) + b"\n\n")
            with suppress(ConnectionError):
                await _pass_on(queue, response.write)
        finally:
            self._open.discard(queue)
        return response

    async def _do(self, request: web.Request) -> web.StreamResponse:
        _check(request)
        assert self._pocket is not None  # noqa: S101 - the same
        try:
            asked = orjson.loads(await request.read())
            return web.json_response(await Hands(self._pocket).do(asked), headers=_HEADERS)
        except orjson.JSONDecodeError:
            return web.json_response({"detail": "That is no JSON."}, status=_BAD, headers=_HEADERS)
        except ImpossibleError as error:
            return web.json_response({"detail": str(error)}, status=_BAD, headers=_HEADERS)


async def _pass_on(queue: "asyncio.Queue[bytes | None]", write: Callable[[bytes], Any]) -> None:
    while True:
        try:
            async with asyncio.timeout(_HEARTBEAT):
                event = await queue.get()
        except TimeoutError:
            event = b": still here\n\n"
        if event is None:
            return
        while not queue.empty() and (more := queue.get_nowait()) is not None:
            event += more
        await write(event)


def _check(request: web.Request) -> None:
    """Refuse who came by another name than this machine's own, and what another page sends."""
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    origin = request.headers.get("Origin")
    if host not in _LOOPBACK or (origin is not None and origin != f"http://{request.host}"):
        raise web.HTTPForbidden(text="This page is for this machine alone.")
