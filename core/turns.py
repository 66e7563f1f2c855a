"""What people want of a conversation, in order: a question answered, answered again, all of it forgotten.

A question is in the log before it is answered; when that is its turn is the business of `turn_queues`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

from core.answering import Answering, Turn
from core.attachments import reworded, says
from core.clock import Clock
from core.conversations import RESET, Continued, Conversations
from core.events import MessageReceived
from core.judging.replies import JudgedReply
from core.messages import Message, MessageRef, PersonRef, PlaceRef, Role
from core.ports import ChatPlatform, Leases, Store
from core.said import Said, question_of
from core.tasks import Locks
from core.turn_queues import TurnQueues
from core.words import NOTHING_TO_RESET, NOTHING_TO_RETRY, RESET_DONE, RETRYING, TOO_MANY_RETRIES

_ANSWERS: Final = 5
"""To one question, at most."""
_HISTORY: Final = 50


class Turns:
    """Questions and wishes, in the order in which they come."""

    def __init__(
        self,
        *,
        store: Store,
        leases: Leases,
        conversations: Conversations,
        answering: Answering,
        queues: TurnQueues,
        clock: Clock,
        said: Said,
    ) -> None:
        self._store = store
        self._leases = leases
        self._conversations = conversations
        self._answering = answering
        self._queues = queues
        self._clock = clock
        self._said = said
        self._locks = Locks()

    @property
    def locks(self) -> Locks:
        """Who waits for what."""
        return self._locks

    def in_order(self, key: str) -> asyncio.Lock:
        """One at a time for all that shares `key`, first come, first served."""
        return self._locks.of(key)

    async def ask(self, event: MessageReceived, platform: ChatPlatform) -> None:
        """Keep a question, and let it be answered."""
        async with self.in_order(event.place.key):
            known, withheld, continued = await self._before(event)
            if known is not None:
                # Told again: by now it might seem to belong to another conversation.
                await self._reworded(event, known)
                await self._ask_again(event, known, platform)
                return
            conversation, records = await self._conversations.of_question(event, continued, withheld=withheld)
            question = question_of(event, conversation)
            turn = Turn(conversation, question, event.message, event.place, platform, withheld, files=event.files)
            turn = replace(turn, is_first=bool(records) and event.parent is None)
            async with self._ahead(turn) as turn:
                *_, is_new = await self._store.append(*records, self._said.add(event, question, withheld=withheld))
                if is_new:
                    await self._queues.begin(turn)
                elif (known := await self._store.message_at(event.message)) is not None:
                    # Another process was faster by so little that it may have died before it took the question up.
                    await self._ask_again(event, known, platform)

    async def retry(self, reply: JudgedReply, person: PersonRef, platform: ChatPlatform, name: str) -> str:
        """Answer the question of `reply` once more, if `person` asked it; returns what to tell them.

        `name` is that of the act: the same name does it once.
        """
        question = await self._store.message(reply.question_id) if reply.question_id else None
        conversation = await self._store.conversation(reply.conversation_id)
        if question is None or conversation is None or question.author != person.key or not question.content:
            return NOTHING_TO_RETRY
        if conversation.end_reason == RESET or question.deleted:
            return NOTHING_TO_RETRY
        history = await self._store.history(conversation.id, limit=_HISTORY)
        waiting = [each for each in self._queues.waiting(conversation.id) if each.question.id == question.id]
        if sum(each.question_id == question.id for each in history) + len(waiting) >= _ANSWERS:
            return TOO_MANY_RETRIES
        if await self._leases.claim(f"retry:{name}"):
            turn = Turn(conversation, question, question.parts[0], conversation.place, platform)
            await self._queues.begin(replace(turn, retry_of=reply.id, name=name))
        return RETRYING

    async def reset(self, event: MessageReceived) -> str | None:
        """End the conversation that someone means; returns what to tell them, None where they were told."""
        async with self.in_order(event.place.key):
            is_first = await self._leases.claim(f"reset:{event.message.key}")
            meant = await self._conversations.to_reset(event)
            if meant is not None and meant.ended_at is None and meant.started_at <= event.at:
                # Told again after a database that was away, it must be heard, claimed or not.
                [is_new] = await self._store.append(self._said.end(meant, at=self._clock.now(), reason=RESET))
                return RESET_DONE if is_new else None
            # What was found later was heard already, or there is nothing left to reset.
            return NOTHING_TO_RESET if is_first and not event.found_later else None

    async def end_in(self, place: PlaceRef) -> bool:
        """End the conversation of a lasting place; False where none goes on there."""
        async with self.in_order(place.key):
            conversation = await self._store.latest_conversation(place)
            if conversation is None or conversation.ended_at is not None:
                return False
            await self._store.append(self._said.end(conversation, at=self._clock.now(), reason=RESET))
            return True

    async def end_idle(self, before: datetime) -> int:
        """End the conversations in which nobody wrote since `before`; returns how many."""
        ended = 0
        for conversation in await self._store.idle_conversations(before):
            async with self.in_order(conversation.place.key):
                if not self._queues.waiting(conversation.id):
                    [is_new] = await self._store.append(
                        self._said.end(conversation, at=self._clock.now(), reason="idle")
                    )
                    ended += is_new
        return ended

    async def is_first(self, message: MessageRef, what: str) -> bool:
        """Whether `what` was not done for this message yet, here or elsewhere; from now on it is."""
        return await self._leases.claim(f"{what}:{message.key}")

    async def _before(self, event: MessageReceived) -> tuple[Message | None, bool, Continued]:
        """What a question is known as already, whether its words must not be kept, and what it goes on with."""
        opted_out = self._store.opted_out(event.author.ref.key)
        if event.in_new_place:
            return None, await opted_out, (None, None)
        known = self._store.message_at(event.message)
        return await asyncio.gather(known, opted_out, self._conversations.continued(event))

    @asynccontextmanager
    async def _ahead(self, turn: Turn) -> AsyncIterator[Turn]:
        """`turn`, its model asked already: nothing of the answer shows before the turn is taken up, if ever."""
        ahead = await self._answering.head_start(turn)
        try:
            yield replace(turn, head_start=ahead)
        finally:
            if ahead and not ahead.is_taken:
                await ahead.give_up()

    async def _ask_again(self, event: MessageReceived, known: Message, platform: ChatPlatform) -> None:
        """A question that is in the log and was never taken up is taken up now."""
        history = await self._store.history(known.conversation_id, limit=_HISTORY)
        is_recent = any(each.id == known.id for each in history)
        if known.role is not Role.USER or not is_recent or any(each.question_id == known.id for each in history):
            return
        conversation = await self._store.conversation(known.conversation_id)
        if conversation is not None and conversation.ended_at is None:
            turn = Turn(conversation, known, event.message, event.place, platform)
            await self._queues.begin_again(turn)

    async def _reworded(self, event: MessageReceived, known: Message) -> None:
        """A question found later that reads otherwise than the log has it was edited meanwhile."""
        text = event.text.strip()
        if event.found_later and known.role is Role.USER and known.content and text and not says(known.content, text):
            now = self._clock.now()
            name = f"{event.message.key}:found:{now.isoformat()}"
            content = reworded(known.content, text)
            await self._store.append(self._said.update(known, event.message, at=now, name=name, content=content))
