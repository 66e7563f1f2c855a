"""The turns that wait here, conversation by conversation, and who works them off.

Whoever has the lease of a conversation answers in it. A turn waits in the database until its answer is in the log, so
that another process, or the next start, takes it up when the one that was at it has died or was stopped.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from core.answering import Answered, Answering, Turn
from core.clock import Clock
from core.errors import DatabaseUnavailableError
from core.leftovers import Leftovers, Platforms
from core.others import Others
from core.ports import CONVERSATION_LEASE, ChatPlatform, Leases, PendingTurn, Store, conversation_lease
from core.tasks import Locks, Tasks, cancelled

logger = logging.getLogger(__name__)

OnAnswered = Callable[[Turn, Answered], Awaitable[None]]

_ADOPTING: Final = 1.0
"""Seconds for which one look for what was left waits until all of it is taken up."""


class TurnQueues:
    """Who is to be answered next, in every conversation that this process is at."""

    def __init__(
        self,
        *,
        store: Store,
        leases: Leases,
        answering: Answering,
        clock: Clock,
        tasks: Tasks,
        on_answered: OnAnswered,
    ) -> None:
        """`on_answered` hears of every reply that people have before them."""
        self._store = store
        self._leases = leases
        self._answering = answering
        self._tasks = tasks
        self._on_answered = on_answered
        self._leftovers = Leftovers(store, leases, clock)
        self._others = Others(leases)
        self._turns: dict[str, deque[Turn]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._ours: set[str] = set()
        """The ids of the replies that are waiting or in the making here."""
        self._left: set[str] = set()
        """The ids of the conversations that are left to other processes."""
        self._adoptions = Locks()
        """Who is taking up what waits in a conversation, by its id."""
        self._stopping = False

    @property
    def count(self) -> int:
        """How many replies are in the making or waiting here."""
        return len(self._ours)

    def waiting(self, conversation_id: str) -> tuple[Turn, ...]:
        """The turns of a conversation that wait here, the one that is answered first."""
        return tuple(self._turns.get(conversation_id, ()))

    async def begin(self, turn: Turn) -> None:
        """Let a turn wait; answer it here, unless another process is at its conversation and will."""
        if turn.reply_id in self._ours:
            return
        self._ours.add(turn.reply_id)
        is_kept = is_taken = False
        try:
            if await self._is_here(turn.conversation.id):
                # Another process may have heard it, too, and have answered before we came to be at the conversation.
                is_kept = await self._store.message(turn.reply_id) is not None
                is_taken = not is_kept and await self._comes_next(turn)
        finally:
            if not is_taken:
                self._ours.discard(turn.reply_id)
                await self._leave(turn.conversation.id)
        if not is_kept:
            await self._leases.begin(turn.pending)

    async def begin_again(self, turn: Turn) -> None:
        """Let a turn wait that a process which has died may have begun, and take it up if nobody is at it."""
        if turn.reply_id not in self._ours:
            await self._leases.begin(turn.pending)
            await self._adopt_left(turn.conversation.id, turn.platform)

    async def adopt(self, platforms: Platforms) -> None:
        """Take up the turns that nobody alive is at. `platforms`: where we can answer.

        Where a platform takes its time to tell what shows, that goes on after this has returned.
        """
        if not self._stopping:
            await self._others.tell(platforms)
        await self._leftovers.let_forgotten_wait(platforms)
        left = {each.conversation_id: platforms.get(each.place.platform) for each in await self._leases.orphans()}
        under_way = set(self._adoptions)
        # Side by side: one platform may let us wait before it tells what shows, and readers wait in all.
        adopting = [
            self._tasks.start(self._adopt_left(conversation_id, platform), f"adopt {conversation_id}")
            for conversation_id, platform in left.items()
            if platform is not None and conversation_id not in self._turns and conversation_id not in under_way
        ]
        if adopting:
            await asyncio.wait(adopting, timeout=_ADOPTING)

    def lose(self, name: str) -> None:
        """Somebody else may have this lease by now: nothing more of what it stands for is done here."""
        if worker := self._workers.get(name.removeprefix(CONVERSATION_LEASE)):
            logger.warning("lease_lost", extra={"lease": name})
            worker.cancel()

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

    async def _comes_next(self, turn: Turn) -> bool:
        """Put a turn in its place; False where this process is no longer at its conversation."""
        # What others heard before, or a process that has died left there, comes first.
        conversation_id, was_left = turn.conversation.id, turn.conversation.id not in self._turns
        later = await self._adopt_all(conversation_id, turn.platform, was_left=was_left, before=turn)
        if not await self._is_here(conversation_id):
            return False
        self._enqueue(turn)
        if later:
            self._tasks.start(self._adopt_left(conversation_id, turn.platform), f"adopt {conversation_id}")
        return True

    async def _is_here(self, conversation_id: str) -> bool:
        """Whether this process is at a conversation, or may be from now on."""
        return conversation_id in self._turns or await self._leases.take(conversation_lease(conversation_id))

    async def _leave(self, conversation_id: str) -> None:
        """Where nothing is to be done in a conversation, let others be at it."""
        if conversation_id not in self._turns:
            await self._give_back(conversation_id)

    async def _adopt_left(self, conversation_id: str, platform: ChatPlatform) -> None:
        """Take up what a process that has died left in a conversation, unless another is faster."""
        try:
            if not self._stopping and await self._leases.take(conversation_lease(conversation_id)):
                await self._adopt_all(conversation_id, platform, was_left=True)
        except DatabaseUnavailableError as error:
            logger.warning("turns_not_adopted", extra={"error": str(error)})
        finally:
            await self._leave(conversation_id)

    async def _adopt_all(
        self, conversation_id: str, platform: ChatPlatform, *, was_left: bool, before: Turn | None = None
    ) -> bool:
        """Take up what waits in a conversation that this process is at; whether there is more, asked after `before`.

        One after another: until a platform has told what shows of a question's answer, none comes behind it.
        """
        async with self._adoptions.of(conversation_id):
            for each in await self._left_in(conversation_id, platform, before):
                if each.reply_id in self._ours:
                    continue
                if before and each.order > before.pending.order:
                    return True
                await self._adopt(each, platform, was_left=was_left)
        return False

    async def _left_in(self, conversation_id: str, platform: ChatPlatform, before: Turn | None) -> list[PendingTurn]:
        """What waits in a conversation, in its order; what is not ours, and should wait, does from now on."""
        overlooked, waiting = await asyncio.gather(
            self._leftovers.overlooked(conversation_id, platform, before), self._leases.waiting(conversation_id)
        )
        known = self._ours.union(each.reply_id for each in waiting)
        for each in overlooked:
            if each.reply_id not in known and await self._leases.begin(each):
                waiting.append(each)
        return sorted(waiting, key=lambda each: each.order)

    async def _adopt(self, waiting: PendingTurn, platform: ChatPlatform, *, was_left: bool) -> None:
        """Go on with a turn that a process left, unless nothing is to be done any more."""
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

    def _enqueue(self, turn: Turn) -> None:
        if turn.head_start:
            turn.head_start.is_taken = True
        turns = self._turns.get(turn.conversation.id)
        if turns is not None:
            # The first one is being answered.
            order, asked = turn.pending.order, enumerate(turns)
            later = (i for i, each in asked if i and each.pending.order > order)
            turns.insert(next(later, len(turns)), turn)
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
