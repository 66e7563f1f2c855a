"""What people think of a reply, as records: their reactions, and what they write below it.

It decides what counts as feedback and on which reply; how several opinions of one person become one is the store's
folding.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core.events import (
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
)
from core.feedback import USER_COMMENT, Meaning, SourceType, Value, canonical_emoji, meaning_of
from core.live import LiveReplies
from core.messages import Message, MessageRef, PersonRef, Role, stable_ulid
from core.ports import Store
from core.records import LogFeedback, Record, WithdrawAssessment, envelop

NOTED: Final = "📝"
"""The mark on a comment that was kept."""
_HISTORY: Final = 50
"""How many messages are looked through for the reply that a comment found later belongs to."""


@dataclass(frozen=True, slots=True)
class JudgedReply:
    """The reply that someone judges, as far as it is known at that moment."""

    id: str
    conversation_id: str
    asker: str
    completed_at: datetime | None
    """None while it is still being written."""


class Judging:
    """Turns what people do around a reply into records of feedback."""

    def __init__(self, store: Store, live: LiveReplies, environment: str) -> None:
        self._store = store
        self._live = live
        self._environment = environment

    async def reaction_added(self, event: ReactionAdded) -> None:
        """Keep a vote, if the emoji means one and the message is a reply of the assistant."""
        emoji = canonical_emoji(event.emoji)
        meaning = meaning_of(emoji)
        if event.by_bot or meaning is None or (reply := await self._reply_at(event.message)) is None:
            return
        origin = reaction_origin(event.message, emoji)
        if await self._was_heard_meanwhile(event, reply, origin):
            return
        metadata = {"platform": event.message.platform, "emoji": emoji, "channel": event.message.channel}
        record = self._feedback(event, event.person, reply, meaning, origin=origin, metadata=metadata | _found(event))
        await self._store.append(record)

    async def reaction_removed(self, event: ReactionRemoved) -> None:
        """Withdraw the vote that the emoji meant."""
        emoji = canonical_emoji(event.emoji)
        meaning = meaning_of(emoji)
        if event.by_bot or meaning is None or (reply := await self._reply_at(event.message)) is None:
            return
        origin = reaction_origin(event.message, emoji)
        if await self._was_heard_meanwhile(event, reply, origin):
            return
        record = self._withdrawal(event, event.person.key, reply, meaning.name, origin, metadata=_found(event))
        await self._store.append(record)

    async def _was_heard_meanwhile(
        self, event: ReactionAdded | ReactionRemoved, reply: JudgedReply, origin: str
    ) -> bool:
        """Whether what was found later is how things stand already: the platform told of it, only late."""
        if not event.found_later:
            return False
        standing = await self._store.standing_assessments(reply.id)
        stands = any(each.origin == origin and each.source.id == event.person.key for each in standing)
        return stands is isinstance(event, ReactionAdded)

    async def reactions_cleared(self, event: ReactionsCleared) -> None:
        """Withdraw every vote made with the emoji that a moderator took away."""
        reply = await self._reply_at(event.message)
        if reply is None:
            return
        gone = canonical_emoji(event.emoji) if event.emoji else ""
        prefix = reaction_origin(event.message, gone)
        standing = await self._store.standing_assessments(reply.id)
        records = [
            self._withdrawal(event, each.source.id, reply, each.name, each.origin)
            for each in standing
            if (each.origin == prefix if gone else each.origin.startswith(prefix))
        ]
        if records:
            await self._store.append(*records)

    async def comment(self, event: MessageReceived) -> bool:
        """Keep what someone wrote below a reply without speaking to the assistant. True where that is new."""
        reply = await self._reply_above(event)
        if reply is None or not event.text.strip():
            return False
        record = self._feedback(
            event,
            event.author.ref,
            reply,
            Meaning(USER_COMMENT, event.text.strip()),
            origin=comment_origin(event.message),
            metadata={"platform": event.message.platform, "channel": event.message.channel} | _found(event),
            key=f"{event.message.key}:{USER_COMMENT}",
        )
        [is_new] = await self._store.append(record)
        return is_new

    async def comment_edited(self, event: MessageEdited) -> None:
        """Keep the new wording of a comment."""
        standing = await self._store.assessment_from(comment_origin(event.message))
        if standing is None or not event.text.strip():
            return
        reply = await self._reply(standing.message_id)
        if reply is not None:
            meaning = Meaning(USER_COMMENT, event.text.strip())
            author = PersonRef.parse(standing.source.id)
            record = self._feedback(
                event, author, reply, meaning, origin=standing.origin, metadata=dict(standing.metadata)
            )
            await self._store.append(record)

    async def comment_deleted(self, event: MessageDeleted) -> None:
        """Withdraw a comment."""
        standing = await self._store.assessment_from(comment_origin(event.message))
        if standing is not None:
            reply = JudgedReply(standing.message_id, standing.conversation_id, "", None)
            await self._store.append(self._withdrawal(event, standing.source.id, reply, standing.name, standing.origin))

    async def _reply_at(self, ref: MessageRef) -> JudgedReply | None:
        if live := await self._live.at(ref):
            return JudgedReply(live.id, live.conversation_id, live.asker, None)
        message = await self._store.message_at(ref)
        return await self._judged(message)

    async def _reply(self, message_id: str) -> JudgedReply | None:
        return await self._judged(await self._store.message(message_id))

    async def _judged(self, message: Message | None) -> JudgedReply | None:
        if message is None or message.role is not Role.ASSISTANT:
            return None
        question = await self._store.message(message.question_id) if message.question_id else None
        asker = question.author if question else ""
        return JudgedReply(message.id, message.conversation_id, asker, message.timestamp)

    async def _reply_above(self, event: MessageReceived) -> JudgedReply | None:
        if event.parent is None:
            return None
        reply = await self._reply_at(event.parent)
        conversation = await self._store.latest_conversation(event.place) if event.lasting else None
        if conversation is None or (reply and reply.conversation_id == conversation.id):
            return reply
        # A thread may have been made from a reply of another conversation: what was said in the thread is nearer.
        return await self._last_reply(conversation.id, event) or reply

    async def _last_reply(self, conversation_id: str, event: MessageReceived) -> JudgedReply | None:
        """The last reply of a conversation at the time of `event`."""
        live = self._live.in_conversation(conversation_id)
        if event.found_later:
            return await self._reply_asked_for_before(event.at, conversation_id)
        if live is not None:
            return JudgedReply(live.id, live.conversation_id, live.asker, None)
        return await self._judged(await self._store.last_reply(conversation_id))

    async def _reply_asked_for_before(self, moment: datetime, conversation_id: str) -> JudgedReply | None:
        for message in reversed(await self._store.history(conversation_id, limit=_HISTORY)):
            question = await self._store.message(message.question_id) if message.question_id else None
            if question is not None and question.timestamp <= moment:
                return await self._judged(message)
        return None

    def _feedback(
        self,
        event: ReactionAdded | MessageReceived | MessageEdited,
        person: PersonRef,
        reply: JudgedReply,
        meaning: Meaning,
        *,
        origin: str,
        metadata: dict[str, Any],
        key: str = "",
    ) -> Record:
        """`key`: where the event's own id would not tell that it is the same when it is found later."""
        completed = reply.completed_at
        when_unknown = isinstance(event, ReactionAdded) and event.found_later
        told = {
            **metadata,
            "by_asker": person.key == reply.asker,
            "before_completion": completed is None,
            "seconds_after_reply": None
            if completed is None or when_unknown
            else round((event.at - completed).total_seconds(), 3),
        }
        payload = LogFeedback(
            id=reply.id,
            conversation_id=reply.conversation_id,
            rating=_rating(meaning),
            feedback=str(meaning.value) if meaning.name == USER_COMMENT else "",
            assessment_id=stable_ulid(event.at, f"{reply.id}|{person.key}|{meaning.name}|{origin}|{event.event_id}"),
            name=meaning.name,
            value=meaning.value,
            source_type=SourceType.HUMAN.value,
            source_id=person.key,
            origin=origin,
            metadata=told,
        )
        return envelop(
            payload,
            environment=self._environment,
            at=event.at,
            where=event.message,
            key=key or f"{event.message.platform}:{event.event_id}:{meaning.name}",
            conversation_id=reply.conversation_id,
            message_id=reply.id,
            subject=person.key,
        )

    def _withdrawal(
        self,
        event: ReactionRemoved | ReactionsCleared | MessageDeleted,
        person: str,
        reply: JudgedReply,
        name: str,
        origin: str,
        *,
        metadata: dict[str, Any] | None = None,
    ) -> Record:
        payload = WithdrawAssessment(
            id=reply.id,
            conversation_id=reply.conversation_id,
            name=name,
            source_type=SourceType.HUMAN.value,
            source_id=person,
            origin=origin,
            metadata=metadata or {},
        )
        return envelop(
            payload,
            environment=self._environment,
            at=event.at,
            where=event.message,
            key=f"{event.message.platform}:{event.event_id}:{person}:{origin}:withdrawn",
            conversation_id=reply.conversation_id,
            message_id=reply.id,
            subject=person,
        )


def comment_origin(message: MessageRef) -> str:
    """The origin of the feedback that a message below a reply is."""
    return f"message:{message.key}"


def reaction_origin(part: MessageRef, emoji: str) -> str:
    """The origin of the vote that a canonical emoji on a part of a reply is."""
    # The part belongs to it: a 👍 taken off one part of a long reply leaves the 👍 on another standing.
    return f"reaction:{part.key}:{emoji}"


def _found(event: MessageReceived | ReactionAdded | ReactionRemoved) -> dict[str, Any]:
    return {"found_later": True} if event.found_later else {}


def _rating(meaning: Meaning) -> str | int | float:
    value: Value = meaning.value
    if isinstance(value, bool):
        return "like" if value else "dislike"
    return value if isinstance(value, (int, float)) else ""
