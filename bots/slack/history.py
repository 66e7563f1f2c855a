"""Slack's past: the messages of a thread or a direct conversation as events, and the reactions on a message."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.people import Directory
from bots.slack.translate import PLATFORM, Identity, Profile, author_of, translate
from core.events import MessageReceived
from core.messages import MessageRef, PersonRef, PlaceRef
from core.ports import Reaction

_PAGE: Final = 200


class History:
    """Reads a workspace's past through `call`, which makes Slack's refusals ours."""

    def __init__(
        self,
        client: AsyncWebClient,
        me: Identity,
        directory: Directory,
        call: Callable[[Awaitable[Any]], Awaitable[Any]],
    ) -> None:
        self._client = client
        self._me = me
        self._directory = directory
        self._call = call

    async def messages_since(self, place: PlaceRef, since: datetime, limit: int) -> list[MessageReceived]:
        """What was written there from `since` on, oldest first."""
        found: list[dict[str, Any]] = []
        async for page in self._pages(place, since):
            found += page
            if place.thread and len(found) > limit:  # a thread's pages begin with the oldest, a conversation's do not
                break
        found.sort(key=lambda each: str(each.get("ts")))
        events = [await self._told(each, place) for each in found]
        return [each for each in events if each is not None][:limit]

    async def reactions_on(self, message: MessageRef) -> list[Reaction]:
        """Every reaction, once for each person who put it there."""
        # Without `full` only some of the people are told.
        answer = await self._call(self._client.reactions_get(channel=message.channel, timestamp=message.id, full=True))
        return [
            Reaction(PersonRef(PLATFORM, self._me.workspace, user), each["name"], by_bot=self._is_bot(user))
            for each in answer["message"].get("reactions") or ()
            for user in each["users"]
        ]

    def _is_bot(self, user: str) -> bool:
        return user == self._me.user_id or self._directory.people.get(user, Profile(user)).is_bot

    async def _pages(self, place: PlaceRef, since: datetime) -> AsyncIterator[list[dict[str, Any]]]:
        cursor: str | None = None
        more: dict[str, Any] = {
            "oldest": f"{since.timestamp():.6f}",
            "inclusive": True,
            "limit": _PAGE,
            "channel": place.channel,
        }
        while True:
            if place.thread:
                call = self._client.conversations_replies(ts=place.thread, cursor=cursor, **more)
            else:
                call = self._client.conversations_history(cursor=cursor, **more)
            answer = await self._call(call)
            yield list(answer.get("messages") or ())
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    async def _told(self, message: dict[str, Any], place: PlaceRef) -> MessageReceived | None:
        """A message as the event that it was; None where it was none of ours."""
        event = {**message, "channel": place.channel, "channel_type": "" if place.thread else "im"}
        body = {"event_id": f"{place.channel}:{message.get('ts')}", "event": event}
        if user := author_of(body):
            await self._directory.know(user)
        told = translate(body, self._me, self._directory.people)
        return replace(told, found_later=True) if isinstance(told, MessageReceived) else None
