"""Discord's gateway, version 10: connections, sessions, resuming what was missed. It knows no house, only events.

Opcodes and close codes: docs.discord.com/developers/topics/opcodes-and-status-codes#gateway.
"""

import asyncio
import secrets
import zlib
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import orjson
from aiohttp import WSMsgType, web

from bots.pocket.discord_rules import IDENTIFY, Buckets, DiscordRules
from bots.pocket.discord_sessions import INTENTS, Connection, Event, Session
from core.tasks import cancelled

_PRIVILEGED: Final = ("members", "presences", "message_content")

_HEARTBEAT, _IDENTIFY, _RESUME, _REQUEST_MEMBERS = 1, 2, 6, 8
_RECONNECT, _INVALID_SESSION, _HELLO, _HEARTBEAT_ACK = 7, 9, 10, 11
_TAKEN_IN_SILENCE: Final = (3, 4)
"""Presence and voice state: nobody here looks at them."""

UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED = range(4001, 4006)
INVALID_SEQUENCE, RATE_LIMITED = 4007, 4008
INVALID_SHARD, SHARDING_REQUIRED = 4010, 4011
INVALID_INTENTS, DISALLOWED_INTENTS = 4013, 4014


class Gateway:
    """Accepts connections and tells them what happens."""

    def __init__(
        self,
        rules: DiscordRules,
        token: str,
        *,
        guilds: Collection[int],
        welcome: Callable[[Session, str], list[Event]],
        chunk: Callable[[Mapping[str, Any]], Event],
        stir: Callable[[], None],
    ) -> None:
        """`guilds`: the snowflakes of those that there are.

        `welcome` gives the first events of a session (READY, its guilds) from it and the url to resume at. `chunk`
        answers a request for members. `stir` is called when a bot came or went.
        """
        self._rules = rules
        self._token = token
        self._guilds = guilds
        self._buckets = Buckets(rules)
        self._welcome = welcome
        self._chunk = chunk
        self._stir = stir
        self.connections: set[Connection] = set()
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        """How often a bot has begun a session."""
        self.put_off = 0
        """How often one came too early."""
        self.resumed = 0
        """How often one has been taken up again."""
        self.refusing = False
        """Whoever connects is cut off without a word."""

    # What the bots are told

    def tell(self, event: Event) -> None:
        """Tell every session that wants to know."""
        full = orjson.dumps(event.data)
        bare = full if event.without_content is None else orjson.dumps(event.without_content)
        for session in self.sessions.values():
            if session.wants(event):
                data = full if session.intents & INTENTS["message_content"] else bare
                for _ in range(2 if self._rules.deliver_twice else 1):
                    session.tell(event.name, data)

    # What can go wrong

    def reconnect(self) -> None:
        """Ask every bot to connect anew (opcode 7), as Discord does before it restarts a server."""
        for connection in self.connections:
            connection.send({"op": _RECONNECT, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """End every session (opcode 9): what happens until a bot has identified itself again is lost to it."""
        if not resumable:
            self.sessions.clear()
        for connection in self.connections:
            connection.send({"op": _INVALID_SESSION, "d": resumable})

    def drop(self) -> None:
        """Abort every connection; the sessions can be resumed."""
        for connection in self.connections:
            connection.abort()

    def send_raw(self, frame: str) -> None:
        """Write any text to every bot."""
        for connection in self.connections:
            connection.send(frame.encode())

    async def hang_up(self, code: int = 1001) -> None:
        """Close every connection in good order, with any code."""
        await asyncio.gather(*(each.socket.close(code=code) for each in tuple(self.connections)))

    # Serving

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from its hello to its end."""
        if self.refusing:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=4096, compress=False, timeout=1.0)
        await socket.prepare(request)
        packed = request.query.get("compress") == "zlib-stream"
        connection = Connection(socket, request, lambda: self._rules.latency, zlib.compressobj() if packed else None)
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write(), name="pocket: writes to a Discord bot")
        connection.send({"op": _HELLO, "d": {"heartbeat_interval": int(self._rules.heartbeat_interval * 1000)}})
        try:
            async for message in socket:
                code = self._take(connection, message.data) if message.type is WSMsgType.TEXT else DECODE_ERROR
                if code is not None:
                    await socket.close(code=code)
        finally:
            self._detach(connection)
            await cancelled([writer])
        return socket

    def _detach(self, connection: Connection) -> None:
        self.connections.discard(connection)
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        self._stir()
        if connection.socket.close_code in (1000, 1001):  # a bot that says goodbye does not come back to its session
            self.sessions.pop(session.id, None)

    def _take(self, connection: Connection, text: str) -> int | None:
        """Act on what a bot sent; the answer is the code to close with, if it is one to close for."""
        try:
            frame = orjson.loads(text)
            op, data = frame["op"], frame.get("d")
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return DECODE_ERROR
        if self._too_many(connection):
            return RATE_LIMITED
        if op == _HEARTBEAT:
            connection.send({"op": _HEARTBEAT_ACK})
            return None
        act = {_IDENTIFY: self._identify, _RESUME: self._resume}.get(op)
        return self._serve_session(connection, op, data) if act is None else act(connection, data)

    def _serve_session(self, connection: Connection, op: int, data: Mapping[str, Any]) -> int | None:
        """What takes a session."""
        if connection.session is None:
            return NOT_AUTHENTICATED
        if op == _REQUEST_MEMBERS:
            event = self._chunk(data)
            connection.session.tell(event.name, orjson.dumps(event.data))
        elif op not in _TAKEN_IN_SILENCE:
            return UNKNOWN_OPCODE
        return None

    def _too_many(self, connection: Connection) -> bool:
        now, rate = asyncio.get_running_loop().time(), self._rules.gateway_sends
        while connection.received and connection.received[0] <= now - rate.window:
            connection.received.popleft()
        connection.received.append(now)
        return len(connection.received) > rate.calls

    def _identify(self, connection: Connection, data: Mapping[str, Any]) -> int | None:
        if (code := self._fault(connection, data)) is not None:
            return code
        shard = _shard_in(data)
        if shard is None:
            return INVALID_SHARD
        missed: deque[tuple[int, bytes]] = deque(maxlen=self._rules.replay)
        session = Session(secrets.token_hex(16), data["intents"], shard, missed, connection=connection)
        if sum(map(session.hears, self._guilds)) > self._rules.guilds_a_shard:
            return SHARDING_REQUIRED
        if self._is_too_early(session):
            self.put_off += 1
            connection.send({"op": _INVALID_SESSION, "d": False})
            return None
        self._begin(session, connection)
        return None

    def _fault(self, connection: Connection, data: Mapping[str, Any]) -> int | None:
        """What is wrong with who identifies, as a close code."""
        if connection.session is not None:
            return ALREADY_AUTHENTICATED
        if data.get("token") != self._token:
            return AUTHENTICATION_FAILED
        intents = data.get("intents")
        if not isinstance(intents, int):
            return INVALID_INTENTS
        if any(intents & INTENTS[name] for name in _PRIVILEGED if name not in self._rules.privileged):
            return DISALLOWED_INTENTS
        return None

    def _is_too_early(self, session: Session) -> bool:
        group = str(session.shard[0] % self._rules.at_once)
        return not self._buckets.take(IDENTIFY, group, asyncio.get_running_loop().time()).allowed

    def _begin(self, session: Session, connection: Connection) -> None:
        self.sessions[session.id] = session
        connection.session = session
        self.identified += 1
        self._stir()
        url = f"ws://{connection.request.host}{connection.request.path}"
        for event in self._welcome(session, url):
            session.tell(event.name, orjson.dumps(event.data))

    def _resume(self, connection: Connection, data: Mapping[str, Any]) -> int | None:
        if data.get("token") != self._token:
            return AUTHENTICATION_FAILED
        session = self.sessions.get(str(data.get("session_id")))
        if session is None or not isinstance(data.get("seq"), int):
            connection.send({"op": _INVALID_SESSION, "d": False})
            return None
        if data["seq"] > session.seq:
            return INVALID_SEQUENCE
        if session.connection is not None:
            session.connection.abort()
        session.connection, connection.session = connection, session
        self.resumed += 1
        self._stir()
        for seq, frame in session.missed:
            if seq > data["seq"]:
                connection.send(frame)
        session.tell("RESUMED", b"{}")
        return None


def _shard_in(data: Mapping[str, Any]) -> tuple[int, int] | None:
    """The shard as a bot that identifies says it: any of any number of them, as Discord has it, but one that can be.

    Sessions with different numbers may be there at the same time
    (docs.discord.com/developers/events/gateway#sharding).
    """
    shard = data.get("shard")
    match [0, 1] if shard is None else shard:
        case [int(index), int(count)] if 0 <= index < count:
            return index, count
        case _:
            return None
