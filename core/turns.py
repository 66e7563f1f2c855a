"""Questions, in order: kept in the log, answered one after the other in each conversation, answered again, reset.

Whoever has the lease of a conversation answers in it. A turn waits in the database until its answer is in the log, so
that another process, or the next start, takes it up when the one that was at it has died.
"""

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
from core.attachments import reworded, says
from core.clock import Clock
from core.conversations import RESET, Continued, Conversations
from core.errors import DatabaseUnavailableError
from core.events import MessageReceived
from core.judging.replies import JudgedReply
from core.leftovers import Leftovers, Platforms
from core.messages import Message, MessageRef, PersonRef, PlaceRef, Role
from core.others import Others
from core.ports import CONVERSATION_LEASE, ChatPlatform, Leases, PendingTurn, Store, conversation_lease
from core.said import Said, question_of
from core.tasks import Tasks, cancelled
from core.words import NOTHING_TO_RESET, NOTHING_TO_RETRY, RESET_DONE, RETRYING, TOO_MANY_RETRIES

logger = logging.getLogger(__name__)

OnAnswered = Callable[[Turn, Answered], Awaitable[None]]

_ANSWERS: Final = 5
"""To one question, at most."""
_HISTORY: Final = 50
_ADOPTING: Final = 1.0
"""Seconds for which one look for what was left waits until all of it is taken up."""


class Turns:
    """Who is to be answered next, in every conversation."""

    def __init__(
        self,
        *,
        store: Store,
        leases: Leases,
        conversations: Conversations,
        answering: Answering,
        clock: Clock,
        tasks: Tasks,
        said: Said,
        on_answered: OnAnswered,
    ) -> None:
        """`on_answered` hears of every reply that people have before them."""
        self._store = store
        self._leases = leases
        self._conversations = conversations
        self._answering = answering
        self._clock = clock
        self._tasks = tasks
        self._said = said
        self._on_answered = on_answered
        self._leftovers = Leftovers(store, leases, clock)
        self._others = Others(leases)
        self._turns: dict[str, deque[Turn]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._ours: set[str] = set()
        """The ids of the replies that are waiting or in the making here."""
        self._left: set[str] = set()
        """The ids of the conversations that are left to other processes."""
        self._adopting: set[str] = set()
        """The ids of the conversations that are being taken up."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._stopping = False

    async def stop(self) -> None:
        """Take up nothing more of what other processes hear: what waits is theirs, or the next start's."""
        self._stopping = True
        await self._others.leave()

    async def hand_over(self) -> None:
        """Leave what waits, and what the model still writes, to other processes, as far as they can go on with it."""
        for conversation_id, turns in list(self._turns.items()):
            if await self._others.can_take(tuple(turns)):
                self._left.add(conversation_id)
        workers = [self._workers[each] for each in self._left if each in self._turns and self._is_half_said(each)]
        await cancelled(workers)

    @property
    def locks(self) -> WeakValueDictionary[str, asyncio.Lock]:
        """Who waits for what."""
        return self._locks

    @property
    def count(self) -> int:
        """How many replies are in the making or waiting here."""
        return len(self._ours)

    @asynccontextmanager
    async def in_order(self, key: str) -> AsyncIterator[None]:
        """One at a time for all that shares `key`, first come, first served."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            yield

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
                    await self._begin(turn)
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
        waiting = [each for each in self._turns.get(conversation.id, ()) if each.question.id == question.id]
        if sum(each.question_id == question.id for each in history) + len(waiting) >= _ANSWERS:
            return TOO_MANY_RETRIES
        if await self._leases.claim(f"retry:{name}"):
            turn = Turn(conversation, question, question.parts[0], conversation.place, platform)
            await self._begin(replace(turn, retry_of=reply.id, name=name))
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
                if conversation.id not in self._turns:
                    [is_new] = await self._store.append(
                        self._said.end(conversation, at=self._clock.now(), reason="idle")
                    )
                    ended += is_new
        return ended

    async def is_first(self, message: MessageRef, what: str) -> bool:
        """Whether `what` was not done for this message yet, here or elsewhere; from now on it is."""
        return await self._leases.claim(f"{what}:{message.key}")

    async def adopt(self, platforms: Platforms) -> None:
        """Take up the turns that nobody alive is at. `platforms`: where we can answer.

        Where a platform takes its time to tell what shows, that goes on after this has returned.
        """
        if not self._stopping:
            await self._others.tell(platforms)
        left = {each.conversation_id: platforms.get(each.place.platform) for each in await self._leases.orphans()}
        # Side by side: one platform may let us wait before it tells what shows, and readers wait in all.
        adopting = [
            self._tasks.start(self._adopt_left(conversation_id, platform), f"adopt {conversation_id}")
            for conversation_id, platform in left.items()
            if platform is not None and conversation_id not in self._turns and conversation_id not in self._adopting
        ]
        if adopting:
            await asyncio.wait(adopting, timeout=_ADOPTING)
        for turn in await self._leftovers.forgotten(platforms):
            if turn.reply_id not in self._ours:
                logger.info("forgotten_question", extra={"reply": turn.reply_id})
                await self._begin(turn, again=True)

    def lose(self, name: str) -> None:
        """Somebody else may have this lease by now: nothing more of what it stands for is done here."""
        if worker := self._workers.get(name.removeprefix(CONVERSATION_LEASE)):
            logger.warning("lease_lost", extra={"lease": name})
            worker.cancel()

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
            turn = Turn(conversation, known, event.message, event.place, platform, files=event.files)
            if turn.reply_id not in self._ours:
                await self._begin(turn, again=True)

    async def _reworded(self, event: MessageReceived, known: Message) -> None:
        """A question found later that reads otherwise than the log has it was edited meanwhile."""
        text = event.text.strip()
        if event.found_later and known.role is Role.USER and known.content and text and not says(known.content, text):
            now = self._clock.now()
            name = f"{event.message.key}:found:{now.isoformat()}"
            content = reworded(known.content, text)
            await self._store.append(self._said.update(known, event.message, at=now, name=name, content=content))

    async def _begin(self, turn: Turn, *, again: bool = False) -> None:
        """Let a turn wait; answer it here, unless another process is at its conversation and will.

        `again`: a process that has died may have begun it.
        """
        self._ours.add(turn.reply_id)
        is_kept = is_taken = False
        try:
            if await self._is_here(turn.conversation.id):
                # Another process may have heard it, too, and have answered before we came to be at the conversation.
                is_kept = await self._store.message(turn.reply_id) is not None
                is_taken = not is_kept and await self._comes_next(turn, again=again)
        finally:
            if not is_taken:
                self._ours.discard(turn.reply_id)
                await self._leave(turn.conversation.id)
        if not is_kept:
            await self._leases.begin(turn.pending)

    async def _comes_next(self, turn: Turn, *, again: bool) -> bool:
        """Put a turn behind those that are there; False where this process is no longer at its conversation."""
        if turn.conversation.id not in self._turns:
            # What a process that has died left there comes first.
            await self._adopt_all(turn.conversation.id, turn.platform, was_left=True)
        if again:
            is_first = turn.conversation.id not in self._turns
            waiting = await self._leases.waiting(turn.conversation.id)
            noted = next((each.parts for each in waiting if each.reply_id == turn.reply_id), ())
            begun = await self._leftovers.begun(turn, noted, is_first=is_first)
            turn = replace(turn, begun=begun, was_left=turn.was_left or bool(begun))
        is_here = await self._is_here(turn.conversation.id)
        if is_here:
            self._enqueue(turn)
        return is_here

    async def _is_here(self, conversation_id: str) -> bool:
        """Whether this process is at a conversation, or may be from now on."""
        return conversation_id in self._turns or await self._leases.take(conversation_lease(conversation_id))

    async def _leave(self, conversation_id: str) -> None:
        """Where nothing is to be done in a conversation, let others be at it."""
        if conversation_id not in self._turns:
            await self._give_back(conversation_id)

    async def _adopt_left(self, conversation_id: str, platform: ChatPlatform) -> None:
        """Take up what a process that has died left in a conversation, unless another is faster."""
        self._adopting.add(conversation_id)
        try:
            if not self._stopping and await self._leases.take(conversation_lease(conversation_id)):
                await self._adopt_all(conversation_id, platform, was_left=True)
        except DatabaseUnavailableError as error:
            logger.warning("turns_not_adopted", extra={"error": str(error)})
        finally:
            self._adopting.discard(conversation_id)
            await self._leave(conversation_id)

    async def _adopt_all(self, conversation_id: str, platform: ChatPlatform, *, was_left: bool) -> int:
        """Take up what waits in a conversation that this process is at; returns how much that is."""
        waiting = await self._leases.waiting(conversation_id)
        return sum([await self._adopt(each, platform, was_left=was_left) for each in waiting])

    async def _adopt(self, waiting: PendingTurn, platform: ChatPlatform, *, was_left: bool) -> bool:
        """Go on with a turn that a process left; False where there is nothing to be done."""
        if waiting.reply_id in self._ours:
            return False
        self._ours.add(waiting.reply_id)
        is_taken = False
        try:
            is_first = waiting.conversation_id not in self._turns
            turn = await self._leftovers.turn(waiting, platform, is_first=is_first)
            if turn is None:
                await self._leases.end(waiting.reply_id)
            elif await self._is_here(turn.conversation.id):
                logger.info("turn_adopted", extra={"reply": waiting.reply_id, "parts": len(turn.begun or ())})
                self._enqueue(replace(turn, was_left=was_left))
                is_taken = True
        finally:
            if not is_taken:
                self._ours.discard(waiting.reply_id)
        return is_taken

    def _enqueue(self, turn: Turn) -> None:
        if turn.head_start:
            turn.head_start.is_taken = True
        turns = self._turns.get(turn.conversation.id)
        if turns is not None:
            turns.append(turn)
            return
        turns = self._turns[turn.conversation.id] = deque([turn])
        work = self._take_turns(turn.conversation.id, turns)
        self._workers[turn.conversation.id] = self._tasks.start(work, f"turns of {turn.conversation.id}")

    async def _take_turns(self, conversation_id: str, turns: deque[Turn]) -> None:
        try:
            while turns and conversation_id not in self._left:
                turn = turns[0]
                answered = await self._answer(turn)
                turns.popleft()
                await self._end(turn)
                await self._on_answered(turn, answered)
                if not turns and not self._stopping:
                    await self._what_others_heard(conversation_id, turn.platform)
        finally:
            self._ours -= {each.reply_id for each in turns}
            del self._turns[conversation_id]
            del self._workers[conversation_id]
            await self._give_back(conversation_id)

    def _is_half_said(self, conversation_id: str) -> bool:
        return any(self._answering.is_reading(each.reply_id) for each in self._turns[conversation_id])

    async def _answer(self, turn: Turn) -> Answered:
        try:
            return await self._answering.answer(turn)
        finally:
            if turn.head_start:
                await turn.head_start.give_up()

    async def _what_others_heard(self, conversation_id: str, platform: ChatPlatform) -> None:
        """Another process that hears a question while we are at its conversation leaves it to us."""
        try:
            await self._adopt_all(conversation_id, platform, was_left=False)
        except DatabaseUnavailableError as error:
            logger.warning("waiting_turns_not_seen", extra={"error": str(error)})

    async def _end(self, turn: Turn) -> None:
        self._ours.discard(turn.reply_id)
        try:
            await self._leases.end(turn.reply_id)
        except DatabaseUnavailableError as error:
            logger.warning("turn_not_ended", extra={"reply": turn.reply_id, "error": str(error)})

    async def _give_back(self, conversation_id: str) -> None:
        try:
            await self._leases.give_back(conversation_lease(conversation_id))
        except DatabaseUnavailableError as error:
            logger.warning("lease_not_given_back", extra={"error": str(error)})
