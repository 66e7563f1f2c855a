"""Slack's past: the messages of a channel, a thread or a direct conversation, and the reactions on them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.people import Directory
from bots.slack.translate import PLATFORM, Identity, Profile, author_of, moment, translate
from core.errors import MessageGoneError
from core.events import MessageReceived
from core.messages import Attached, MessageRef, PersonRef, PlaceRef
from core.ports import Answer, InTurn, Reaction, Shown, Tally

_PAGE: Final = 200
_ROOMS: Final = "public_channel,private_channel,im"
"""Of group conversations Slack tells only who may list them (mpim:read), which nothing else needs."""
_MOST_ROOMS: Final = 999
"""Slack takes less than a thousand (docs.slack.dev/reference/methods/users.conversations)."""
_TOMBSTONE: Final = "tombstone"
"""The subtype of what is left of a deleted message in whose thread others have written."""


async def _now(call: Callable[[], Awaitable[Answer]], /) -> Answer:
    return await call()


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
        async for page in self._pages(place, since, None, _now):
            found += page
            if place.thread and len(found) > limit:  # a thread's pages begin with the oldest, a conversation's do not
                break
        found.sort(key=_ts)
        events = [await self._told(each, place) for each in found]
        return [each for each in events if each is not None][:limit]

    async def files_beside(self, message: MessageRef, place: PlaceRef) -> tuple[Attached, ...]:
        """What stands beside one message; nothing, where it does not stand there any more."""
        at = moment(message.id)
        async for page in self._pages(place, at, at, _now):
            for each in page:
                if _ts(each) == message.id and (told := await self._told(each, place)) is not None:
                    return told.files
        return ()

    async def rooms(self, in_turn: InTurn) -> list[PlaceRef]:
        """The channels and conversations that the bot is in: one page of them, an hour of looking."""
        call = self._client.users_conversations
        answer = await in_turn(lambda: self._call(call(types=_ROOMS, exclude_archived=True, limit=_MOST_ROOMS)))
        return [PlaceRef(PLATFORM, self._me.workspace, each["id"], "") for each in answer.get("channels") or ()]

    async def shown_in(
        self, place: PlaceRef, since: datetime, until: datetime | None, in_turn: InTurn
    ) -> AsyncGenerator[Sequence[Shown], None]:
        """What stands there, page by page."""
        async for page in self._pages(place, since, until, in_turn):
            stands = [each for each in page if _is_within(each, since, until) and each.get("subtype") != _TOMBSTONE]
            yield [await self._shown(each, place) for each in sorted(stands, key=_ts)]

    async def reactions_on(self, message: MessageRef, in_turn: InTurn) -> list[Reaction]:
        """Every reaction, once for each person who put it there; one call tells them all."""

        async def ask() -> Any:
            # Without `full` only some of the people are told.
            call = self._client.reactions_get(channel=message.channel, timestamp=message.id, full=True)
            return await self._call(call)

        found = (await in_turn(ask))["message"]
        if found.get("subtype") == _TOMBSTONE:
            raise MessageGoneError("The message was deleted from its thread in Slack.")
        reactions = found.get("reactions") or ()
        return [self._reaction(user, each["name"]) for each in reactions for user in each["users"]]

    def _reaction(self, user: str, name: str) -> Reaction:
        return Reaction(PersonRef(PLATFORM, self._me.workspace, user), name, by_bot=self._is_bot(user))

    def _is_bot(self, user: str) -> bool:
        return user == self._me.user_id or self._directory.people.get(user, Profile(user)).is_bot

    async def _shown(self, message: dict[str, Any], place: PlaceRef) -> Shown:
        ref = MessageRef(PLATFORM, self._me.workspace, place.channel, _ts(message))
        tallies = tuple(self._tally(each) for each in message.get("reactions") or ())
        return Shown(ref, await self._told(message, place), tallies)

    def _tally(self, reaction: dict[str, Any]) -> Tally:
        users, count = reaction.get("users") or (), int(reaction["count"])
        people = tuple(self._reaction(each, reaction["name"]) for each in users if each != self._me.user_id)
        mine = self._me.user_id in users
        # Of many people only some are told beside the message; their number is right (docs.slack.dev, reactions.get).
        return Tally(reaction["name"], count - mine, people if len(users) == count else None)

    async def _pages(
        self, place: PlaceRef, since: datetime, until: datetime | None, in_turn: InTurn
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        more: dict[str, Any] = {
            "oldest": _moment(since),
            "latest": None if until is None else _moment(until),
            "inclusive": True,
            "limit": _PAGE,
            "channel": place.channel,
            "cursor": None,
        }

        async def ask() -> Any:
            if place.thread:
                return await self._call(self._client.conversations_replies(ts=place.thread, **more))
            return await self._call(self._client.conversations_history(**more))

        while True:
            answer = await in_turn(ask)
            yield list(answer.get("messages") or ())
            more["cursor"] = (answer.get("response_metadata") or {}).get("next_cursor")
            if not more["cursor"]:
                return

    async def _told(self, message: dict[str, Any], place: PlaceRef) -> MessageReceived | None:
        """A message as the event that it was; None where it was none of ours."""
        event = {**message, "channel": place.channel}
        body = {"event_id": f"{place.channel}:{message.get('ts')}", "event": event}
        if user := author_of(body):
            await self._directory.know(user)
        told = translate(body, self._me, self._directory.people)
        return replace(told, found_later=True) if isinstance(told, MessageReceived) else None


def _ts(message: dict[str, Any]) -> str:
    return str(message.get("ts"))


def _moment(when: datetime) -> str:
    return f"{when.timestamp():.6f}"


def _is_within(message: dict[str, Any], since: datetime, until: datetime | None) -> bool:
    # A thread's first message comes with every page of it.
    return _moment(since) <= _ts(message) and (until is None or _ts(message) < _moment(until))
