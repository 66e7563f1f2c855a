"""A file that a person attached, over HTTP: from the platform's own servers only, in bounded bytes and time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from core.errors import PlatformError

_TIMEOUT: Final = aiohttp.ClientTimeout(total=20.0, connect=5.0)
"""Whoever asked waits for it."""
_PIECE: Final = 65_536
_OK: Final = 200
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered."""

    content: bytes
    media_type: str


def origin_of(address: str) -> str:
    """Scheme, host and port of `address`, written in one way; empty where it is no address of the web."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return ""
    usual = port in (None, _PORTS[parts.scheme])
    return f"{parts.scheme}://{parts.hostname}" + ("" if usual else f":{port}")


async def fetched(
    session: aiohttp.ClientSession, address: str, *, origins: Collection[str], headers: Mapping[str, str], limit: int
) -> Fetched:
    """What is at `address`, which must be of one of `origins`; redirects are not followed.

    Raises:
        PlatformError: it is elsewhere, is longer than `limit` bytes, does not come in time, or is refused.
    """
    if origin_of(address) not in {each for each in origins if each}:
        raise PlatformError("The file is not on the platform's own servers: they alone are asked.")
    try:
        async with session.get(address, headers=headers, allow_redirects=False, timeout=_TIMEOUT) as answer:
            if answer.status != _OK:
                raise PlatformError(f"The platform does not hand out the file (HTTP status {answer.status}).")
            return Fetched(await _within(answer.content, limit), answer.content_type)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise PlatformError(f"The file could not be fetched ({type(error).__name__}).") from error


async def _within(stream: aiohttp.StreamReader, limit: int) -> bytes:
    content = bytearray()
    async for piece in stream.iter_chunked(_PIECE):
        content += piece
        if len(content) > limit:
            raise PlatformError(f"The file is longer than {limit:,} bytes, whatever was said of it.")
    return bytes(content)
