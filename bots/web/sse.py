"""Server-sent events: how they are written, and an answer that is a stream of them.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

BEAT: Final = b": still here\n\n"
"""A comment, which readers pass over; it keeps what is between us and them from hanging up."""
BEAT_SECONDS: Final = 15.0
MEDIA_TYPE: Final = "text/event-stream"
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Connection": "keep-alive",
    "X-Accel-Buffering": "no",  # nginx would keep the stream back until it is over
}

Frames = AsyncGenerator[bytes, None]


def frame(kind: str, data: Any, id_: str) -> bytes:
    """One event."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (kind.encode(), id_.encode(), orjson.dumps(data, default=str))


class EventStream(Response):
    """Sends each frame as it comes, and stops asking for more when nobody listens any longer."""

    media_type = MEDIA_TYPE
    charset = "utf-8"

    def __init__(
        self, frames: Frames, headers: Mapping[str, str] | None = None, *, until: asyncio.Event | None = None
    ) -> None:
        """`until`: when it is set, nothing more is sent, whatever would still come."""
        self._frames = frames
        self._until = until or asyncio.Event()
        self.status_code = 200
        self.background = None
        self.init_headers({**_HEADERS, "Content-Type": f"{MEDIA_TYPE}; charset=utf-8", **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, until all is sent or the other side has gone."""
        del scope
        sending = asyncio.create_task(self._send(send), name="send events")
        gone = asyncio.create_task(_gone(receive), name="see whether events are read")
        over = asyncio.create_task(self._until.wait(), name="see whether the server stops")
        try:
            await asyncio.wait([sending, gone, over], return_when=asyncio.FIRST_COMPLETED)
            if over.done() and not sending.done() and not gone.done():
                sending.cancel()
                await asyncio.wait([sending])
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            for task in (sending, gone, over):
                task.cancel()
            results = await asyncio.gather(sending, gone, over, return_exceptions=True)
        if isinstance(results[0], Exception) and not isinstance(results[0], OSError):
            raise results[0]

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._frames) as frames:
            async for each in frames:
                await send({"type": "http.response.body", "body": each, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
