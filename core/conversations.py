"""Which conversation a message belongs to: where it goes on, where one branches, and where a new one begins.

In a lasting place (a thread, a direct message) there is one at a time. Elsewhere a chain of replies is one: a reply to
its last answer goes on with it, a reply to an older message branches there. What was reset is never read again.
"""

from datetime import datetime
from typing import Final, TypeAlias

from core.events import MessageReceived
from core.live import LiveReplies
from core.messages import Conversation, Message, MessageRef, stable_ulid
from core.models import Models
from core.ports import Store
from core.records import Record, StartConversation, envelop

RESET: Final = "reset"
Continued: TypeAlias = tuple[Conversation | None, Message | None]


class Conversations:
    """Finds and starts conversations."""

    def __init__(self, store: Store, live: LiveReplies, models: Models, environment: str) -> None:
        self._store = store
        self._live = live
        self._models = models
        self._environment = environment

    async def of_question(
        self, event: MessageReceived, continued: Continued, *, withheld: bool = False
    ) -> tuple[Conversation, list[Record]]:
        """The conversation that a question continues, or a new one and the record that starts it.

        `withheld`: who asks is not to be known from it.
        """
        conversation, branched_from = continued
        if conversation is not None:
            return conversation, []
        return await self._start(event, branched_from=branched_from, withheld=withheld)

    async def continued(self, event: MessageReceived) -> Continued:
        """The conversation that goes on; or None, and the message that a new one branches from, if it does."""
        latest = await self._store.latest_conversation(event.place) if event.lasting else None
        if latest is not None:
            return (latest if latest.ended_at is None else None), None
        if event.parent is None:
            return None, None
        parent = await self._store.message_at(event.parent)
        conversation = await self._conversation_at(event.parent, parent)
        if conversation is None or conversation.end_reason == RESET:
            return None, None
        if not event.lasting and conversation.ended_at is None and await self._was_last(parent, event.at):
            return conversation, None
        return None, parent

    async def to_reset(self, event: MessageReceived) -> Conversation | None:
        """The conversation that someone means who wants to reset it there."""
        if event.lasting:
            return await self._store.latest_conversation(event.place)
        if event.parent is None:
            return None
        return await self._conversation_at(event.parent, await self._store.message_at(event.parent))

    async def _conversation_at(self, ref: MessageRef, message: Message | None) -> Conversation | None:
        """The conversation of a message, which (not in the log yet) may be a reply that still grows."""
        if message is not None:
            return await self._store.conversation(message.conversation_id)
        live = await self._live.at(ref) or await self._live.elsewhere(ref)
        return await self._store.conversation(live.conversation_id) if live else None

    async def _was_last(self, message: Message | None, at: datetime) -> bool:
        """Nothing was answered after it at that moment. None: it is still growing, and the last for that reason."""
        if message is None:
            return True
        last = await self._store.last_reply(message.conversation_id)
        # What was answered between their writing and our hearing of it they have not passed over.
        return last is None or last.id == message.id or last.timestamp > at

    async def _start(
        self, event: MessageReceived, *, branched_from: Message | None, withheld: bool
    ) -> tuple[Conversation, list[Record]]:
        model = (await self._models.at(event.place)).identity
        conversation = Conversation(
            id=stable_ulid(event.at, f"conversation:{event.message.key}"),
            model=model,
            username="" if withheld else event.author.name,
            place=event.place,
            started_at=event.at,
        )
        payload = StartConversation(
            id=conversation.id,
            model={"id": model.id, "metadata": dict(model.metadata)},
            username=conversation.username,
            place=event.place.key,
            lasting=event.lasting,
            environment=self._environment,
            branched_from=branched_from.id if branched_from else None,
        )
        record = envelop(
            payload,
            environment=self._environment,
            at=event.at,
            where=event.place,
            key=f"{event.message.key}:start",
            conversation_id=conversation.id,
            subject=None if withheld else event.author.ref.key,
        )
        return conversation, [record]
