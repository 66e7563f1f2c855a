"""Questions, in order: kept in the log, answered one after the other in each conversation, answered again, reset."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final
from weakref import WeakValueDictionary

from core.answering import Answered, Answering, Turn
from core.clock import Clock
from core.conversations import RESET, Conversations
from core.events import MessageReceived
from core.messages import Message, MessageRef, PersonRef, PlaceRef, Role
from core.ports import ChatPlatform, Store
from core.replies import JudgedReply
from core.said import Said, question_of
from core.tasks import Tasks
from core.words import NOTHING_TO_RESET, NOTHING_TO_RETRY, RESET_DONE, RETRYING, TOO_MANY_RETRIES

logger = logging.getLogger(__name__)

OnAnswered = Callable[[Turn, Answered], Awaitable[None]]

_REMEMBERED: Final = 1_000
_ANSWERS: Final = 5
"""To one question, at most."""
_HISTORY: Final = 50


class Turns:
    """Who is to be answered next, in every conversation."""

    def __init__(
        self,
        *,
        store: Store,
        conversations: Conversations,
        answering: Answering,
        clock: Clock,
        tasks: Tasks,
        said: Said,
        on_answered: OnAnswered,
    ) -> None:
        """`on_answered` hears of every reply that people have before them."""
        self._store = store
        self._conversations = conversations
        self._answering = answering
        self._clock = clock
        self._tasks = tasks
        self._said = said
        self._on_answered = on_answered
        self._turns: dict[str, deque[Turn]] = {}
        # A mention reaches us as two events; the log tells them apart for questions, this for what else was said.
        self._done: deque[str] = deque(maxlen=_REMEMBERED)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def locks(self) -> WeakValueDictionary[str, asyncio.Lock]:
        """Who waits for what."""
        return self._locks

    @asynccontextmanager
    async def in_order(self, key: str) -> AsyncIterator[None]:
        """One at a time for all that shares `key`, first come, first served."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            yield

    async def ask(self, event: MessageReceived, platform: ChatPlatform) -> None:
        """Keep a question, and let it be answered."""
        async with self.in_order(event.place.key):
            if (known := await self._store.message_at(event.message)) is not None:
                # Told again: by now it might seem to belong to another conversation.
                await self._reworded(event, known)
                return
            withheld = await self._store.opted_out(event.author.ref.key)
            conversation, records = await self._conversations.of_question(event, withheld=withheld)
            question = question_of(event, conversation)
            *_, is_new = await self._store.append(*records, self._said.add(event, question, withheld=withheld))
            if is_new:
                self._enqueue(Turn(conversation, question, event.message, event.place, platform, withheld))

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
        waiting = [each for each in self._turns.get(conversation.id, ()) if each.question.id == question.id]
        if sum(each.question_id == question.id for each in history) + len(waiting) >= _ANSWERS:
            return TOO_MANY_RETRIES
        if not self._is_first(f"retry:{name}"):
            return RETRYING
        turn = Turn(conversation, question, question.parts[0], conversation.place, platform)
        self._enqueue(replace(turn, retry_of=reply.id, name=name))
        return RETRYING

    async def reset(self, event: MessageReceived) -> str | None:
        """End the conversation that someone means; returns what to tell them, None where they were told."""
        async with self.in_order(event.place.key):
            if f"reset:{event.message.key}" in self._done:
                return None
            meant = await self._conversations.to_reset(event)
            answer = NOTHING_TO_RESET
            if meant is not None and meant.ended_at is None and meant.started_at <= event.at:
                await self._store.append(self._said.end(meant, at=self._clock.now(), reason=RESET))
                answer = RESET_DONE
            elif event.found_later:
                return None  # it was heard already, or there is nothing left to reset
            # Only now: told again after a database that was away, it must be heard.
            self._done.append(f"reset:{event.message.key}")
            return answer

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
                if conversation.id not in self._turns:
                    [is_new] = await self._store.append(
                        self._said.end(conversation, at=self._clock.now(), reason="idle")
                    )
                    ended += is_new
        return ended

    def is_first(self, message: MessageRef, what: str) -> bool:
        """Whether `what` was not done for this message yet; from now on it is."""
        return self._is_first(f"{what}:{message.key}")

    def _is_first(self, name: str) -> bool:
        if name in self._done:
            return False
        self._done.append(name)
        return True

    async def _reworded(self, event: MessageReceived, known: Message) -> None:
        """A question found later that reads otherwise than the log has it was edited meanwhile."""
        text = event.text.strip()
        if event.found_later and known.role is Role.USER and known.content and text not in ("", known.content):
            now = self._clock.now()
            name = f"{event.message.key}:found:{now.isoformat()}"
            await self._store.append(self._said.update(known, event.message, at=now, name=name, content=text))

    def _enqueue(self, turn: Turn) -> None:
        turns = self._turns.get(turn.conversation.id)
        if turns is not None:
            turns.append(turn)
            return
        turns = self._turns[turn.conversation.id] = deque([turn])
        self._tasks.start(self._take_turns(turn.conversation.id, turns), f"turns of {turn.conversation.id}")

    async def _take_turns(self, conversation_id: str, turns: deque[Turn]) -> None:
        try:
            while turns:
                turn = turns.popleft()
                answered = await self._answering.answer(turn)
                await self._on_answered(turn, answered)
        finally:
            del self._turns[conversation_id]
