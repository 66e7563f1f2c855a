"""How one reply came to be: where, by which model, in what time, and under which ids it is found elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, false, func, select

from core.messages import Json, MessageRef, PlaceRef, Role
from core.store.parting import field_of
from core.store.tables import ConversationRow, MessageRow, table

_m, _c = table(MessageRow), table(ConversationRow)
_question = _m.alias("question")


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """How a reply came to be. Moments are UTC."""

    message_id: str
    conversation_id: str
    place: PlaceRef | None
    address: MessageRef | None
    """Its first part, on the platform."""
    question_id: str | None
    asker: str
    """`PersonRef.key`; empty where it is not known."""
    model: str
    parameters: Json
    timestamp: datetime
    started_at: datetime | None
    first_token_at: datetime | None
    ended_at: datetime | None
    prompt_tokens: int | None
    completion_tokens: int | None
    finish_reason: str | None
    status: str
    reason: str | None
    streaming: Json
    """The fields of `core.metering.Streaming`, in seconds."""
    trace_id: str | None
    client_request_id: str | None


def details(connection: Connection, message_id: str) -> Details | None:
    """How the reply of this id came to be; None where there is none, or it was deleted."""
    query = (
        select(
            _m,
            _c.c.place,
            func.coalesce(_m.c.model_id, field_of(connection, _c.c.model, "id"), "").label("called"),
            func.coalesce(_question.c.author, "").label("asker"),
        )
        .select_from(
            _m.outerjoin(_c, _c.c.id == _m.c.conversation_id).outerjoin(_question, _question.c.id == _m.c.question_id)
        )
        .where(_m.c.id == message_id, _m.c.role == Role.ASSISTANT.value, _m.c.deleted == false())
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    alike = ("conversation_id", "question_id", "asker", "timestamp", "started_at", "first_token_at", "ended_at")
    counted = ("prompt_tokens", "completion_tokens", "finish_reason", "status", "reason", "trace_id")
    return Details(
        message_id=row.id,
        place=PlaceRef.parse(row.place) if row.place else None,
        address=MessageRef.parse(row.parts[0]) if row.parts else None,
        model=row.called,
        parameters=row.parameters or {},
        streaming=row.streaming or {},
        client_request_id=row.client_request_id,
        **{name: getattr(row, name) for name in (*alike, *counted)},
    )
