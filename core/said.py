"""What is said in a conversation, as records: questions, edits, deletions, and the end."""

from datetime import datetime

from core.attachments import with_names
from core.events import MessageReceived
from core.messages import Conversation, Message, MessageRef, Role, stable_ulid
from core.records import AddMessage, EndConversation, Record, UpdateMessage, envelop


def question_of(event: MessageReceived, conversation: Conversation) -> Message:
    """The message of a conversation that someone wrote; of its files the names."""
    return Message(
        id=stable_ulid(event.at, f"message:{event.message.key}"),
        conversation_id=conversation.id,
        role=Role.USER,
        content=with_names(event.text, event.files),
        timestamp=event.at,
        author=event.author.ref.key,
        parts=(event.message,),
    )


class Said:
    """Makes the records of one environment."""

    def __init__(self, environment: str) -> None:
        self._environment = environment

    def add(self, event: MessageReceived, question: Message, *, withheld: bool) -> Record:
        """The record of a question; without its words and its author where they are `withheld`."""
        payload = AddMessage(
            id=question.id,
            conversation_id=question.conversation_id,
            role=question.role.value,
            content="" if withheld else question.content,
            timestamp=event.at.isoformat(),
            author="" if withheld else question.author,
            parts=[event.message.key],
            withheld=withheld,
        )
        return envelop(
            payload,
            environment=self._environment,
            at=event.at,
            where=event.message,
            key=f"{event.message.key}:add",
            conversation_id=question.conversation_id,
            message_id=question.id,
            subject=None if withheld else question.author,
        )

    def update(
        self,
        message: Message,
        where: MessageRef,
        *,
        at: datetime,
        name: str,
        content: str | None = None,
        deleted: bool = False,
    ) -> Record:
        """The record that a message was edited or deleted; `name` is the platform's for the act."""
        return envelop(
            UpdateMessage(id=message.id, conversation_id=message.conversation_id, content=content, deleted=deleted),
            environment=self._environment,
            at=at,
            where=where,
            key=f"{where.platform}:{name}:update",
            conversation_id=message.conversation_id,
            message_id=message.id,
            subject=message.author or None,
        )

    def end(self, conversation: Conversation, *, at: datetime, reason: str) -> Record:
        """The record that a conversation is over."""
        return envelop(
            EndConversation(id=conversation.id, reason=reason),
            environment=self._environment,
            at=at,
            where=conversation.place,
            key=f"{conversation.id}:end",
            conversation_id=conversation.id,
        )
