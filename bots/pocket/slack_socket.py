"""Slack's Socket Mode: connections, envelopes, acknowledgements, and the same again until they come.

It carries payloads and does not read them. Behaviour: docs.slack.dev/apis/events-api/using-socket-mode, and the
retries of docs.slack.dev/apis/events-api (three, each longer after the last).
"""

import asyncio
import itertools
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import orjson
from aiohttp import WSMsgType, web

from bots.pocket.slack_rules import SlackRules
from bots.pocket.slack_workspace import APP_ID, Json
from core.tasks import cancelled

Kind: TypeAlias = Literal["events_api", "interactive", "slash_commands"]
Reason: TypeAlias = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]

_GOODBYE = None
"""In an outbox: the sender ends."""


class Delivery:
    """One payload on its way, however often it is sent."""

    def __init__(self, kind: Kind, payload: Json) -> None:
        self.kind = kind
        self.payload = payload
        self.attempts = 0
        self.acknowledged: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        """Resolves with what came back in the acknowledgement, mostly nothing; cancelled when the payload is lost."""
        self.timer: asyncio.TimerHandle | None = None

    @property
    def settled(self) -> bool:
        """Acknowledged or given up."""
        return self.acknowledged.done()

    def envelope(self, retry: int) -> Json:
        """An envelope for it, with an id of its own; `retry` counts from 0."""
        envelope: Json = {
            "envelope_id": str(uuid.uuid4()),
            "type": self.kind,
            "accepts_response_payload": self.kind != "events_api",
            "payload": self.payload,
        }
        if self.kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        return envelope

    def retry_in(self, seconds: float, step: Callable[["Delivery"], None]) -> None:
        """Take `step` in so many seconds, in place of whatever was to come."""
        self.stop()
        self.timer = asyncio.get_running_loop().call_later(seconds, step, self)

    def stop(self) -> None:
        """No more attempts."""
        if self.timer is not None:
            self.timer.cancel()


class Connection:
    """One WebSocket of the app; what is sent over it goes out in order, each frame `latency` late."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, rules: SlackRules) -> None:
        self.socket = socket
        self.in_flight: dict[str, Delivery] = {}
        self.open = True
        self._request = request
        self._rules = rules
        self._outbox: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()

    def send(self, frame: Mapping[str, Any]) -> None:
        """Put `frame` on its way."""
        due = asyncio.get_running_loop().time() + self._rules.latency
        self._outbox.put_nowait((due, orjson.dumps(frame).decode()))

    def abort(self) -> None:
        """Cut the wire without a word."""
        self.open = False
        self._outbox.put_nowait(_GOODBYE)
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what is in the outbox, until the connection is gone."""
        loop = asyncio.get_running_loop()
        while (entry := await self._outbox.get()) is not _GOODBYE:
            due, frame = entry
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            if self.socket.closed:
                return
            try:
                await self.socket.send_str(frame)
            except ConnectionError:  # the other side is gone; the reader will see it, too
                return


class SocketMode:
    """All connections of the app, and every delivery that is not acknowledged yet."""

    def __init__(self, rules: SlackRules, stir: Callable[[], None]) -> None:
        """`stir` is called when something changed that one may wait for."""
        self._rules = rules
        self._stir = stir
        self.connections: list[Connection] = []
        self.deliveries: set[Delivery] = set()
        """What is not acknowledged yet."""
        self.lost: list[Delivery] = []
        """What was given up, as Slack gives up after the last retry."""
        self.refusing = False
        """Nobody gets in."""
        self._waiting: deque[Delivery] = deque()
        self._turn = itertools.count()

    # The way in

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Be a connection's server, as long as it lasts."""
        if self.refusing:
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoping=True, compress=False, timeout=1.0)
        await socket.prepare(request)
        connection = Connection(socket, request, self._rules)
        writer = asyncio.create_task(connection.write(), name="pocket-slack-socket-writer")
        try:
            if len(self.connections) >= self._rules.max_connections:
                connection.send(_goodbye("too_many_websockets"))
            else:
                self._welcome(connection)
            await self._listen(connection)
        finally:
            self._bury(connection)
            await cancelled([writer])
        return socket

    def _welcome(self, connection: Connection) -> None:
        self.connections.append(connection)
        connection.send(
            {
                "type": "hello",
                "num_connections": len(self.connections),
                "connection_info": {"app_id": APP_ID},
                "debug_info": {"host": "pocket", "build_number": 1, "approximate_connection_time": 3600},
            }
        )
        while self._waiting:
            self._attempt(self._waiting.popleft())
        self._stir()

    async def _listen(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        async for frame in connection.socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            if self._rules.latency:
                loop.call_later(self._rules.latency, self._acknowledge, connection, frame.data)
            else:
                self._acknowledge(connection, frame.data)

    def _acknowledge(self, connection: Connection, frame: str) -> None:
        try:
            answer = orjson.loads(frame)
        except orjson.JSONDecodeError:
            return
        delivery = connection.in_flight.pop(answer.get("envelope_id", ""), None) if isinstance(answer, dict) else None
        if delivery is not None and not delivery.settled:
            delivery.stop()
            self.deliveries.discard(delivery)
            delivery.acknowledged.set_result(answer.get("payload") or {})
            self._stir()

    def _bury(self, connection: Connection) -> None:
        connection.open = False
        if connection in self.connections:
            self.connections.remove(connection)
        for delivery in dict.fromkeys(connection.in_flight.values()):
            if not delivery.settled:
                self._failed(delivery)
        connection.in_flight.clear()
        self._stir()

    # The way out

    def deliver(self, kind: Kind, payload: Json) -> Delivery:
        """Send `payload` to one of the connections, again until it is acknowledged."""
        delivery = Delivery(kind, payload)
        self.deliveries.add(delivery)
        self._attempt(delivery)
        return delivery

    def _attempt(self, delivery: Delivery) -> None:
        if delivery.settled:
            return
        connections = [each for each in self.connections if each.open]
        if connections:
            for copy in range(2 if self._rules.deliver_twice else 1):
                self._send(delivery.envelope(delivery.attempts + copy), delivery, connections)
            delivery.attempts += 1
            delivery.retry_in(self._rules.ack_timeout, self._failed)
        elif self._rules.hold_while_away and delivery.kind == "events_api":
            delivery.attempts = max(delivery.attempts, 1)  # what comes then is a retry, even of what was never sent
            self._waiting.append(delivery)
        else:
            delivery.attempts += 1
            self._failed(delivery)

    def _send(self, envelope: Json, delivery: Delivery, connections: list[Connection]) -> None:
        connection = connections[next(self._turn) % len(connections)]
        connection.in_flight[envelope["envelope_id"]] = delivery
        connection.send(envelope)

    def _failed(self, delivery: Delivery) -> None:
        retries = delivery.attempts - 1
        if delivery.kind == "events_api" and retries < len(self._rules.redelivery):
            delivery.retry_in(self._rules.redelivery[retries], self._attempt)
            return
        delivery.stop()
        delivery.acknowledged.cancel()
        self.deliveries.discard(delivery)
        self.lost.append(delivery)
        self._stir()

    # Faults

    def send_raw(self, frame: Mapping[str, Any]) -> None:
        """Send any JSON over every connection, as it is."""
        for connection in self.connections:
            connection.send(frame)

    def disconnect(self, reason: Reason = "refresh_requested") -> None:
        """Tell every connection that its time is over. As Slack does, leave it to the app to go."""
        for connection in self.connections:
            connection.send(_goodbye(reason))

    def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in tuple(self.connections):
            connection.abort()
            self._bury(connection)

    def close(self) -> None:
        """End everything: no more connections, no more attempts."""
        self.refusing = True
        for delivery in self.deliveries:
            delivery.stop()
            delivery.acknowledged.cancel()
        self.deliveries.clear()
        self._waiting.clear()
        self.drop()


def _goodbye(reason: Reason) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "pocket"}}
