"""Rows of the tables, whether of a database or in memory, as the core's plain values.

Each kind of row has its columns named here, in the order in which the function beside them takes them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from orjson import loads

from core.feedback import Assessment, AssessmentSource, SourceType
from core.messages import Conversation, Message, MessageRef, ModelIdentity, PlaceRef, ReplyStatus, Role

CONVERSATION = ("id", "model", "username", "place", "started_at", "ended_at", "end_reason")
MESSAGE = (
    "id",
    "conversation_id",
    "role",
    "content",
    "timestamp",
    "author",
    "parts",
    "question_id",
    "status",
    "deleted",
)
ASSESSMENT = (
    "assessment_id",
    "message_id",
    "conversation_id",
    "name",
    "value",
    "source_type",
    "source_id",
    "origin",
    "at",
    "rationale",
    "details",
)

# Looking a word up takes a tenth of the time of calling the enum, and a history has thousands.
_ROLES = {each.value: each for each in Role}
_STATUSES = {each.value: each for each in ReplyStatus}


def as_conversation(row: Iterable[Any]) -> Conversation:
    """The conversation of a row of `CONVERSATION`."""
    id_, model, username, place, started_at, ended_at, reason = row
    return Conversation(id_, as_model(model), username, PlaceRef.parse(place), started_at, ended_at, reason)


def as_model(model: dict[str, Any]) -> ModelIdentity:
    """The model of a conversation's `{"id": …, "metadata": {…}}`."""
    return ModelIdentity(model["id"], model.get("metadata") or {})


def as_message(row: Iterable[Any]) -> Message:
    """The message of a row of `MESSAGE`."""
    id_, conversation_id, role, content, timestamp, author, parts, question_id, status, deleted = row
    refs = tuple([MessageRef(*part.split(":", 3)) for part in parts])  # what `parse` does, at half its price
    status = _STATUSES[status]
    return Message(id_, conversation_id, _ROLES[role], content, timestamp, author, refs, question_id, status, deleted)


def as_messages(conversation_id: str, rows: Iterable[Any]) -> list[Message]:
    """The messages of a conversation that are not deleted, of rows as the driver gives them.

    They have an id, role, content, timestamp (text on SQLite), author, parts as text, question and status.
    """
    read, ref, roles, statuses = datetime.fromisoformat, MessageRef, _ROLES, _STATUSES
    return [
        Message(
            id_,
            conversation_id,
            roles[role],
            content,
            read(at) if at.__class__ is str else at,
            author,
            tuple([ref(*part.split(":", 3)) for part in loads(parts)]),
            question_id,
            statuses[status],
        )
        for id_, role, content, at, author, parts, question_id, status in rows
    ]


def as_assessment(row: Iterable[Any]) -> Assessment:
    """The assessment of a row of `ASSESSMENT`."""
    id_, message_id, conversation_id, name, value, source_type, source_id, origin, at, rationale, details = row
    source = AssessmentSource(SourceType(source_type), source_id)
    return Assessment(id_, message_id, conversation_id, name, value, source, origin, at, rationale, details)
