"""What a process that has died left behind: turns that wait, half an answer, questions that were never taken up.

It finds them and lets them wait; who takes them up, and when, is `turn_queues`'.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias, TypeVar

from core.answering import Answering, Turn
from core.clock import Clock
from core.errors import PlatformError, RateLimitedError
from core.messages import Message, MessageRef
from core.ports import CanFindOwn, ChatPlatform, Leases, Own, PendingTurn, Store

logger = logging.getLogger(__name__)

Found = TypeVar("Found")
Platforms: TypeAlias = Mapping[str, ChatPlatform]
"""Where we can answer, by name."""

_LONG_AGO: Final = timedelta(days=1)
"""At the start, questions that are older are not answered any more."""
_JUST_NOW: Final = timedelta(seconds=5)
"""Questions that are newer may be about to be taken up by whoever heard them."""
_JUST_BEFORE: Final = timedelta(seconds=30)
"""Questions that are older were taken up by whoever looked meanwhile."""
_OVERLAP: Final = timedelta(seconds=30)
"""The platform's clock may be behind ours."""
_TRIES: Final = 10
"""Of a look at what shows, where the platform asks for a pause: without it, what shows would be posted again."""


class Leftovers:
    """Makes turns of what is left."""

    def __init__(self, store: Store, leases: Leases, clock: Clock) -> None:
        self._store = store
        self._leases = leases
        self._clock = clock
        self._looked_until: datetime | None = None

    async def turn(self, waiting: PendingTurn, platform: ChatPlatform, *, is_first: bool) -> Turn | None:
        """A turn that waits, as it is to go on; None where it is over, or nobody wants it any more.

        `is_first`: no other in its conversation is to go on before it.
        """
        question = await self._store.message(waiting.question_id)
        conversation = await self._store.conversation(waiting.conversation_id)
        if question is None or conversation is None or not question.parts:
            return None
        if await self._store.message(waiting.reply_id) is not None:
            return None
        turn = Turn(conversation, question, question.parts[0], waiting.place, platform, not question.content)
        turn = replace(turn, retry_of=waiting.retry_of, name=waiting.name)
        begun = await self._begun(turn, waiting.parts, is_first=is_first)
        if begun != waiting.parts:
            # Whoever goes on after us need not find it again: by then it may be anybody's.
            await self._leases.shows(waiting.reply_id, begun)
        return None if question.deleted and not begun else replace(turn, begun=begun)

    async def let_forgotten_wait(self, platforms: Platforms) -> None:
        """Let the questions wait that were kept and do not: their process died in between."""
        before = self._clock.now() - _JUST_NOW
        # Where the clock was set back, how far was looked is not to be believed.
        since = min(self._looked_until, before - _OVERLAP) if self._looked_until else before - _LONG_AGO
        for question in await self._store.unanswered(since, before):
            waiting = await self._leases.waiting(question.conversation_id)
            if all(each.question_id != question.id for each in waiting):
                for each in await self._as_pending([question], platforms):
                    logger.info("forgotten_question", extra={"reply": each.reply_id})
                    await self._leases.begin(each)
        self._looked_until = before - _OVERLAP

    async def overlooked(self, conversation_id: str, platform: ChatPlatform, before: Turn | None) -> list[PendingTurn]:
        """The questions of a conversation without an answer, asked in the half minute before a turn, or until now.

        Not those whose words are not kept: whoever heard one may be about to let it wait, and alone can answer it.
        """
        if before and before.is_first:
            return []
        until = before.question.timestamp if before else self._clock.now()
        questions = await self._store.unanswered(until - _JUST_BEFORE, until)
        ours = [each for each in questions if each.conversation_id == conversation_id and each.content]
        return await self._as_pending(ours, {platform.name: platform})

    async def _as_pending(self, questions: Iterable[Message], platforms: Platforms) -> list[PendingTurn]:
        """How these questions wait, where we can answer them."""
        found = []
        for question in questions:
            conversation = await self._store.conversation(question.conversation_id)
            platform = platforms.get(conversation.place.platform) if conversation is not None else None
            if conversation is not None and platform is not None and question.parts:
                turn = Turn(conversation, question, question.parts[0], conversation.place, platform)
                found.append(turn.pending)
        return found

    async def _begun(self, turn: Turn, noted: Sequence[MessageRef], *, is_first: bool) -> tuple[MessageRef, ...]:
        """What shows of an answer: what was noted, and what was posted too late to be."""
        platform = turn.platform
        if not isinstance(platform, CanFindOwn):
            return tuple(noted)
        nonce, found = Answering.nonce(turn.reply_id), list(noted)
        try:
            for own in await _patiently(lambda: platform.own_since(turn.place, turn.asked_in)):
                # What has no name can only be of the first answer that is not in the log: the others were not begun.
                is_ours = (
                    own.nonce.startswith(nonce) if own.nonce else is_first and await self._is_unknown(own, turn, found)
                )
                if own.message not in found and is_ours:
                    found.append(own.message)
        except PlatformError as error:
            logger.info("own_messages_not_found", extra={"error": str(error)})
        return tuple(sorted(found, key=_by_age))

    async def _is_unknown(self, own: Own, turn: Turn, before: Sequence[MessageRef]) -> bool:
        """A message of ours is neither in the log nor noted for an answer, and can be no other's; `before`: its parts.

        What refers to no question may be of any that waits in the same place, and shows already if it only follows. It
        is left to the one that posts it once more: by its nonce the platform will know it.
        """
        message, turns = own.message, await self._leases.showing(own.message.channel)
        if any(message in each.parts for each in turns) or (own.follows and not _is_older(before, message)):
            return False
        others = [
            each
            for each in turns
            if each.place == turn.place
            and each.conversation_id != turn.conversation.id
            and (not own.follows or _is_older(each.parts, message))
        ]
        return (own.answers or not others) and await self._store.message_at(message) is None


def _by_age(message: MessageRef) -> tuple[int, str]:
    """What the messages of one channel are sorted by."""
    return len(message.id), message.id


def _is_older(messages: Iterable[MessageRef], than: MessageRef) -> bool:
    """Whether one of these is."""
    return any(_by_age(each) < _by_age(than) for each in messages)


async def _patiently(look: Callable[[], Awaitable[Found]]) -> Found:
    """What `look` finds. Raises what it raises, RateLimitedError only after many in a row."""
    for _ in range(_TRIES - 1):
        try:
            return await look()
        except RateLimitedError as error:
            await asyncio.sleep(error.retry_after)
    return await look()
