"""What people press, fill in and command: taken note of, and answered so that only they see it."""

import logging
from collections import OrderedDict
from datetime import datetime
from typing import Final

from core.clock import Clock
from core.controls import Form, Notice, Verb, read_action
from core.errors import DatabaseUnavailableError, PlatformError
from core.events import ButtonPressed, CommandGiven, FormSubmitted, HomeOpened, Interaction, MessageReceived
from core.feedback import USER_FEEDBACK
from core.hearing.commands import Commands
from core.judging.forms import Asking, ask_correction, ask_why, noted
from core.judging.opinions import Act
from core.judging.replies import JudgedReply, Replies
from core.judging.votes import Judging
from core.messages import MessageRef, PersonRef, PlaceRef
from core.policy import Policies
from core.ports import CanAnswer, CanShowHome, CanTellPrivately, ChatPlatform, Store
from core.turns import Turns
from core.words import (
    GONE,
    HELP,
    NOT_HEARD,
    NOT_KEPT,
    NOTHING_TO_RESET,
    NOTHING_TO_RETRY,
    OPTED_OUT,
    RESET_DONE,
    SAY_IT_THERE,
    STILL_COUNTS,
    TAKEN_BACK,
)

logger = logging.getLogger(__name__)

_ASKED: Final = 10_000
"""How many people's last question why is remembered."""


class Interactions:
    """Answers in private."""

    def __init__(
        self,
        *,
        store: Store,
        replies: Replies,
        judging: Judging,
        asking: Asking,
        commands: Commands,
        turns: Turns,
        policies: Policies,
        clock: Clock,
    ) -> None:
        self._store = store
        self._replies = replies
        self._judging = judging
        self._asking = asking
        self._commands = commands
        self._turns = turns
        self._policies = policies
        self._clock = clock
        self._asked: OrderedDict[str, datetime] = OrderedDict()

    async def handle(self, event: Interaction, platform: ChatPlatform) -> None:
        """Take note of it, and answer. A database that is away is told to the person: nobody delivers it again."""
        try:
            answer = await self._answer(event, platform)
        except DatabaseUnavailableError as error:
            logger.warning("interaction_not_kept", extra={"event_id": event.event_id, "error": str(error)})
            answer = Notice(NOT_KEPT)
        if answer is None or not isinstance(platform, CanAnswer):
            return
        try:
            if isinstance(answer, Form):
                await platform.open_form(event.ticket, answer)
            else:
                await platform.whisper(event.ticket, answer)
        except PlatformError as error:
            # What was to be kept is kept; the person sees that their platform got no answer.
            logger.info("interaction_not_answered", extra={"event_id": event.event_id, "error": str(error)})

    async def show_home(self, event: HomeOpened, platform: ChatPlatform) -> None:
        """Show the assistant's own page."""
        if isinstance(platform, CanShowHome):
            try:
                await platform.show_home(event.person.ref, HELP, ())
            except PlatformError as error:
                logger.info("home_not_shown", extra={"error": str(error)})

    async def ask_why(self, reply: JudgedReply, person: PersonRef, platform: ChatPlatform) -> None:
        """Ask someone why, after a 👎, where only they see it and they were not asked a moment ago."""
        if not isinstance(platform, CanTellPrivately) or not platform.tells_in_place:
            return
        conversation = await self._replies.conversation(reply)
        if conversation is None:
            return
        policy, now = self._policies.at(conversation.place), self._clock.now()
        last = self._asked.get(person.key)
        if not policy.ask_why or (last is not None and now - last < policy.ask_pause):
            return
        self._asked[person.key] = now
        self._asked.move_to_end(person.key)
        if len(self._asked) > _ASKED:
            self._asked.popitem(last=False)
        await self._tell(platform, person, conversation.place, ask_why(reply))

    async def ask_correction(self, reply: JudgedReply, person: PersonRef, platform: ChatPlatform) -> None:
        """Let someone who put ✏️ on a reply say what it should have been."""
        conversation = await self._replies.conversation(reply)
        if conversation is not None and isinstance(platform, CanTellPrivately):
            await self._tell(platform, person, conversation.place, ask_correction(reply))

    @staticmethod
    def can_tell(platform: ChatPlatform) -> bool:
        """Whether someone who wrote in public can be answered in private."""
        return isinstance(platform, CanTellPrivately) and platform.tells_in_place

    async def tell(self, event: MessageReceived, platform: ChatPlatform, notice: Notice) -> None:
        """Answer someone in private who wrote in public, where that can be."""
        if isinstance(platform, CanTellPrivately):
            await self._tell(platform, event.author.ref, event.place, notice)

    @staticmethod
    async def _tell(platform: CanTellPrivately, person: PersonRef, place: PlaceRef, notice: Notice) -> None:
        try:
            await platform.tell(person, place, notice)
        except PlatformError as error:
            logger.info("not_told_privately", extra={"error": str(error)})

    async def _answer(self, event: Interaction, platform: ChatPlatform) -> Notice | Form | None:
        match event:
            case CommandGiven():
                return await self._command(event, platform)
            case ButtonPressed() if meant := read_action(event.action):
                return await self._pressed(event, *meant)
            case FormSubmitted() if meant := read_action(event.action):
                return await self._submitted(event, *meant)
            case _:
                return None

    async def _command(self, event: CommandGiven, platform: ChatPlatform) -> Notice:
        words = event.text.lower().split()
        if words in (["reset"], ["retry"]):
            return Notice(await self._about_conversation(words[0], event, platform))
        return await self._commands.answer(words, event.person, event.place, name=event.event_id)

    async def _about_conversation(self, word: str, event: CommandGiven, platform: ChatPlatform) -> str:
        if not event.lasting:
            return SAY_IT_THERE.format(word=word)
        if word == "reset":
            return RESET_DONE if await self._turns.end_in(event.place) else NOTHING_TO_RESET
        conversation = await self._store.latest_conversation(event.place)
        reply = await self._replies.last(conversation.id) if conversation else None
        if reply is None:
            return NOTHING_TO_RETRY
        return await self._turns.retry(reply, event.person.ref, platform, event.event_id)

    async def _pressed(self, event: ButtonPressed, verb: Verb, reply_id: str) -> Notice | Form | None:
        if verb is Verb.FORGET:
            return await self._commands.forget(event.person.ref)
        reply = await (self._replies.of(reply_id) if reply_id else self._replies.at(event.message))
        if reply is None:
            return Notice(GONE)
        act = await self._act(event, event.message, reply)
        if isinstance(act, Notice):
            return act
        match verb:
            case Verb.LIKE | Verb.DISLIKE:
                value = verb is Verb.LIKE
                return noted(reply, value=value) if await self._judging.pressed(act, reply, value=value) else None
            case Verb.WITHDRAW:
                return _taken_back([bool(each.value) for each in await self._judging.withdraw_press(act, reply)])
            case _:
                policy = self._policies.at(event.place)
                return await self._asking.form(verb, reply, event.person.ref.key, policy)

    async def _submitted(self, event: FormSubmitted, verb: Verb, reply_id: str) -> Notice:
        reply = await self._replies.of(reply_id)
        if reply is None:
            return Notice(GONE)
        act = await self._act(event, event.place, reply)
        if isinstance(act, Notice):
            return act
        policy = self._policies.at(event.place)
        records, sentence = await self._asking.records(verb, act, reply, event.values, policy)
        await self._judging.keep(*records)
        return Notice(sentence)

    async def _act(
        self, event: ButtonPressed | FormSubmitted, where: MessageRef | PlaceRef, reply: JudgedReply
    ) -> Act | Notice:
        """What someone did; or what they are told where it is not kept."""
        person = event.person
        segment = await self._judging.segment(person.ref, person.roles, event.place)
        if segment is None:
            return Notice(OPTED_OUT if await self._store.opted_out(person.ref.key) else NOT_HEARD)
        at = event.at
        if isinstance(event, ButtonPressed):
            at = await self._judging.moment(event, person.ref, reply, [USER_FEEDBACK])
        return Act(person=person.ref, at=at, where=where, name=event.event_id, segment=segment)


def _taken_back(still: list[bool]) -> Notice:
    if not still:
        return Notice(TAKEN_BACK)
    return Notice(STILL_COUNTS.format(what="👍" if still[-1] else "👎"))
