"""Replies with all that MLflow is to know of them, read out of the tables some hundred at a time."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Connection, bindparam, false, or_, select

from core.messages import Json, PlaceRef, ReplyStatus, Role
from core.records import Record
from core.store import log
from core.store.engine import Database
from core.store.erasing import is_erased, names_of
from core.store.tables import AssessmentRow, ConversationRow, MessageRow, SubjectRow, table

_PAGE: Final = 1_000
_m, _a, _c, _s = (table(row).c for row in (MessageRow, AssessmentRow, ConversationRow, SubjectRow))
_SAID: Final = (
    "id",
    "conversation_id",
    "content",
    "timestamp",
    "question_id",
    "retry_of",
    "client_request_id",
    "model_id",
    "started_at",
    "first_token_at",
    "ended_at",
    "prompt_tokens",
    "completion_tokens",
    "finish_reason",
    "status",
    "reason",
    "withheld",
    "deleted",
)
_ids: BindParameter[Any] = bindparam("ids", expanding=True)
_is_reply = _m.role == Role.ASSISTANT.value
_conversations_of = select(_m.conversation_id).where(_m.id.in_(_ids))
_replies_to = select(_m.id).where(
    _is_reply,
    # By the conversation, which has an index.
    or_(_m.id.in_(_ids), _m.conversation_id.in_(_conversations_of) & _m.question_id.in_(_ids)),
)
_replies = select(*(_m[name] for name in _SAID)).where(_is_reply, _m.id.in_(_ids)).order_by(_m.seq)
_questions = select(_m.id, _m.author, _m.content, _m.withheld, _m.deleted).where(_m.id.in_(_ids))
_places = select(_c.id, _c.place, _c.environment, _c.model).where(_c.id.in_(_ids))
_opinions = select(
    _a.message_id,
    _a.name,
    _a.kind,
    _a.value,
    _a.source_type,
    _a.source_id,
    _a.origin,
    _a.at,
    _a.assessment_id,
    _a.rationale,
    _a.details,
    _a.current,
).where(_a.message_id.in_(_ids))
_unwilling = select(_s.key).where(_s.keep == false())


class Opinion(NamedTuple):
    """The last word of one source, with one origin, on one reply under one name; it may have been taken back."""

    message_id: str
    name: str
    kind: str
    """`feedback`, `expectation`; empty where it was taken back."""
    value: Any
    source_type: str
    source_id: str
    origin: str
    at: datetime
    assessment_id: str
    rationale: str
    details: Json
    current: bool
    """It counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply as it stands now, with the question that it answers."""

    id: str
    conversation_id: str
    content: str
    timestamp: datetime
    question_id: str | None
    retry_of: str | None
    client_request_id: str | None
    model_id: str | None
    started_at: datetime | None
    first_token_at: datetime | None
    ended_at: datetime | None
    prompt_tokens: int | None
    completion_tokens: int | None
    finish_reason: str | None
    status: str
    reason: str | None
    withheld: bool
    deleted: bool
    question: str = ""
    """Empty also where the words are not kept."""
    asker: str = ""
    """A `PersonRef.key`; empty where it is not known, or not to be known."""
    place: PlaceRef | None = None
    environment: str = ""
    opinions: Sequence[Opinion] = ()

    @property
    def is_whole(self) -> bool:
        """The model said all that it had to say."""
        return self.status == ReplyStatus.COMPLETE.value

    @property
    def shows_words(self) -> bool:
        """Its words are kept, and nobody has taken it away."""
        return not (self.withheld or self.deleted)


@dataclass(frozen=True, slots=True)
class Page:
    """Replies as they were when the newest record was `as_of`."""

    as_of: int
    replies: Sequence[Reply]
    left_out: Sequence[str]
    """The ids of those of which nothing may leave: who asked was erased, or wants nothing kept."""


class Replies:
    """The replies of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def touched(self, records: Iterable[Record]) -> list[str]:
        """The ids of the replies of which `records` say something, in their order."""
        messages = dict.fromkeys(_messages_of(records))
        for record in records:
            if record.type == "set_consent":
                messages |= dict.fromkeys(await self._of_person(record.data["subject"]))
        return await self.of_messages(list(messages))

    async def of_messages(self, message_ids: Sequence[str]) -> list[str]:
        """The ids of the replies among messages, and of the replies to them, in the order of `message_ids`."""
        found: list[str] = []
        for start in range(0, len(message_ids), _PAGE):
            ids = message_ids[start : start + _PAGE]
            found += await self._database.read(partial(_replies_among, ids=ids))
        order = {id_: place for place, id_ in enumerate(message_ids)}
        return sorted(dict.fromkeys(found), key=lambda id_: (order.get(id_, len(order)), id_))

    async def page(self, reply_ids: Collection[str]) -> Page:
        """The replies of these ids that are there."""
        return await self._database.read(partial(_page, ids=list(reply_ids)))

    async def privacy(self) -> frozenset[str]:
        """Changes whenever someone is erased, or says that nothing of theirs may be kept."""
        return await self._database.read(_private)

    async def _of_person(self, person: str) -> list[str]:
        found: list[str] = []
        after = 0
        while page := await self._database.read(partial(log.read_subject, subject=person, after=after, limit=_PAGE)):
            found += [record.message_id for record in page if record.message_id]
            after = page[-1].seq or after
        return found


_OF_MESSAGES: Final = ("update_message", "log_feedback", "log_expectation", "withdraw_assessment")


def _messages_of(records: Iterable[Record]) -> Iterator[str]:
    """The ids of the messages that the records change. A question is told of with its reply."""
    for record in records:
        is_reply = record.type == "add_message" and record.data["role"] == Role.ASSISTANT.value
        if is_reply or record.type in _OF_MESSAGES:
            yield record.data["id"]


def _replies_among(connection: Connection, ids: Sequence[str]) -> list[str]:
    return list(connection.execute(_replies_to, {"ids": ids}).scalars())


def _private(connection: Connection) -> frozenset[str]:
    return frozenset(
        connection.execute(select(_s.key).where(or_(_s.keep == false(), _s.erased_at.is_not(None)))).scalars()
    )


def _page(connection: Connection, ids: Sequence[str]) -> Page:
    as_of = log.newest(connection)  # before all else: what comes meanwhile is read again
    unwilling = set(connection.execute(_unwilling).scalars())

    def is_private(person: str) -> bool:
        return bool(person) and not unwilling.isdisjoint(names_of(person))

    rows = [dict(row) for row in connection.execute(_replies, {"ids": ids}).mappings()]
    questions = {row.id: row for row in connection.execute(_questions, {"ids": _named(rows, "question_id")})}
    places = {row.id: row for row in connection.execute(_places, {"ids": _named(rows, "conversation_id")})}
    opinions = _opinions_on(connection, ids, is_private)
    replies, left_out = [], []
    for row in rows:
        question = questions.get(row["question_id"])
        asker = question.author if question is not None else ""
        # Who wants nothing kept when they ask is not named with their question.
        if is_erased(asker) or is_private(asker) or (row["withheld"] and not asker):
            left_out.append(row["id"])
            continue
        there = places.get(row["conversation_id"])
        if there is not None:
            row["model_id"] = row["model_id"] or (there.model or {}).get("id")
            row |= {"place": PlaceRef.parse(there.place), "environment": there.environment}
        shows = question is not None and not (question.withheld or question.deleted)
        words = question.content if question is not None and shows else ""
        replies.append(Reply(**row, question=words, asker=asker, opinions=opinions.get(row["id"], ())))
    return Page(as_of, replies, left_out)


def _named(rows: Iterable[dict[str, Any]], column: str) -> list[str]:
    return list({row[column] for row in rows if row[column]})


def _opinions_on(connection: Connection, ids: Sequence[str], is_private: Any) -> dict[str, list[Opinion]]:
    """What was said of each reply. What someone said who wants nothing kept any more counts as taken back."""
    found: dict[str, list[Opinion]] = {}
    for row in connection.execute(_opinions, {"ids": ids}):
        opinion = Opinion._make(row)
        if opinion.current and is_private(opinion.source_id):
            opinion = opinion._replace(current=False)
        found.setdefault(opinion.message_id, []).append(opinion)
    return found
