"""Which reply someone means: by its address, by what stands below it, or as the last one of a conversation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.events import MessageReceived
from core.live import LiveReplies, LiveReply
from core.messages import Conversation, Message, MessageRef, Role
from core.ports import PendingTurn, Store

_HISTORY: Final = 50
"""How many messages are looked through for the reply that a comment found later belongs to."""


@dataclass(frozen=True, slots=True)
class JudgedReply:
    """A reply of the assistant, as far as it is known at that moment."""

    id: str
    conversation_id: str
    asker: str
    """`PersonRef.key`; empty where it is not known."""
    completed_at: datetime | None
    """None while it is still being written."""
    question_id: str | None = None


class Replies:
    """Finds replies, in the making or in the log."""

    def __init__(self, store: Store, live: LiveReplies) -> None:
        self._store = store
        self._live = live

    async def at(self, ref: MessageRef) -> JudgedReply | None:
        """The reply of which `ref` is a part."""
        if live := await self._live.at(ref):
            return _in_the_making(live)
        if (message := await self._store.message_at(ref)) is not None:
            return await self._judged(message)
        if (turn := await self._live.elsewhere(ref)) is not None:
            return await self._made_elsewhere(turn)
        return await self._judged(await self._store.message_at(ref))  # it may have been finished just now

    async def of(self, reply_id: str) -> JudgedReply | None:
        """The reply of this id."""
        return await self._judged(await self._store.message(reply_id))

    async def last(self, conversation_id: str) -> JudgedReply | None:
        """The last reply of a conversation."""
        if live := self._live.in_conversation(conversation_id):
            return _in_the_making(live)
        if turn := await self._live.elsewhere_in(conversation_id):
            return await self._made_elsewhere(turn)
        return await self._judged(await self._store.last_reply(conversation_id))

    async def above(self, event: MessageReceived) -> JudgedReply | None:
        """The last reply above a message, of the conversation in whose place it stands."""
        conversation = await self._store.latest_conversation(event.place) if event.lasting else None
        if conversation is not None and event.at < conversation.started_at:
            conversation = None  # the message that a thread stands under, told again
        if event.parent is None:
            return await self._last_above(conversation, event) if conversation else None
        reply = await self.at(event.parent)
        if conversation is None or (reply and reply.conversation_id == conversation.id):
            return reply
        # A thread may have been made from a reply of another conversation: what was said in the thread is nearer.
        return await self._last_above(conversation, event) or reply

    async def conversation(self, reply: JudgedReply) -> Conversation | None:
        """The conversation that a reply is in."""
        return await self._store.conversation(reply.conversation_id)

    async def _made_elsewhere(self, turn: PendingTurn) -> JudgedReply:
        question = await self._store.message(turn.question_id)
        return JudgedReply(turn.reply_id, turn.conversation_id, question.author if question else "", None)

    async def _last_above(self, conversation: Conversation, event: MessageReceived) -> JudgedReply | None:
        if not event.found_later:
            return await self.last(conversation.id)
        for message in reversed(await self._store.history(conversation.id, limit=_HISTORY)):
            # What was said below it need not have waited for its end. The question may be deleted by now.
            question = await self._store.message(message.question_id) if message.question_id else None
            if question is not None and question.timestamp <= event.at:
                return await self._judged(message)
        return None

    async def _judged(self, message: Message | None) -> JudgedReply | None:
        if message is None or message.role is not Role.ASSISTANT:
            return None
        question = await self._store.message(message.question_id) if message.question_id else None
        asker = question.author if question else ""
        return JudgedReply(message.id, message.conversation_id, asker, message.timestamp, message.question_id)


def _in_the_making(live: LiveReply) -> JudgedReply:
    return JudgedReply(live.id, live.conversation_id, live.asker, None)
