"""Slack's events, interactions and commands as signed HTTP requests, and the same again until they are taken.

Behaviour: docs.slack.dev/apis/events-api/using-http-request-urls (three seconds, three retries with their headers) and
docs.slack.dev/authentication/verifying-requests-from-slack (the signature).
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import orjson

from bots.pocket.slack_rules import SlackRules
from bots.pocket.slack_socket import Delivery, Kind
from bots.pocket.slack_workspace import Json

SIGNING_SECRET: Final = "pocket-signing-secret"  # noqa: S105 - opens nothing but the box
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_OK: Final = range(200, 300)


def signed(body: bytes, secret: str, at: int) -> dict[str, str]:
    """The headers that say whose `body` is; `at` in seconds since 1970."""
    told = hmac.new(secret.encode(), b"v0:%d:%b" % (at, body), hashlib.sha256)
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={told.hexdigest()}"}


def written(kind: Kind, payload: Mapping[str, Any]) -> tuple[bytes, str]:
    """A payload as a request's body, and the body's type."""
    if kind == "events_api":
        return orjson.dumps(payload), _JSON
    fields = payload if kind == "slash_commands" else {"payload": orjson.dumps(payload).decode()}
    return urlencode(fields).encode(), _FORM


class Requests:
    """The requests to the app's URL, as long as they are under way."""

    def __init__(self, rules: SlackRules, stir: Callable[[], None]) -> None:
        """`stir` is called when something changed that one may wait for."""
        self.url = ""
        """Where the app is reached; empty: by its sockets."""
        self.secret = SIGNING_SECRET
        self.deliveries: set[Delivery] = set()
        """What is not acknowledged yet."""
        self.lost: list[Delivery] = []
        """What was given up after the last retry."""
        self.statuses: list[int] = []
        """How the app answered, in order; 0 where it did not."""
        self._rules = rules
        self._stir = stir
        self._tasks: set[asyncio.Task[None]] = set()

    def deliver(self, kind: Kind, payload: Json) -> Delivery:
        """Send `payload`, an event again until it is acknowledged."""
        delivery = Delivery(kind, payload)
        self.deliveries.add(delivery)
        task = asyncio.create_task(self._deliver(delivery), name="pocket-slack-request")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery

    def close(self) -> None:
        """No more attempts."""
        for task in self._tasks:
            task.cancel()
        for delivery in self.deliveries:
            delivery.acknowledged.cancel()
        self.deliveries.clear()

    async def _deliver(self, delivery: Delivery) -> None:
        pauses = (*self._rules.redelivery, None) if delivery.kind == "events_api" else (None,)
        async with aiohttp.ClientSession() as session:
            for pause in pauses:
                copies = 2 if self._rules.deliver_twice else 1
                answers = [await self._attempt(session, delivery) for _ in range(copies)]
                if taken := [each for each in answers if each is not None]:
                    delivery.acknowledged.set_result(taken[0])
                    break
                if pause is not None:
                    await asyncio.sleep(pause)
            else:
                delivery.acknowledged.cancel()
                self.lost.append(delivery)
        self.deliveries.discard(delivery)
        self._stir()

    async def _attempt(self, session: aiohttp.ClientSession, delivery: Delivery) -> Json | None:
        """What the app answered; None where it did not, or not with a 2xx."""
        body, media_type = written(delivery.kind, delivery.payload)
        # Each is signed anew. Seconds count: two in one would be the same request.
        headers = signed(body, self.secret, int(time.time()) + delivery.attempts)
        headers |= {"Content-Type": media_type}
        if delivery.attempts:
            headers |= {"X-Slack-Retry-Num": str(delivery.attempts), "X-Slack-Retry-Reason": "http_error"}
        delivery.attempts += 1
        await asyncio.sleep(self._rules.latency)
        timeout = aiohttp.ClientTimeout(self._rules.ack_timeout)
        try:
            async with session.post(self.url, data=body, headers=headers, timeout=timeout) as answer:
                status, content = answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            status, content = 0, b""
        self.statuses.append(status)
        self._stir()
        if status not in _OK:
            return None
        return dict(orjson.loads(content)) if content.startswith(b"{") else {}
