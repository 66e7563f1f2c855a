"""What happens when something happens: a question is answered in its conversation, everything else is judged.

`handle` returns when what it was told is durable; the answering goes on in tasks that belong to the assistant and
end with it.
"""

import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from core.answering import Answered, Answering, Turn
from core.asking import Asking
from core.clock import Clock
from core.commands import Commands, Log, read_command
from core.commenting import CORRECTED, NOTED, Commenting
from core.company import Company
from core.conversations import Conversations
from core.errors import PlatformError
from core.events import (
    ButtonPressed,
    CommandGiven,
    Event,
    FormSubmitted,
    HomeOpened,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
)
from core.feedback import EXPECTED_RESPONSE, Meaning, canonical_emoji, read_correction
from core.interactions import Interactions
from core.judging import Judging
from core.live import LiveReplies
from core.messages import MessageRef, Person, Role
from core.offering import Offering, mark
from core.opinions import Opinions
from core.policy import OnePolicy, Policies, ThreadPolicy
from core.ports import ChatPlatform, LanguageModel
from core.prompt import DEFAULT_WINDOW, Window
from core.reconciling import Reconciling
from core.replies import JudgedReply, Replies
from core.said import Said
from core.tasks import Tasks
from core.turns import Turns
from core.words import NOTHING_TO_RETRY, RETRYING, USE_THE_COMMAND

logger = logging.getLogger(__name__)

RETRY: Final = "🔁"
"""On a reply: its asker wants another one."""
CORRECT: Final = "✏"
"""On a reply: someone wants to say what it should have been."""
MEANT_AS_QUESTION: Final = "💬"
"""On one's own comment: it was a question."""
TAKE_BACK: Final = "❌"
"""On one's own comment or correction: it is not to count."""


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

    def __init__(
        self,
        *,
        store: Log,
        model: LanguageModel,
        clock: Clock,
        options: Options,
        policies: Policies | None = None,
    ) -> None:
        """`policies`: how feedback is taken where; the usual ways everywhere, if None."""
        policies = policies or OnePolicy()
        said, opinions = Said(options.environment), Opinions(options.environment)
        self._store = store
        self._options = options
        self._clock = clock
        self._policies = policies
        self._said = said
        self._tasks = Tasks()
        self._company = Company()
        live = LiveReplies()
        self._replies = Replies(store, live)
        self._judging = Judging(store, opinions, policies)
        self._commenting = Commenting(store, self._replies, opinions, self._judging, clock)
        self._commands = Commands(store, clock, options.environment)
        self._answering = Answering(
            store=store,
            model=model,
            clock=clock,
            live=live,
            system_prompt=options.system_prompt,
            window=options.window,
            reply_characters=options.reply_characters,
            folds_thinking=options.folds_thinking,
            reserve=options.reserve,
            environment=options.environment,
        )
        self._offering = Offering(policies, self._answering.gates)
        self._turns = Turns(
            store=store,
            conversations=Conversations(store, live, model, options.environment),
            answering=self._answering,
            clock=clock,
            tasks=self._tasks,
            said=said,
            on_answered=self._answered,
        )
        self._interactions = Interactions(
            store=store,
            replies=self._replies,
            judging=self._judging,
            asking=Asking(store, opinions),
            commands=self._commands,
            turns=self._turns,
            policies=policies,
            clock=clock,
        )
        self._reconciling = Reconciling(
            store=store, live=live, clock=clock, handle=self.handle, votes=options.keep_feedback
        )

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
                await stack.enter_async_context(self._turns.in_order(key))
            await self._handle(event, platform)

    def _behind(self, event: Event) -> list[str]:
        """What an event waits for, so that an edit does not overtake its message, nor a 👍 taken away the 👍."""
        match event:
            case ReactionAdded() | ReactionRemoved():
                return [f"{event.message.key} {event.person.key}"]
            case ReactionsCleared():
                message = f"{event.message.key} "
                return sorted({message, *(key for key in self._turns.locks if key.startswith(message))})
            case ButtonPressed() | FormSubmitted() | CommandGiven() | HomeOpened():
                return [event.person.ref.key]
            case _:
                return [f"{event.message.key} "]

    def catch_up(self, platform: ChatPlatform, since: datetime | None = None) -> None:
        """Find out, in the background, what people did on a platform while it was not heard.

        `since`: when it was last heard; None: that is not known, a process before this one heard it.
        """
        self._reconciling.begin(platform, since)

    async def end_idle_conversations(self) -> int:
        """End the conversations in which nobody wrote for the idle time; returns how many."""
        return await self._turns.end_idle(self._clock.now() - self._options.idle)

    async def _handle(self, event: Event, platform: ChatPlatform) -> None:
        match event:
            case MessageReceived():
                await self._message_received(event, platform)
            case MessageEdited():
                await self._message_edited(event, platform)
            case MessageDeleted():
                await self._message_deleted(event)
            case ReactionAdded():
                await self._reaction_added(event, platform)
            case ReactionRemoved() if self._options.keep_feedback:
                await self._reaction_removed(event)
            case ReactionsCleared() if self._options.keep_feedback:
                if (reply := await self._replies.at(event.message)) is not None:
                    await self._judging.reactions_cleared(event, reply)
            case ButtonPressed() | FormSubmitted() | CommandGiven():
                await self._interactions.handle(event, platform)
            case HomeOpened():
                await self._interactions.show_home(event, platform)
            case _:
                pass

    # Messages

    async def _message_received(self, event: MessageReceived, platform: ChatPlatform) -> None:
        if event.author.is_bot or not event.text.strip():
            return
        self._company.saw(event)
        thread = self._policies.at(event.place).thread
        if await self._is_correction(event):
            await self._say_below(event, platform)
        elif event.addressed:
            await self._addressed(event, platform)
        elif thread is ThreadPolicy.CHAT and event.lasting:
            await self._go_on(event, platform)
        elif thread is not ThreadPolicy.MENTION and self._options.keep_feedback:
            await self._say_below(event, platform)

    async def _is_correction(self, event: MessageReceived) -> bool:
        if not self._options.keep_feedback or read_correction(event.text) is None:
            return False
        return not event.addressed or await self._commenting.is_below_reply(event)

    async def _addressed(self, event: MessageReceived, platform: ChatPlatform) -> None:
        words = read_command(event.text)
        match words:
            case None:
                await self._turns.ask(event, platform)
            case ["reset"]:
                if (answer := await self._turns.reset(event)) is not None:
                    self._say(event, platform, answer)
            case _ if event.found_later or not self._turns.is_first(event.message, words[0]):
                pass  # it was for that moment
            case ["retry"]:
                await self._retry_above(event, platform)
            case _:
                await self._command(words, event, platform)

    async def _command(self, words: list[str], event: MessageReceived, platform: ChatPlatform) -> None:
        """A command by mention: what is about the person alone is answered to them alone, or not at all."""
        is_private = words[0] == "privacy"
        if is_private and not self._interactions.can_tell(platform):
            self._say(event, platform, USE_THE_COMMAND.format(words=" ".join(words)))
            return
        notice = await self._commands.answer(words, event.author.ref, event.place, name=event.event_id)
        if is_private:
            await self._interactions.tell(event, platform, notice)
        else:
            self._say(event, platform, notice.text)

    async def _say_below(self, event: MessageReceived, platform: ChatPlatform) -> None:
        if (sign := await self._commenting.said(event)) is not None:
            self._mark(event.message, platform, sign)

    async def _go_on(self, event: MessageReceived, platform: ChatPlatform) -> None:
        """Where the talk goes on without a mention: the next question, if nobody else is there."""
        conversation = await self._store.latest_conversation(event.place)
        if conversation is None or conversation.ended_at is not None:
            return
        if await self._company.is_alone(event, conversation, platform):
            await self._turns.ask(event, platform)

    async def _message_edited(self, event: MessageEdited, platform: ChatPlatform) -> None:
        message = await self._store.message_at(event.message)
        text = event.text.strip()
        if message is None:
            if (sign := await self._commenting.edited(event)) is not None:
                self._mark(event.message, platform, sign)
                self._mark(event.message, platform, NOTED if sign == CORRECTED else CORRECTED, off=True)
        elif message.role is Role.USER and message.content and text not in ("", message.content):
            update = self._said.update(message, event.message, at=event.at, name=event.event_id, content=text)
            await self._store.append(update)

    async def _message_deleted(self, event: MessageDeleted) -> None:
        message = await self._store.message_at(event.message)
        if message is None:
            await self._commenting.deleted(event)
        elif not (event.found_later and message.deleted):
            update = self._said.update(message, event.message, at=event.at, name=event.event_id, deleted=True)
            await self._store.append(update)

    # Reactions

    async def _reaction_added(self, event: ReactionAdded, platform: ChatPlatform) -> None:
        emoji = canonical_emoji(event.emoji)
        meaning = self._policies.at(event.message).emoji.get(emoji)
        is_sign = emoji in (RETRY, CORRECT, MEANT_AS_QUESTION, TAKE_BACK)
        if event.by_bot or not (meaning or is_sign):
            return
        reply = await self._replies.at(event.message)
        if reply is None:
            await self._on_comment(event, emoji, platform)
        elif meaning is not None:
            await self._vote(event, reply, meaning, platform)
        elif not event.found_later:
            await self._on_reply(event, emoji, reply, platform)

    async def _vote(self, event: ReactionAdded, reply: JudgedReply, meaning: Meaning, platform: ChatPlatform) -> None:
        is_new = self._options.keep_feedback and await self._judging.reaction_added(event, reply, meaning)
        if is_new and meaning.value is False and not event.found_later:
            self._tasks.start(self._interactions.ask_why(reply, event.person, platform), f"ask why of {reply.id}")

    async def _on_reply(self, event: ReactionAdded, emoji: str, reply: JudgedReply, platform: ChatPlatform) -> None:
        if emoji == RETRY and reply.completed_at is not None:
            await self._turns.retry(reply, event.person, platform, event.event_id)
        elif emoji == CORRECT and self._options.keep_feedback and await self._judging.heard(event):
            asking = self._interactions.ask_correction(reply, event.person, platform)
            self._tasks.start(asking, "ask for a correction")

    async def _on_comment(self, event: ReactionAdded, emoji: str, platform: ChatPlatform) -> None:
        if emoji == MEANT_AS_QUESTION and not event.found_later:
            await self._ask_instead(event, platform)
        elif emoji == TAKE_BACK and (said := await self._commenting.taken_back(event)) is not None:
            self._mark(event.message, platform, CORRECTED if said.name == EXPECTED_RESPONSE else NOTED, off=True)

    async def _ask_instead(self, event: ReactionAdded, platform: ChatPlatform) -> None:
        """A comment that its author marked as meant for the assistant is a question from now on."""
        said = await self._commenting.taken_back(event)
        reply = await self._store.message(said.message_id) if said is not None else None
        conversation = await self._store.conversation(reply.conversation_id) if reply is not None else None
        if said is None or reply is None or conversation is None:
            return
        self._mark(event.message, platform, NOTED, off=True)
        question = MessageReceived(
            event_id=event.event_id,
            at=event.at,
            message=event.message,
            place=conversation.place,
            author=Person(event.person, conversation.username, roles=event.roles),
            text=str(said.value),
            addressed=True,
            lasting=bool(conversation.place.thread),
            parent=reply.parts[-1] if reply.parts else None,
        )
        await self._turns.ask(question, platform)

    async def _reaction_removed(self, event: ReactionRemoved) -> None:
        if event.by_bot:
            return
        if (reply := await self._replies.at(event.message)) is not None:
            meaning = self._policies.at(event.message).emoji.get(canonical_emoji(event.emoji))
            await self._judging.reaction_removed(event, reply, meaning)

    async def _retry_above(self, event: MessageReceived, platform: ChatPlatform) -> None:
        reply = await self._replies.above(event)
        answer = NOTHING_TO_RETRY
        if reply is not None:
            answer = await self._turns.retry(reply, event.author.ref, platform, event.event_id)
        if answer != RETRYING:
            self._say(event, platform, answer)

    # What the assistant shows of its own

    async def _answered(self, turn: Turn, answered: Answered) -> None:
        if self._options.keep_feedback:
            self._tasks.start(self._offering.offer(turn, answered), f"offer to judge {answered.id}")

    def _say(self, event: MessageReceived, platform: ChatPlatform, text: str) -> None:
        async def say() -> None:
            try:
                await self._answering.say(event, platform, text)
            except PlatformError as error:
                logger.warning("post_failed", extra={"error": str(error)})

        self._tasks.start(say(), f"answer {event.message.key}")

    def _mark(self, message: MessageRef, platform: ChatPlatform, emoji: str, *, off: bool = False) -> None:
        self._tasks.start(mark(platform, message, emoji, off=off), f"mark {message.key}")
