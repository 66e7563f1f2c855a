"""Replies as people look through them: found by where, when, what was said and how it was judged, page by page."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, exists, false, func, literal_column, or_, select, true

from core.feedback import EXPECTED_RESPONSE, USER_CATEGORY, USER_COMMENT, USER_FEEDBACK, SourceType
from core.messages import PlaceRef, ReplyStatus, Role
from core.store.conversing import ListedConversation, conversations
from core.store.details import Details, details
from core.store.engine import Database
from core.store.parting import field_of
from core.store.report import NEGATIVE, POSITIVE
from core.store.tables import AssessmentRow, ConversationRow, MessageRow, table

REVIEW: Final = "review:"
"""How the origin of everything that a reviewer says begins."""
EXCERPT: Final = 400
"""Characters of a question and of a reply that a list shows."""

_m, _a, _c = table(MessageRow), table(AssessmentRow), table(ConversationRow)
_question = _m.alias("question")


class Judged(StrEnum):
    """How people judged a reply."""

    ANYHOW = "anyhow"
    """Judged or not."""
    JUDGED = "judged"
    LIKED = "liked"
    """By more people than not."""
    DISLIKED = "disliked"
    """By anyone."""
    DIVIDED = "divided"
    """Some for it, some against it."""
    COMMENTED = "commented"
    CORRECTED = "corrected"
    UNJUDGED = "unjudged"


class Order(StrEnum):
    """Which replies come first; of those alike, the newest."""

    NEWEST = "newest"
    VOTES = "votes"
    """Those with the most votes."""
    DISLIKED = "disliked"
    """Those that the most people more are against than for."""
    DISAGREEMENT = "disagreement"
    """Those with the most votes on the side that has fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which replies, and which page of them; what is empty or None does not matter."""

    since: datetime | None = None
    until: datetime | None = None
    place: str = ""
    """How the key of the conversation's place begins."""
    model: str = ""
    text: str = ""
    """In the reply or the question, whatever the case."""
    judged: Judged = Judged.ANYHOW
    unreviewed: bool = False
    order: Order = Order.NEWEST
    limit: int = 25
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A reply in a list. Its words are the first `EXCERPT` characters; what nobody said, or was erased, is empty."""

    message_id: str
    conversation_id: str
    timestamp: datetime
    model: str
    place: PlaceRef | None
    question: str
    reply: str
    status: str
    positive: int
    negative: int
    categories: tuple[str, ...]
    comments: int
    corrections: int
    reviewed: bool


class Browsing:
    """Looks through the replies of one database. Every method raises as the store's do."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replies(self, wanted: Wanted) -> list[Listed]:
        """One page of the replies that are not deleted, in the wanted order."""
        return await self._database.read(partial(_replies, wanted=wanted))

    async def conversations(self, *, before: str = "", limit: int) -> list[ListedConversation]:
        """The newest conversations, or those that are older than the one with the id `before`."""
        return await self._database.read(partial(conversations, before=before, limit=limit))

    async def details(self, message_id: str) -> Details | None:
        """How a reply came to be; None where there is no such reply, or it was deleted."""
        return await self._database.read(partial(details, message_id=message_id))


_BY_PEOPLE: Final = and_(_a.c.message_id == _m.c.id, _a.c.current == true(), _a.c.source_type == SourceType.HUMAN.value)
_for, _against = func.sum(POSITIVE), func.sum(NEGATIVE)
_HAVING: Final = {
    Judged.LIKED: _for > _against,
    Judged.DISLIKED: _against > 0,
    Judged.DIVIDED: and_(_for > 0, _against > 0),
    Judged.COMMENTED: func.sum(case((_a.c.name == USER_COMMENT, 1), else_=0)) > 0,
    Judged.CORRECTED: func.sum(case((_a.c.name == EXPECTED_RESPONSE, 1), else_=0)) > 0,
}
_newest: Final = (_m.c.timestamp.desc(), _m.c.seq.desc())
_ORDER: Final[dict[Order, tuple[Any, ...]]] = {
    Order.NEWEST: (),
    Order.VOTES: ((_for + _against).desc(),),
    Order.DISLIKED: ((_against - _for).desc(), _against.desc()),
    Order.DISAGREEMENT: (case((_for < _against, _for), else_=_against).desc(), (_for + _against).desc()),
}


def _replies(connection: Connection, wanted: Wanted) -> list[Listed]:
    by_time = wanted.order is Order.NEWEST and wanted.judged in {Judged.ANYHOW, Judged.UNJUDGED}
    found = _by_time(connection, wanted) if by_time else _by_opinions(connection, wanted)
    ids = list(connection.execute(found.limit(wanted.limit).offset(wanted.offset)).scalars())
    said = _said(connection, ids)
    rows = {row.id: row for row in connection.execute(_shown(connection).where(_m.c.id.in_(ids)))}
    return [_listed(rows[each], said[each]) for each in ids]


def _by_time(connection: Connection, wanted: Wanted) -> Any:
    """The ids of the replies, the newest first, by the index that has them so."""
    # The role as text, not as a parameter: only so does the partial index serve it.
    role = _m.c.role == literal_column(f"'{Role.ASSISTANT.value}'")
    bounds = [role, *_bounds(connection, wanted)]
    if wanted.judged is Judged.UNJUDGED:
        bounds.append(~exists().where(_BY_PEOPLE).correlate(_m))
    return select(_m.c.id).where(*bounds).order_by(*_newest)


def _by_opinions(connection: Connection, wanted: Wanted) -> Any:
    """The ids of replies that people said something of, beginning with what they said: that is less than there is."""
    # A plus keeps SQLite from beginning with all replies instead (sqlite.org/optoverview.html, section 8.2).
    sqlite = connection.dialect.name == "sqlite"
    role: ColumnElement[str] = literal_column("+messages.role") if sqlite else _m.c.role
    query = (
        select(_m.c.id)
        .join_from(_a, _m, _BY_PEOPLE)
        .where(role == Role.ASSISTANT.value, *_bounds(connection, wanted))
        .group_by(_m.c.id, _m.c.timestamp, _m.c.seq)
        .order_by(*_ORDER[wanted.order], *_newest)
    )
    having = _HAVING.get(wanted.judged)
    return query if having is None else query.having(having)


def _bounds(connection: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = [_m.c.deleted == false()]
    if wanted.since is not None:
        bounds.append(_m.c.timestamp >= wanted.since)
    if wanted.until is not None:
        bounds.append(_m.c.timestamp < wanted.until)
    if wanted.place:
        bounds.append(_m.c.conversation_id.in_(select(_c.c.id).where(_begins(connection, wanted.place))))
    if wanted.model:
        of_conversation = select(_c.c.id).where(field_of(connection, _c.c.model, "id") == wanted.model)
        without = and_(_m.c.model_id.is_(None), _m.c.conversation_id.in_(of_conversation))
        bounds.append(or_(_m.c.model_id == wanted.model, without))
    if wanted.text:
        asked = exists().where(
            _question.c.id == _m.c.question_id, _question.c.content.icontains(wanted.text, autoescape=True)
        )
        bounds.append(or_(_m.c.content.icontains(wanted.text, autoescape=True), asked.correlate(_m)))
    if wanted.unreviewed:
        review = _a.alias("review").c
        bounds.append(
            ~exists()
            .where(review.message_id == _m.c.id, review.standing == true(), review.origin.startswith(REVIEW))
            .correlate(_m)
        )
    return bounds


def _begins(connection: Connection, place: str) -> ColumnElement[bool]:
    """Conversations whose place's key begins so."""
    if connection.dialect.name == "sqlite":
        # An index serves it; Postgres's may be in the order of a language, where this would not hold.
        return and_(_c.c.place >= place, _c.c.place < place[:-1] + chr(ord(place[-1]) + 1))
    return _c.c.place.startswith(place, autoescape=True)


def _shown(connection: Connection) -> Any:
    return select(
        _m.c.id,
        _m.c.conversation_id,
        _m.c.timestamp,
        func.coalesce(_m.c.model_id, field_of(connection, _c.c.model, "id"), "").label("model"),
        _c.c.place,
        case((_question.c.deleted == true(), ""), else_=func.substr(_question.c.content, 1, EXCERPT)).label("question"),
        func.substr(_m.c.content, 1, EXCERPT).label("reply"),
        _m.c.status,
    ).select_from(
        _m.outerjoin(_c, _c.c.id == _m.c.conversation_id).outerjoin(_question, _question.c.id == _m.c.question_id)
    )


def _said(connection: Connection, ids: Collection[str]) -> dict[str, list[Any]]:
    """What people say of these replies, by the reply."""
    query = select(_a.c.message_id, _a.c.name, _a.c.value, _a.c.number, _a.c.origin).where(
        _a.c.message_id.in_(ids), _a.c.current == true(), _a.c.source_type == SourceType.HUMAN.value
    )
    said: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query.order_by(_a.c.at, _a.c.seq)):
        said[row.message_id].append(row)
    return said


def _listed(row: Any, said: Sequence[Any]) -> Listed:
    votes = [each.number for each in said if each.name == USER_FEEDBACK and each.number is not None]
    positive = sum(each > 0 for each in votes)
    return Listed(
        message_id=row.id,
        conversation_id=row.conversation_id,
        timestamp=row.timestamp,
        model=row.model,
        place=PlaceRef.parse(row.place) if row.place else None,
        question=row.question or "",
        reply=row.reply,
        status=str(ReplyStatus(row.status)),
        positive=positive,
        negative=len(votes) - positive,
        categories=_categories(said),
        comments=sum(each.name == USER_COMMENT for each in said),
        corrections=sum(each.name == EXPECTED_RESPONSE for each in said),
        reviewed=any(each.origin.startswith(REVIEW) for each in said),
    )


def _categories(said: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(each.value) for each in said if each.name == USER_CATEGORY and each.value))
