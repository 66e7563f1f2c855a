"""A bot's session with the gateway, the connection it runs over, and the events it is told. It opens no sockets."""

import asyncio
import contextlib
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import web

INTENTS: Final[Mapping[str, int]] = {
    "guilds": 1 << 0,
    "members": 1 << 1,
    "presences": 1 << 8,
    "guild_messages": 1 << 9,
    "guild_reactions": 1 << 10,
    "guild_typing": 1 << 11,
    "dm_messages": 1 << 12,
    "dm_reactions": 1 << 13,
    "dm_typing": 1 << 14,
    "message_content": 1 << 15,
}
"""Bits, from docs.discord.com/developers/events/gateway#gateway-intents; those that a chat needs."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell the bots."""

    name: str
    data: Mapping[str, Any]
    intent: str | None = None
    """Whoever did not ask for this intent is not told."""
    guild_id: int | None = None
    """Decides which shard is told; what happens outside of guilds goes to the first."""
    without_content: Mapping[str, Any] | None = None
    """What those are told who did not ask for the message content intent."""


@dataclass(eq=False, slots=True)
class Session:
    """What a bot has been told since it identified itself; it outlives its connection, until it is resumed or ended."""

    id: str
    intents: int
    shard: tuple[int, int]
    missed: deque[tuple[int, bytes]]
    seq: int = 0
    connection: "Connection | None" = None

    def hears(self, guild_id: int | None) -> bool:
        """Whether its shard is that of a guild, or of what happens outside of guilds."""
        index, count = self.shard
        return index == (0 if guild_id is None else (guild_id >> 22) % count)

    def wants(self, event: Event) -> bool:
        """Whether this event is for it."""
        return self.hears(event.guild_id) and (event.intent is None or bool(self.intents & INTENTS[event.intent]))

    def tell(self, name: str, data: bytes) -> None:
        """Send an event, and keep it for a resume."""
        self.seq += 1
        frame = b'{"op":0,"t":"%b","s":%d,"d":%b}' % (name.encode(), self.seq, data)
        self.missed.append((self.seq, frame))
        if self.connection is not None:
            self.connection.send(frame)


@dataclass(eq=False, slots=True)
class Connection:
    """One web socket, with what is on its way out."""

    socket: web.WebSocketResponse
    request: web.Request
    latency: Callable[[], float]
    compressor: "zlib._Compress | None" = None
    outbox: "asyncio.Queue[tuple[float, bytes]]" = field(default_factory=asyncio.Queue)
    session: Session | None = None
    received: deque[float] = field(default_factory=deque)

    def send(self, frame: bytes | Mapping[str, Any]) -> None:
        """Put a frame on its way."""
        data = frame if isinstance(frame, bytes) else orjson.dumps(frame)
        self.outbox.put_nowait((asyncio.get_running_loop().time() + self.latency(), data))

    async def write(self) -> None:
        """Write frames when they are due, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due, data = await self.outbox.get()
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            with contextlib.suppress(ConnectionError):
                if self.compressor is None:
                    await self.socket.send_str(data.decode())
                else:
                    # One zlib stream for the whole connection; a sync flush ends in 00 00 ff ff.
                    packed = self.compressor.compress(data) + self.compressor.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(packed)

    def abort(self) -> None:
        """Cut the connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()
