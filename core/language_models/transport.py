"""How a model's stream arrives: one pool of connections for all replies, and each chunk read once, cheaply.

huggingface_hub builds its HTTP client by a factory that anyone may set, and asks the response for its lines. Both are
public, and enough to mend what hurts a process with hundreds of streams: its own client allows 100 connections, costs
22 ms of CPU to build (a TLS context), cuts lines at U+2028, U+2029 and U+0085, which may stand inside a JSON string,
and makes dataclasses of every chunk, 64 µs each. Here the bytes come through aiohttp, lines end at newlines, and a
`Tap` gets the plain chunks; what it does not take (an error, anything unusual) goes on to the library.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, Protocol, Self
from urllib.request import getproxies

import aiohttp
import httpx2
import orjson

_DONE: Final = b"data: [DONE]"
_END_PATIENCE: Final = 0.1


class Tap(Protocol):
    """Takes the chunks of one stream past the library."""

    def take(self, chunk: Mapping[str, Any]) -> bool:
        """True where `chunk` was understood and needs no further reading."""
        ...


tap: ContextVar[Tap | None] = ContextVar("tap", default=None)
"""The tap of the stream that is being opened in this context."""


class LineResponse(httpx2.Response):
    """A response whose lines end at newlines and nowhere else, as Server-Sent Events want it."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        super().__init__(answer.status, headers=list(answer.raw_headers), stream=_Body(answer))

    async def aiter_lines(self) -> AsyncIterator[str]:
        r"""The lines that the tap did not take, without their `\n` or `\r\n`."""
        taken_by = tap.get()
        rest = b""
        try:
            # The stream itself, not aiter_raw(): four generators fewer for every token.
            async for data in self._answer.content.iter_any():
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if line.startswith(b"data:") and taken_by is not None and _is_taken(line, taken_by):
                        continue
                    if line.rstrip() == _DONE:
                        await _read_to_end(self._answer.content)
                    if line.strip():
                        yield line.decode("utf-8", errors="replace").rstrip("\r")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _as_httpx(error, connecting=False) from error
        if rest.strip():
            yield rest.decode("utf-8", errors="replace")


async def _read_to_end(content: aiohttp.StreamReader) -> None:
    """What is read to its end leaves its connection to the next reply; a server that keeps it open is left."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_PATIENCE):
            async for _ in content.iter_any():
                pass


def _is_taken(line: bytes, taken_by: Tap) -> bool:
    try:
        chunk = orjson.loads(line[5:])
    except orjson.JSONDecodeError:
        return False
    return isinstance(chunk, dict) and taken_by.take(chunk)


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Carries httpx2's requests over one aiohttp session, whose parser of responses is C."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send `request`; the body of the answer is read by whoever iterates over it."""
        if self._session is None:
            # Not in __init__: a session belongs to a running loop. No limit: every live reply holds a connection.
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
            # With trust_env aiohttp reads ~/.netrc from the disk for every request: only where a proxy is named.
            self._session = aiohttp.ClientSession(connector=connector, trust_env=bool(getproxies()))
        headers = [(name, value) for name, value in request.headers.multi_items() if name != "accept-encoding"]
        try:
            answer = await self._session.request(
                request.method,
                str(request.url),
                headers=[*headers, ("accept-encoding", "identity")],
                data=await request.aread(),
                timeout=_timeout(request),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _as_httpx(error, connecting=True) from error
        return LineResponse(answer)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in self._answer.content.iter_any():
                yield data
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _as_httpx(error, connecting=False) from error

    async def aclose(self) -> None:
        # A stream that is given up is not read to its end: its connection goes with it.
        if self._answer.content.at_eof():
            self._answer.release()
        else:
            self._answer.close()


class SharedClient(httpx2.AsyncClient):
    """One client for everyone: who leaves it leaves it open, and `aclose` ends it."""

    def __init__(self) -> None:
        super().__init__(transport=AiohttpTransport(), follow_redirects=True, timeout=None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return None


def _timeout(request: httpx2.Request) -> aiohttp.ClientTimeout:
    seconds = request.extensions.get("timeout") or {}
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds.get("connect"), sock_read=seconds.get("read"))


def _as_httpx(error: Exception, *, connecting: bool) -> httpx2.TransportError:
    if isinstance(error, TimeoutError):
        return httpx2.ConnectTimeout(str(error)) if connecting else httpx2.ReadTimeout(str(error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return httpx2.ConnectError(str(error))
    return httpx2.RemoteProtocolError(str(error)) if connecting else httpx2.ReadError(str(error))
