"""What people write: a question, a command, a correction, a comment, or nothing that is ours. What becomes of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeAlias

from core.attachments import reworded, says
from core.clock import Clock
from core.events import MessageDeleted, MessageEdited, MessageReceived
from core.feedback import read_correction
from core.hearing.admission import Admission
from core.hearing.commands import Commands, read_command
from core.hearing.company import Company
from core.hearing.courtesies import Courtesies
from core.hearing.interactions import Interactions
from core.judging.comments import CORRECTED, NOTED, Commenting
from core.judging.replies import Replies
from core.messages import Role
from core.policy import Policies, ThreadPolicy
from core.ports import ChatPlatform, Store
from core.said import Said
from core.turns import Turns
from core.words import NOTHING_TO_RETRY, RETRYING, USE_THE_COMMAND

LookAt: TypeAlias = Callable[[ChatPlatform, str], None]

LATE: Final = timedelta(seconds=5)
"""What is told so late may have been edited or deleted meanwhile, and a process before this one been told so."""


class Hearing:
    """Tells messages apart."""

    def __init__(
        self,
        *,
        store: Store,
        policies: Policies,
        replies: Replies,
        turns: Turns,
        said: Said,
        commenting: Commenting,
        commands: Commands,
        interactions: Interactions,
        courtesies: Courtesies,
        keeps_feedback: bool,
        clock: Clock,
        look_at: LookAt,
        admission: Admission,
    ) -> None:
        """`look_at` finds out, in the background, how things stand where a reply is."""
        self._store = store
        self._policies = policies
        self._replies = replies
        self._turns = turns
        self._said = said
        self._commenting = commenting
        self._commands = commands
        self._interactions = interactions
        self._courtesies = courtesies
        self._keeps_feedback = keeps_feedback
        self._clock = clock
        self._look_at = look_at
        self._admission = admission
        self._company = Company()

    async def received(self, event: MessageReceived, platform: ChatPlatform) -> None:
        """Someone wrote something."""
        if event.author.is_bot or not (event.text.strip() or (event.files and event.addressed)):
            return
        self._company.saw(event)
        thread = self._policies.at(event.place).thread
        if await self._is_correction(event):
            await self._say_below(event, platform)
        elif event.addressed:
            await self._addressed(event, platform)
        elif thread is ThreadPolicy.CHAT and event.lasting:
            await self._go_on(event, platform)
        elif thread is not ThreadPolicy.MENTION and self._keeps_feedback:
            await self._say_below(event, platform)

    async def _is_correction(self, event: MessageReceived) -> bool:
        if not self._keeps_feedback or read_correction(event.text) is None:
            return False
        return not event.addressed or await self._commenting.is_below_reply(event)

    async def _addressed(self, event: MessageReceived, platform: ChatPlatform) -> None:
        words = read_command(event.text, self._policies.at(event.place).models)
        match words:
            case None:
                await self._ask(event, platform)
            case ["reset"]:
                if (answer := await self._turns.reset(event)) is not None:
                    self._courtesies.say(event, platform, answer)
            case _ if event.found_later or not await self._turns.is_first(event.message, words[0]):
                pass  # it was for that moment
            case ["retry"]:
                await self._retry_above(event, platform)
            case _:
                await self._command(words, event, platform)

    async def _command(self, words: list[str], event: MessageReceived, platform: ChatPlatform) -> None:
        """A command by mention: what is about the person alone is answered to them alone, or not at all."""
        is_private = words[0] == "privacy"
        if is_private and not self._interactions.can_tell(platform):
            self._courtesies.say(event, platform, USE_THE_COMMAND.format(words=" ".join(words)))
            return
        notice = await self._commands.answer(words, event.author, event.place, name=event.event_id)
        if is_private:
            await self._interactions.tell(event, platform, notice)
        else:
            self._courtesies.say(event, platform, notice.text)

    async def _say_below(self, event: MessageReceived, platform: ChatPlatform) -> None:
        if (sign := await self._commenting.said(event)) is None:
            return
        self._courtesies.mark(event.message, platform, sign)
        if not event.found_later and self._clock.now() - event.at > LATE:
            known = await self._commenting.at(event.message)
            if known is not None:
                self._look_at(platform, known.message_id)

    async def _go_on(self, event: MessageReceived, platform: ChatPlatform) -> None:
        """Where the talk goes on without a mention: the next question, if nobody else is there."""
        conversation = await self._store.latest_conversation(event.place)
        if conversation is None or conversation.ended_at is not None:
            return
        if await self._company.is_alone(event, conversation, platform):
            await self._ask(event, platform)

    async def _ask(self, event: MessageReceived, platform: ChatPlatform) -> None:
        """Take a question, or say why it is not answered, once."""

        async def is_known() -> bool:
            return await self._store.message_at(event.message) is not None

        sentence = await self._admission.refusal(event, is_known)
        if not sentence:
            await self._turns.ask(event, platform)
        elif not event.found_later and await self._turns.is_first(event.message, "refused"):
            self._courtesies.say(event, platform, sentence)

    async def edited(self, event: MessageEdited, platform: ChatPlatform) -> None:
        """Someone changed it."""
        message = await self._store.message_at(event.message)
        text = event.text.strip()
        if message is None:
            if (sign := await self._commenting.edited(event)) is not None:
                self._courtesies.mark(event.message, platform, sign)
                self._courtesies.mark(event.message, platform, NOTED if sign == CORRECTED else CORRECTED, off=True)
        elif message.role is Role.USER and message.content and text and not says(message.content, text):
            content = reworded(message.content, text)
            update = self._said.update(message, event.message, at=event.at, name=event.event_id, content=content)
            await self._store.append(update)

    async def deleted(self, event: MessageDeleted) -> None:
        """It is gone."""
        message = await self._store.message_at(event.message)
        if message is None:
            await self._commenting.deleted(event)
        elif not (event.found_later and message.deleted):
            update = self._said.update(message, event.message, at=event.at, name=event.event_id, deleted=True)
            await self._store.append(update)

    async def _retry_above(self, event: MessageReceived, platform: ChatPlatform) -> None:
        reply = await self._replies.above(event)
        answer = NOTHING_TO_RETRY
        if reply is not None:
            answer = await self._turns.retry(reply, event.author.ref, platform, event.event_id)
        if answer != RETRYING:
            self._courtesies.say(event, platform, answer)
