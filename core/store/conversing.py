"""Conversations in a list, the newest first, without a word of what was said."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from core.messages import PlaceRef
from core.store.tables import ConversationRow, table

_c = table(ConversationRow).c


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedConversation:
    """A conversation in a list."""

    id: str
    model: str
    """Its id."""
    place: PlaceRef | None
    started_at: datetime
    last_message_at: datetime
    ended_at: datetime | None
    """None while it goes on."""
    end_reason: str | None


def conversations(connection: Connection, before: str, limit: int) -> list[ListedConversation]:
    """The newest that are older than the one with the id `before` (empty: of all), so many at most.

    Their order is that of their ids, which begin with the moment at which they began.
    """
    query = select(_c.id, _c.model, _c.place, _c.started_at, _c.last_message_at, _c.ended_at, _c.end_reason)
    older = query.where(_c.id < before) if before else query
    found = connection.execute(older.order_by(_c.id.desc()).limit(limit))
    return [
        ListedConversation(
            id=row.id,
            model=str(row.model.get("id", "")),
            place=PlaceRef.parse(row.place) if row.place else None,
            started_at=row.started_at,
            last_message_at=row.last_message_at,
            ended_at=row.ended_at,
            end_reason=row.end_reason,
        )
        for row in found
    ]
