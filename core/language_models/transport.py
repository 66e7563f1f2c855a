"""How the bytes of a model's stream arrive: one pool of connections for all replies, and lines cut only at newlines.

huggingface_hub builds its HTTP client by a factory that anyone may set. Ours answers three things that hurt a process
with many streams: its own client allows 100 connections, costs 22 ms of CPU to build (a TLS context), and cuts lines
at U+2028, U+2029 and U+0085, which may stand inside a JSON string.
"""

from collections.abc import AsyncIterator
from typing import Final

import httpx2

_UNLIMITED: Final = httpx2.Limits(max_connections=None, max_keepalive_connections=32)


class LineResponse(httpx2.Response):
    """A response whose lines end at newlines and nowhere else, as Server-Sent Events want it."""

    async def aiter_lines(self) -> AsyncIterator[str]:
        r"""The lines, without their `\n` or `\r\n`."""
        rest = b""
        async for data in self.aiter_bytes():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line.rstrip(b"\r").decode("utf-8", errors="replace")
        if rest:
            yield rest.decode("utf-8", errors="replace")


class SharedTransport(httpx2.AsyncBaseTransport):
    """One pool for any number of short-lived clients: closing a client leaves it open, `close_pool` ends it."""

    def __init__(self) -> None:
        self._pool = httpx2.AsyncHTTPTransport(limits=_UNLIMITED)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send `request` over the pool."""
        answer = await self._pool.handle_async_request(request)
        return LineResponse(
            answer.status_code, headers=answer.headers, stream=answer.stream, extensions=answer.extensions
        )

    async def aclose(self) -> None:
        """What a client calls when it is closed: the pool lives on."""

    async def close_pool(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


def client_over(transport: SharedTransport) -> httpx2.AsyncClient:
    """A client that is cheap to build and to throw away."""
    return httpx2.AsyncClient(transport=transport, follow_redirects=True, timeout=None)
