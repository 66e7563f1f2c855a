"""A row of the tables, whether of a database or in memory, as the core's plain value. Rows have attributes."""

from typing import Any

from core.feedback import Assessment, AssessmentSource, SourceType
from core.messages import Conversation, Message, MessageRef, ModelIdentity, PlaceRef, ReplyStatus, Role


def as_conversation(row: Any) -> Conversation:
    """The conversation of a row."""
    return Conversation(
        row.id,
        ModelIdentity(row.model["id"], row.model.get("metadata") or {}),
        row.username,
        PlaceRef.parse(row.place),
        row.started_at,
        row.ended_at,
    )


def as_message(row: Any) -> Message:
    """The message of a row."""
    return Message(
        row.id,
        row.conversation_id,
        Role(row.role),
        row.content,
        row.timestamp,
        row.author,
        tuple([MessageRef.parse(part) for part in row.parts]),
        row.question_id,
        ReplyStatus(row.status),
        row.deleted,
    )


def as_assessment(row: Any) -> Assessment:
    """The assessment of a row."""
    return Assessment(
        row.assessment_id,
        row.message_id,
        row.conversation_id,
        row.name,
        row.value,
        AssessmentSource(SourceType(row.source_type), row.source_id),
        row.origin,
        row.at,
        row.rationale,
        row.details,
    )
