"""What happens when something happens: a question is answered in its conversation, everything else is judged.

`handle` returns when what it was told is durable; the answering goes on in tasks that belong to the assistant and
end with it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self
from weakref import WeakValueDictionary

from core.answering import Answering, Turn
from core.clock import Clock
from core.conversations import RESET, Conversations
from core.errors import PlatformError, RateLimitedError
from core.events import (
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
)
from core.judging import NOTED, Judging
from core.live import LiveReplies
from core.messages import Conversation, Message, MessageRef, Role, stable_ulid
from core.ports import CanReact, ChatPlatform, LanguageModel, Store
from core.prompt import DEFAULT_WINDOW, Window
from core.reconciling import Reconciling
from core.records import AddMessage, EndConversation, Record, UpdateMessage, envelop
from core.tasks import Tasks

logger = logging.getLogger(__name__)

_RESETS: Final = 1_000
_TRIES: Final = 3
_RESET_DONE: Final = "Done: I have forgotten what we said here. Your next message starts a new conversation."
_NOTHING_TO_RESET: Final = "There is no conversation going on here. Mention me with a question to start one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the operator chose of the assistant's behaviour."""

    system_prompt: str = ""
    window: Window = DEFAULT_WINDOW
    environment: str = "dev"
    keep_feedback: bool = True
    grace_seconds: float = 10.0
    reply_characters: int = 100_000
    folds_thinking: bool = False
    reserve: int = 1
    """Calls per window and rate bucket that are kept back for final texts."""
    idle: timedelta = timedelta(hours=12)


class Assistant:
    """Hears what people do on any platform, answers them, and keeps what they think of the answers.

    An async context manager. Leaving it lets the replies in flight finish for the grace period; the rest are cut off,
    said to be so, and recorded.
    """

    def __init__(self, *, store: Store, model: LanguageModel, clock: Clock, options: Options) -> None:
        self._store = store
        self._options = options
        self._clock = clock
        self._live = LiveReplies()
        self._judging = Judging(store, self._live, options.environment)
        self._conversations = Conversations(store, self._live, model, options.environment)
        self._reconciling = Reconciling(
            store=store, live=self._live, clock=clock, handle=self.handle, votes=options.keep_feedback
        )
        self._answering = Answering(
            store=store,
            model=model,
            clock=clock,
            live=self._live,
            system_prompt=options.system_prompt,
            window=options.window,
            reply_characters=options.reply_characters,
            folds_thinking=options.folds_thinking,
            reserve=options.reserve,
            environment=options.environment,
        )
        self._turns: dict[str, deque[Turn]] = {}
        # A mention reaches us as two events; the log tells them apart for questions, this for resets.
        self._resets: deque[MessageRef] = deque(maxlen=_RESETS)
        self._tasks = Tasks()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        """Nothing to wait for: it is ready."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait out the grace period, then cut off what is left and record it."""
        await self._reconciling.stop()
        await self._tasks.wait(self._options.grace_seconds)
        self._answering.stop()
        await self._tasks.wait()

    async def handle(self, event: Event, platform: ChatPlatform) -> None:
        """Take note of what a person did. Returns when it is durable; told twice, it counts once.

        Raises:
            DatabaseUnavailableError: nothing was kept; the platform should deliver the event again.
        """
        async with AsyncExitStack() as stack:
            for key in self._behind(event):
                await stack.enter_async_context(self._in_order(key))
            await self._handle(event, platform)

    def _behind(self, event: Event) -> list[str]:
        """What an event waits for, so that an edit does not overtake its message, nor a 👍 taken away the 👍."""
        message = f"{event.message.key} "
        if isinstance(event, ReactionAdded | ReactionRemoved):
            return [message + event.person.key]
        if isinstance(event, ReactionsCleared):
            return sorted({message, *(key for key in self._locks if key.startswith(message))})
        return [message]

    def catch_up(self, platform: ChatPlatform, since: datetime | None = None) -> None:
        """Find out, in the background, what people did on a platform while it was not heard.

        `since`: when it was last heard; None: that is not known, a process before this one heard it.
        """
        self._reconciling.begin(platform, since)

    async def _handle(self, event: Event, platform: ChatPlatform) -> None:
        match event:
            case MessageReceived():
                await self._message_received(event, platform)
            case MessageEdited():
                await self._message_edited(event)
            case MessageDeleted():
                await self._message_deleted(event)
            case _ if not self._options.keep_feedback:
                pass
            case ReactionAdded():
                await self._judging.reaction_added(event)
            case ReactionRemoved():
                await self._judging.reaction_removed(event)
            case ReactionsCleared():
                await self._judging.reactions_cleared(event)

    async def end_idle_conversations(self) -> int:
        """End the conversations in which nobody wrote for the idle time; returns how many."""
        ended = 0
        for conversation in await self._store.idle_conversations(self._clock.now() - self._options.idle):
            async with self._in_order(conversation.place.key):
                if conversation.id not in self._turns:
                    [is_new] = await self._store.append(self._end(conversation, "idle"))
                    ended += is_new
        return ended

    async def _message_received(self, event: MessageReceived, platform: ChatPlatform) -> None:
        if event.author.is_bot or not event.text.strip():
            return
        if not event.addressed:
            if self._options.keep_feedback and await self._judging.comment(event):
                self._tasks.start(self._mark(event.message, platform), f"mark {event.message.key} as noted")
        elif event.text.strip().lower() == RESET:
            await self._reset(event, platform)
        else:
            await self._ask(event, platform)

    async def _ask(self, event: MessageReceived, platform: ChatPlatform) -> None:
        async with self._in_order(event.place.key):
            if await self._store.message_at(event.message) is not None:
                return  # told again: by now it might seem to belong to another conversation
            conversation, records = await self._conversations.of_question(event)
            question = self._question(event, conversation)
            *_, is_new = await self._store.append(*records, self._add(event, question))
            if is_new:
                self._enqueue(Turn(conversation, question, event.message, event.place, platform))

    def _question(self, event: MessageReceived, conversation: Conversation) -> Message:
        return Message(
            id=stable_ulid(event.at, f"message:{event.message.key}"),
            conversation_id=conversation.id,
            role=Role.USER,
            content=event.text.strip(),
            timestamp=event.at,
            author=event.author.ref.key,
            parts=(event.message,),
        )

    def _add(self, event: MessageReceived, question: Message) -> Record:
        payload = AddMessage(
            id=question.id,
            conversation_id=question.conversation_id,
            role=question.role.value,
            content=question.content,
            timestamp=event.at.isoformat(),
            author=question.author,
            parts=[event.message.key],
        )
        return envelop(
            payload,
            environment=self._options.environment,
            at=event.at,
            where=event.message,
            key=f"{event.message.key}:add",
            conversation_id=question.conversation_id,
            message_id=question.id,
            subject=question.author,
        )

    async def _reset(self, event: MessageReceived, platform: ChatPlatform) -> None:
        async with self._in_order(event.place.key):
            if event.message in self._resets:
                return
            meant = await self._conversations.to_reset(event)
            answer = _NOTHING_TO_RESET
            if meant is not None and meant.ended_at is None and meant.started_at <= event.at:
                await self._store.append(self._end(meant, RESET))
                answer = _RESET_DONE
            elif event.found_later:
                return  # it was heard already, or there is nothing left to reset
            # Only now: told again after a database that was away, it must be heard.
            self._resets.append(event.message)
            self._tasks.start(self._say(event, platform, answer), f"confirm the reset in {event.message.key}")

    async def _say(self, event: MessageReceived, platform: ChatPlatform, text: str) -> None:
        try:
            await self._answering.say(event, platform, text)
        except PlatformError as error:
            logger.warning("post_failed", extra={"error": str(error)})

    async def _mark(self, comment: MessageRef, platform: ChatPlatform) -> None:
        """Show that a comment was kept. It is, even where that cannot be shown."""
        if not isinstance(platform, CanReact):
            return
        for _ in range(_TRIES):
            try:
                await platform.react(comment, NOTED)
            except RateLimitedError as error:
                await asyncio.sleep(error.retry_after)
            except PlatformError as error:
                logger.info("comment_not_marked", extra={"error": str(error)})
                return
            else:
                return

    def _end(self, conversation: Conversation, reason: str) -> Record:
        return envelop(
            EndConversation(id=conversation.id, reason=reason),
            environment=self._options.environment,
            at=self._clock.now(),
            where=conversation.place,
            key=f"{conversation.id}:end",
            conversation_id=conversation.id,
        )

    async def _message_edited(self, event: MessageEdited) -> None:
        message = await self._store.message_at(event.message)
        if message is None:
            await self._judging.comment_edited(event)
        elif message.role is Role.USER and event.text.strip() not in ("", message.content):
            await self._store.append(self._update(event, message, content=event.text.strip()))

    async def _message_deleted(self, event: MessageDeleted) -> None:
        message = await self._store.message_at(event.message)
        if message is None:
            await self._judging.comment_deleted(event)
        else:
            await self._store.append(self._update(event, message, deleted=True))

    def _update(
        self,
        event: MessageEdited | MessageDeleted,
        message: Message,
        *,
        content: str | None = None,
        deleted: bool = False,
    ) -> Record:
        return envelop(
            UpdateMessage(id=message.id, conversation_id=message.conversation_id, content=content, deleted=deleted),
            environment=self._options.environment,
            at=event.at,
            where=event.message,
            key=f"{event.message.platform}:{event.event_id}:update",
            conversation_id=message.conversation_id,
            message_id=message.id,
            subject=message.author or None,
        )

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
                await self._answering.answer(turns.popleft())
        finally:
            del self._turns[conversation_id]

    @asynccontextmanager
    async def _in_order(self, key: str) -> AsyncIterator[None]:
        """One at a time for all that shares `key`, first come, first served."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            yield
