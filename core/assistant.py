"""What happens when something happens: a question is answered in its conversation, everything else is judged.

`handle` returns when what it was told is durable; the answering goes on in tasks that belong to the assistant and
end with it.
"""

import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from core.answering import Answered, Answering, Turn
from core.attachments import DEFAULT_FILES, FileLimits
from core.budgets import Spending
from core.clock import Clock
from core.conversations import Conversations
from core.errors import DatabaseUnavailableError
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
from core.feedback import canonical_emoji
from core.hearing.admission import Admission
from core.hearing.choosing import Choosing
from core.hearing.commands import Commands, Log
from core.hearing.courtesies import Courtesies
from core.hearing.interactions import Interactions
from core.hearing.messages import Hearing
from core.hearing.offering import Offering
from core.hearing.reactions import MEANT_AS_QUESTION, Reacting
from core.judging.comments import TAKE_BACK, Commenting
from core.judging.forms import Asking
from core.judging.opinions import Opinions
from core.judging.replies import Replies
from core.judging.telling import Said as Opinion
from core.judging.telling import Telling, Told
from core.judging.votes import Judging
from core.live import LiveReplies
from core.messages import PersonRef
from core.models import Models
from core.policy import OnePolicy, Policies
from core.ports import ChatPlatform, LanguageModel, Leases
from core.prompt import DEFAULT_WINDOW, Window
from core.reading import FileReader
from core.reconciling import SPAN, Reconciling
from core.said import Said
from core.store.memory_leases import MemoryLeases
from core.tasks import Tasks
from core.turn_queues import TurnQueues
from core.turns import Turns

logger = logging.getLogger(__name__)

_LAST_COURTESIES: Final = 2.0
"""Seconds that marks, buttons and sentences of our own may still take when all replies are kept."""


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
    files: FileLimits = DEFAULT_FILES
    live_replies: int = 1_000
    """How many replies may be in the making or waiting here; who asks for more is told to come back."""
    look_back: timedelta = SPAN
    """How old a reply may be to be compared with what the platform shows of it."""


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
        leases: Leases | None = None,
        spending: Spending | None = None,
    ) -> None:
        """`policies`: how feedback is taken where; the usual ways everywhere, if None.

        `spending`: where budgets are counted; they do not hold, if None.

        `leases`: what is shared with other processes; nothing is, if None.
        """
        leases = leases or MemoryLeases()
        policies = policies or OnePolicy()
        environment, keeps_feedback = options.environment, options.keep_feedback
        self._options = options
        self._clock = clock
        self._store = store
        self._tasks = Tasks()
        self._platforms: dict[str, ChatPlatform] = {}
        models = Models(model, policies, store, options.system_prompt)
        self._live = live = LiveReplies(leases)
        said, opinions = Said(environment), Opinions(environment)
        replies = Replies(store, live)
        judging = Judging(store, opinions, policies)
        commenting = Commenting(store, replies, opinions, judging)
        self._telling = Telling(store, replies, judging, opinions)
        commands = Commands(store, clock, environment, Choosing(store, models, policies, clock, environment))
        self._answering = Answering(
            store=store,
            models=models,
            clock=clock,
            live=live,
            window=options.window,
            reply_characters=options.reply_characters,
            folds_thinking=options.folds_thinking,
            reserve=options.reserve,
            environment=environment,
            leases=leases,
            files=FileReader(store, said, clock, options.files, options.window.characters),
        )
        self._courtesies = Courtesies(self._answering)
        self._offering = Offering(policies, self._answering.gates)
        self._queues = TurnQueues(
            store=store,
            leases=leases,
            answering=self._answering,
            clock=clock,
            tasks=self._tasks,
            on_answered=self._answered,
        )
        self._turns = Turns(
            store=store,
            leases=leases,
            conversations=Conversations(store, live, models, environment),
            answering=self._answering,
            queues=self._queues,
            clock=clock,
            said=said,
        )
        self._admission = Admission(
            policies, spending, clock, waiting=lambda: self._queues.count, most=options.live_replies
        )
        self._interactions = Interactions(
            store=store,
            replies=replies,
            judging=judging,
            asking=Asking(store, opinions),
            commands=commands,
            turns=self._turns,
            policies=policies,
            clock=clock,
        )
        self._reconciling = Reconciling(
            store=store,
            live=live,
            clock=clock,
            handle=self.handle,
            policies=policies,
            votes=keeps_feedback,
            span=options.look_back,
        )
        self._hearing = Hearing(
            store=store,
            policies=policies,
            replies=replies,
            turns=self._turns,
            said=said,
            commenting=commenting,
            commands=commands,
            interactions=self._interactions,
            courtesies=self._courtesies,
            keeps_feedback=keeps_feedback,
            clock=clock,
            look_at=self._reconciling.look_at,
            admission=self._admission,
        )
        self._reacting = Reacting(
            store=store,
            policies=policies,
            replies=replies,
            judging=judging,
            commenting=commenting,
            interactions=self._interactions,
            turns=self._turns,
            courtesies=self._courtesies,
            keeps_feedback=keeps_feedback,
        )

    async def __aenter__(self) -> Self:
        """Nothing to wait for: it is ready."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait out the grace period, leave the rest to other processes, and cut off and record what nobody can take."""
        await self._queues.stop()
        await self._reconciling.stop()
        await self._tasks.wait(self._options.grace_seconds)
        await self._queues.hand_over()
        self._answering.stop()
        await self._tasks.wait()
        await self._answering.close()
        await self._courtesies.close(min(_LAST_COURTESIES, self._options.grace_seconds))

    @property
    def live_replies(self) -> int:
        """How many replies are being written in this process."""
        return self._live.count

    async def handle(self, event: Event, platform: ChatPlatform) -> None:
        """Take note of what a person did. Returns when it is durable; told twice, it counts once.

        Raises:
            DatabaseUnavailableError: nothing was kept; the platform should deliver the event again.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(self._tasks.held())
            for key in self._behind(event):
                await stack.enter_async_context(self._turns.in_order(key))
            await self._handle(event, platform)

    def _behind(self, event: Event) -> list[str]:
        """What an event waits for, so that an edit does not overtake its message, nor a 👍 taken away the 👍."""
        match event:
            case ReactionAdded() if canonical_emoji(event.emoji) in (TAKE_BACK, MEANT_AS_QUESTION):
                # What it is on may have been edited a moment ago, or be edited in the next.
                return [f"{event.message.key} ", f"{event.message.key} {event.person.key}"]
            case ReactionAdded() | ReactionRemoved():
                return [f"{event.message.key} {event.person.key}"]
            case ReactionsCleared():
                message = f"{event.message.key} "
                return sorted({message, *(key for key in self._turns.locks if key.startswith(message))})
            case ButtonPressed() | FormSubmitted() | CommandGiven() | HomeOpened():
                return [event.person.ref.key]
            case _:
                return [f"{event.message.key} "]

    async def ask(self, event: MessageReceived, platform: ChatPlatform) -> str:
        """Take what someone wrote for a question, whatever its words; else as `handle`.

        Returns why it is not answered; empty where it is.
        """

        async def is_known() -> bool:
            return await self._store.message_at(event.message) is not None

        async with self._turns.in_order(f"{event.message.key} "):
            sentence = await self._admission.refusal(event, is_known)
            if not sentence:
                await self._turns.ask(event, platform)
            return sentence

    async def tell(self, reply_id: str, person: PersonRef, said: Sequence[Opinion], *, name: str, by: str) -> Told:
        """Keep what a person says of a reply, now, by its id. `name` tells the act from all others.

        Raises:
            DatabaseUnavailableError: nothing was kept.
        """
        if not self._options.keep_feedback:
            return Told.NOT_HEARD
        async with self._turns.in_order(person.key):
            return await self._telling.tell(reply_id, person, said, at=self._clock.now(), name=name, by=by)

    def catch_up(self, platform: ChatPlatform, since: datetime | None = None) -> None:
        """Find out, in the background, what people did on a platform while it was not heard.

        `since`: when it was last heard; None: that is not known, a process before this one heard it.
        """
        self._platforms[platform.name] = platform
        self._reconciling.begin(platform, since)

    async def adopt_turns(self) -> None:
        """Take up the questions that a process which has died was at, or was about to be."""
        await self._queues.adopt(self._platforms)

    def lose(self, lease: str) -> None:
        """Somebody else may have this lease by now."""
        self._queues.lose(lease)

    async def look_again(self, look_back: timedelta) -> None:
        """Begin to look, at a slow pace, for what went unnoticed; `look_back` as in the options, from now on."""
        await self._reconciling.look_again(look_back)

    async def heed_clock(self) -> None:
        """Where the clock was set, look again at what was compared by it; to be asked every few seconds."""
        await self._reconciling.heed_clock()

    async def end_idle_conversations(self) -> int:
        """End the conversations in which nobody wrote for the idle time; returns how many."""
        return await self._turns.end_idle(self._clock.now() - self._options.idle)

    async def _handle(self, event: Event, platform: ChatPlatform) -> None:
        match event:
            case MessageReceived():
                await self._hearing.received(event, platform)
            case MessageEdited():
                await self._hearing.edited(event, platform)
            case MessageDeleted():
                await self._hearing.deleted(event)
            case ReactionAdded():
                await self._reacting.added(event, platform)
            case ReactionRemoved():
                await self._reacting.removed(event)
            case ReactionsCleared():
                await self._reacting.cleared(event)
            case ButtonPressed() | FormSubmitted() | CommandGiven():
                await self._interactions.handle(event, platform)
            case HomeOpened():
                await self._interactions.show_home(event, platform)

    async def _answered(self, turn: Turn, answered: Answered) -> None:
        author = turn.question.author
        try:
            await self._admission.used(PersonRef.parse(author) if author else None, turn.place, answered.tokens)
        except DatabaseUnavailableError as error:
            logger.warning("spending_not_counted", extra={"reply": answered.id, "error": str(error)})
        if turn.was_left:
            self._reconciling.look_at(turn.platform, answered.id)
        if self._options.keep_feedback:
            self._courtesies.start(self._offering.offer(turn, answered), f"offer to judge {answered.id}")
