"""Somebody who gets webhooks: a server on localhost that checks signatures and answers as it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import time
from typing import Any

import orjson
from aiohttp import web

from core.outward.signing import is_signed, keys_in

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(slots=True)
class Receiver:
    """What it was told, and how it answers: a status and headers each, in turn; then 204."""

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    """Those that it took."""
    attempts: list[str] = field(default_factory=list)
    """The ids of all that came."""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), request.headers
        id_, sent_at = headers["webhook-id"], int(headers["webhook-timestamp"])
        [key] = keys_in(SECRET, name="SECRET")
        if not is_signed(key, id_, sent_at, body, headers["webhook-signature"], now=time()):
            return web.Response(status=401)
        self.attempts.append(id_)
        if self.answers:
            status, more = self.answers.pop(0)
            return web.Response(status=status, headers=more)
        assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
        event = orjson.loads(body)
        assert event["id"] == id_
        self.events.append(event)
        return web.Response(status=204)

    @property
    def types(self) -> list[str]:
        return [each["type"].split(".")[1] for each in self.events]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens while the block lasts."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = site._server.sockets[0].getsockname()
    receiver.url = f"http://127.0.0.1:{port}/hook?token=hidden"
    try:
        yield receiver
    finally:
        await runner.cleanup()
