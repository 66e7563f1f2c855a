"""What happened while the assistant was away: the platform's state against the log, the difference told as events.

Which votes differ is decided by a pure function. The asking goes through ports, one call after the other, so that it
stays behind the live traffic; what is found twice counts once, and what people do meanwhile wins, being later.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias, TypeVar

from core.clock import Clock
from core.errors import DatabaseUnavailableError, MessageGoneError, PlatformError, RateLimitedError
from core.events import Event, MessageReceived, ReactionAdded, ReactionRemoved
from core.feedback import Assessment, canonical_emoji, meaning_of
from core.live import LiveReplies
from core.messages import Message, MessageRef, PersonRef, PlaceRef
from core.opinions import reaction_origin
from core.ports import CanLookBack, ChatPlatform, Reaction, Store

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Handle: TypeAlias = Callable[[Event, ChatPlatform], Awaitable[None]]
Vote: TypeAlias = tuple[PersonRef, str]
"""A person and a canonical emoji."""

SPAN: Final = timedelta(days=3)
"""How far back a reply is still looked at."""
_OVERLAP: Final = timedelta(minutes=1)
"""Looked at again before the moment of the loss: the platform's clock may be behind ours."""
_MESSAGES: Final = 1_000
"""At most so many messages of one place: a channel in which more is written is not talking to the assistant alone."""
_ATTEMPTS: Final = 20
"""Rate limits in a row after which a call is given up."""
_PAUSES: Final = (2.0, 10.0, 30.0, 120.0)
"""Seconds before looking again where looking failed."""


def differences(
    part: MessageRef, seen: Iterable[Reaction], standing: Iterable[Assessment], *, asked: datetime
) -> tuple[list[Vote], list[Vote]]:
    """The votes on a part of a reply that the log lacks, and those that the platform no longer shows.

    `standing`: what stands of the whole reply; what was said on other parts, or in words, is not looked at. `asked`:
    when the platform was asked; it need not have seen what is newer.
    """
    prefix = reaction_origin(part, "")
    there = dict.fromkeys((each.person, canonical_emoji(each.emoji)) for each in seen if not each.by_bot)
    kept = {
        (PersonRef.parse(each.source.id), each.origin.removeprefix(prefix)): each.at
        for each in standing
        if each.origin.startswith(prefix)
    }
    missing = [each for each in there if meaning_of(each[1]) and each not in kept]
    return missing, [each for each, at in kept.items() if each not in there and at <= asked]


class Reconciling:
    """Looks back over the conversations of the last days and hands on what was missed.

    Looks run in the background, one a platform at a time, until `stop`.
    """

    def __init__(
        self,
        *,
        store: Store,
        live: LiveReplies,
        clock: Clock,
        handle: Handle,
        votes: bool = True,
        span: timedelta = SPAN,
        pauses: Sequence[float] = _PAUSES,
    ) -> None:
        """`handle` takes what is found; without `votes` nobody asks for reactions."""
        self._store = store
        self._live = live
        self._clock = clock
        self._handle = handle
        self._votes = votes
        self._span = span
        self._pauses = pauses
        self._looks: dict[str, tuple[asyncio.Task[None], datetime | None]] = {}

    def begin(self, platform: ChatPlatform, since: datetime | None) -> None:
        """Do `look_back` in the background; one that is still under way begins anew as a part of this one."""
        if (before := self._looks.get(platform.name)) and not before[0].done():
            before[0].cancel()
            since = min(since, before[1]) if since and before[1] else None
        task = asyncio.create_task(self._look_until_done(platform, since), name=f"look back on {platform.name}")
        self._looks[platform.name] = (task, since)

    async def stop(self) -> None:
        """Look no further."""
        tasks = [task for task, _ in self._looks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def look_back(self, platform: ChatPlatform, since: datetime | None) -> int:
        """Hand on what was missed since `since`, newest conversations first; returns how many events that were.

        `since` None: in each place since its last question that was answered. Messages that were known already are
        among them; the log takes nothing twice.

        Raises:
            PlatformError: the platform cannot be asked; what was found until then is kept.
            DatabaseUnavailableError: the same for the log.
        """
        if not isinstance(platform, CanLookBack):
            return 0
        now = self._clock.now()
        recent = await self._store.recent_replies(now - self._span)
        replies = [each for each in recent if each.timestamp <= now and _is_on(platform.name, each.parts)]
        found = 0
        async for message in self._messages(platform, replies, since, now):
            await self._handle(message, platform)
            found += 1
        async for vote in self._differing_votes(platform, self._shown(platform.name, replies)):
            await self._handle(vote, platform)
            found += 1
        return found

    async def _look_until_done(self, platform: ChatPlatform, since: datetime | None) -> None:
        for pause in (*self._pauses, 0.0):
            try:
                found = await self.look_back(platform, since)
            except (PlatformError, DatabaseUnavailableError) as error:
                logger.warning("look_back_failed", extra={"platform": platform.name, "error": str(error)})
                await asyncio.sleep(pause)
            else:
                logger.info("looked_back", extra={"platform": platform.name, "found": found})
                return

    async def _messages(
        self, platform: CanLookBack, replies: list[Message], since: datetime | None, now: datetime
    ) -> AsyncIterator[MessageReceived]:
        seen: set[PlaceRef] = set()
        for reply in replies:
            conversation = await self._store.conversation(reply.conversation_id)
            if conversation is None or conversation.place in seen:
                continue
            seen.add(conversation.place)
            start = await self._asked_at(reply) if since is None else since - _OVERLAP
            start = max(start, now - self._span)
            for message in await _patiently(platform.messages_since, conversation.place, start, _MESSAGES) or ():
                yield message

    async def _asked_at(self, reply: Message) -> datetime:
        question = await self._store.message(reply.question_id) if reply.question_id else None
        return (question or reply).timestamp

    def _shown(self, platform: str, replies: list[Message]) -> list[tuple[str, MessageRef]]:
        """The parts of all replies with the ids of these; those first that are not in the log yet."""
        growing = [(each.id, tuple(each.parts)) for each in self._live.showing() if _is_on(platform, each.parts)]
        known = [(each.id, each.parts) for each in replies]
        return [(reply, part) for reply, parts in (*growing, *known) for part in parts]

    async def _differing_votes(
        self, platform: CanLookBack, shown: list[tuple[str, MessageRef]]
    ) -> AsyncIterator[ReactionAdded | ReactionRemoved]:
        for reply, part in shown if self._votes else ():
            # What is found counts as of now: whatever people do while the platform answers is later, and wins.
            now = self._clock.now()
            seen = await _patiently(platform.reactions_on, part)
            if seen is None:
                continue
            missing, gone = differences(part, seen, await self._store.standing_assessments(reply), asked=now)
            for kind, votes in ((ReactionAdded, missing), (ReactionRemoved, gone)):
                for person, emoji in votes:
                    name = f"found:{part.key}:{person.key}:{emoji}:{now.isoformat()}"
                    yield kind(event_id=name, at=now, message=part, person=person, emoji=emoji, found_later=True)


async def _patiently(ask: Callable[..., Awaitable[Sequence[Item]]], *what: object) -> Sequence[Item] | None:
    """What `ask` answers, however long the platform lets it wait; None where there is nothing to be seen any more."""
    for _ in range(_ATTEMPTS):
        try:
            return await ask(*what)
        except RateLimitedError as error:
            await asyncio.sleep(error.retry_after)
        except MessageGoneError:
            return None
    return await ask(*what)


def _is_on(platform: str, parts: Sequence[MessageRef]) -> bool:
    return bool(parts) and parts[0].platform == platform
