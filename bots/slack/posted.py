"""Posts whose answer never came: Slack may have taken them, so they are looked for before they are made again."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.refusals import asking
from bots.slack.translate import PLATFORM, Identity
from core.errors import PlatformError
from core.messages import MessageRef, PlaceRef
from core.ports import Own

_POSTED: Final = 200
"""How many of the newest posts are known by their ts, to tell a stream whose start was never answered."""


class Posted:
    """Remembers, by nonce, what may have been posted."""

    def __init__(self, client: AsyncWebClient, me: Identity) -> None:
        self._client = client
        self._me = me
        self._unsure: set[str] = set()
        self._posted: deque[str] = deque(maxlen=_POSTED)

    async def posting(self, nonce: str, call: Awaitable[Any]) -> Any:
        """The answer to a call that posts something. Raises a PlatformError."""
        try:
            answer = await asking(call)
        except PlatformError as error:
            if isinstance(error.__cause__, (aiohttp.ClientError, OSError, TimeoutError)):
                self._unsure.add(nonce)
            raise
        self._unsure.discard(nonce)
        self._posted.append(answer["ts"])
        return answer

    async def message(self, place: PlaceRef, nonce: str, *, again: bool = False) -> MessageRef | None:
        """The message that was posted with `nonce`, if that is not known for sure, or another process may have."""
        if again:
            self._unsure.add(nonce)
        return await self._found(place, nonce, self._with_nonce)

    async def stream(self, place: PlaceRef, nonce: str) -> MessageRef | None:
        """The same for a stream, which carries no metadata to know it by; it may have been posted, too."""
        return await self._found(place, nonce, self._with_nonce_or_unheard_of)

    async def own_since(self, place: PlaceRef, ts: str) -> list[Own]:
        """Ours in `place` that are newer than `ts`, oldest first, each with its nonce, or nothing for a stream."""
        ours = [each for each in await self._newest(place) if each.get("user") == self._me.user_id and each["ts"] > ts]
        return [
            Own(MessageRef(PLATFORM, self._me.workspace, place.channel, each["ts"]), _nonce(each))
            for each in reversed(ours)
        ]

    async def _found(
        self, place: PlaceRef, nonce: str, look: Callable[[list[dict[str, Any]], str], str | None]
    ) -> MessageRef | None:
        if nonce not in self._unsure:
            return None
        ts = look(await self._newest(place), nonce)
        if ts is None:
            return None
        self._unsure.discard(nonce)
        return MessageRef(PLATFORM, self._me.workspace, place.channel, ts)

    @staticmethod
    def _with_nonce(messages: list[dict[str, Any]], nonce: str) -> str | None:
        for each in messages:
            if _nonce(each) == nonce:
                return str(each["ts"])
        return None

    def _with_nonce_or_unheard_of(self, messages: list[dict[str, Any]], nonce: str) -> str | None:
        """The one with this nonce, or the newest of ours without metadata, where we have not heard of it."""
        if ts := self._with_nonce(messages, nonce):
            return ts
        for each in messages:
            if each.get("user") == self._me.user_id and not each.get("metadata"):
                return None if each["ts"] in self._posted else str(each["ts"])
        return None

    async def _newest(self, place: PlaceRef) -> list[dict[str, Any]]:
        """The newest messages in a place, the newest first."""
        if not place.thread:
            answer = await asking(
                self._client.conversations_history(channel=place.channel, limit=50, include_all_metadata=True)
            )
            return list(answer.get("messages") or ())
        answer = await asking(
            self._client.conversations_replies(
                channel=place.channel, ts=place.thread, limit=1_000, include_all_metadata=True
            )
        )
        return list(reversed(answer.get("messages") or ()))


def _nonce(message: dict[str, Any]) -> str:
    return str(((message.get("metadata") or {}).get("event_payload") or {}).get("nonce") or "")
