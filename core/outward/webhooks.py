"""Events by HTTP: a POST each, signed. What an event is, and when it is sent again, is not known here."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import time
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from core.outward.channel import NotTakenError, RefusedError
from core.outward.events import CONTENT_TYPE, Event
from core.outward.signing import sign
from core.policy.outward import Webhook

TIMEOUT: Final = aiohttp.ClientTimeout(total=15, sock_connect=5)
LONGEST_PAUSE: Final = 86_400.0
"""Seconds that a receiver may ask for."""
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_SERVER_FAULT: Final = 500


class WebhookChannel:
    """One receiver."""

    kind = "webhook"

    def __init__(
        self,
        webhook: Webhook,
        keys: Sequence[bytes],
        session: aiohttp.ClientSession,
        *,
        now: Callable[[], float] = time,
    ) -> None:
        """`keys`: of the signatures, the newest first. `now`: seconds since 1970."""
        self.name = f"webhook:{webhook.name}"
        self.target = _without_secrets(webhook.url)
        self.types = webhook.types
        self.words = webhook.text
        self._url = webhook.url
        self._keys = keys
        self._session = session
        self._now = now
        self._resume = f"`plaudit webhooks resume {webhook.name}`"

    async def send(self, event: Event) -> None:
        """Deliver it: a 2xx says that it arrived. Raises NotTakenError or RefusedError."""
        timestamp = int(self._now())
        headers = {
            "content-type": CONTENT_TYPE,
            "user-agent": "plaudit",
            "webhook-id": event.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._keys, event.id, timestamp, event.body),
        }
        try:
            async with self._session.post(
                self._url, data=event.body, headers=headers, allow_redirects=False, timeout=TIMEOUT
            ) as response:
                self._judge(response)
        except TimeoutError as error:
            raise NotTakenError(f"{self.target} did not answer within {TIMEOUT.total:g} s.") from error
        except aiohttp.InvalidURL as error:
            raise RefusedError(
                f"{self.target} is no address: mend `url` in plaudit.toml, then {self._resume}."
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NotTakenError(f"{self.target} cannot be reached ({type(error).__name__}).") from error

    def _judge(self, response: aiohttp.ClientResponse) -> None:
        if response.ok and response.status < 300:  # noqa: PLR2004 - 2xx
            return
        said = f"{self.target} answered {response.status} {response.reason or ''}".rstrip()
        if response.status in _TRY_AGAIN or response.status >= _SERVER_FAULT:
            raise NotTakenError(f"{said}.", retry_after=self._pause(response.headers.get("retry-after", "")))
        raise RefusedError(f"{said}: nothing more is sent until that is mended and you say {self._resume}.")

    def _pause(self, header: str) -> float:
        """Seconds that `Retry-After` asks for: a number, or a date (RFC 9110, 10.2.3); 0 where it asks for none."""
        if header.strip().isdecimal():
            return min(float(header), LONGEST_PAUSE)
        try:
            until = parsedate_to_datetime(header)
        except (ValueError, OverflowError):
            return 0
        moment = until if until.tzinfo else until.replace(tzinfo=UTC)
        return min(max(0.0, (moment - datetime.fromtimestamp(self._now(), UTC)).total_seconds()), LONGEST_PAUSE)


def _without_secrets(url: str) -> str:
    """The address without user, password and query: it is shown and logged."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
