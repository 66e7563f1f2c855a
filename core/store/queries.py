"""The reads of the store's port as SQL, each served by an index.

The statements are made once, with named parameters: composing one costs more than running it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, exists, false, func, literal_column, select, true, union

from core.feedback import Assessment, SourceType
from core.messages import Conversation, Message, MessageRef, PlaceRef, Role, least_ulid
from core.store.erasing import PSEUDONYM_MARK, names_of
from core.store.tables import (
    AssessmentRow,
    ConversationRow,
    MessagePartRow,
    MessageRow,
    ModelChoiceRow,
    RecordRow,
    SubjectRow,
    table,
)
from core.store.values import ASSESSMENT, CONVERSATION, MESSAGE, as_assessment, as_conversation, as_message, as_messages

_c = table(ConversationRow).c
_m = table(MessageRow).c
_p = table(MessagePartRow).c
_a = table(AssessmentRow).c
_s = table(SubjectRow).c

_conversation = select(*(_c[name] for name in CONVERSATION))
_branch = select(_c.branched_from).where(_c.id == bindparam("id"))
_by_id = _conversation.where(_c.id == bindparam("id"))
_latest = _conversation.where(_c.place == bindparam("place"), _c.lasting == true()).order_by(_c.seq.desc()).limit(1)
_idle = _conversation.where(_c.ended_at.is_(None), _c.last_message_at < bindparam("before")).order_by(
    _c.last_message_at, _c.seq
)

_message = select(*(_m[name] for name in MESSAGE))
_place_of = select(_m.conversation_id, _m.seq).where(_m.id == bindparam("id"))
_message_by_id = _message.where(_m.id == bindparam("id"))
_people = union(
    select(table(RecordRow).c.subject).where(table(RecordRow).c.subject.is_not(None)),
    select(_m.author).where(_m.author != ""),
    select(_a.source_id).where(_a.source_type == SourceType.HUMAN.value),
)
_authors = select(_m.id, _m.author).where(_m.id.in_(bindparam("ids", expanding=True)))
_by_part = _message.where(_m.id == select(_p.message_id).where(_p.key == bindparam("key")).scalar_subquery())
_there = _message.where(_m.conversation_id == bindparam("id"), _m.deleted == false()).order_by(_m.seq.desc())
# As text for the driver, and with the columns as they are kept: a prompt waits for hundreds of these rows.
_NEWEST = (
    "SELECT id, role, content, timestamp, author, {parts}, question_id, status FROM messages "
    "WHERE conversation_id = {0} AND deleted = FALSE AND seq <= {1} ORDER BY seq DESC LIMIT {2}"
)
_NEWEST_ON = {
    "sqlite": _NEWEST.format("?", "?", "?", parts="parts"),
    "postgresql": _NEWEST.format("$1", "$2", "$3", parts="parts::text"),
}
_ANY_SEQ: Final = 2**62
# The role as text, not as a parameter: only so does the partial index serve it.
_recent_replies = _message.where(
    _m.role == literal_column(f"'{Role.ASSISTANT.value}'"),
    _m.timestamp >= bindparam("since"),
    _m.deleted == false(),
).order_by(_m.timestamp.desc(), _m.seq.desc())
_replies_before = _recent_replies.where(_m.timestamp < bindparam("before"))
_answer = table(MessageRow).alias("answer").c
_unanswered = (
    _message.where(
        _m.id >= bindparam("first"),
        _m.id < bindparam("end"),
        _m.role == Role.USER.value,
        _m.deleted == false(),
        # By the conversation, which has an index.
        ~exists().where(_answer.conversation_id == _m.conversation_id, _answer.question_id == _m.id),
        ~exists().where(_c.id == _m.conversation_id, _c.ended_at.is_not(None)),
    )
).order_by(_m.id)
_last_reply = _there.where(_m.role == Role.ASSISTANT.value).limit(1)

_assessment = select(*(_a[name] for name in ASSESSMENT)).order_by(_a.at, _a.seq)
_current = _assessment.where(_a.message_id == bindparam("id"), _a.current == true())
_theirs = _a.source_id.not_like(f"%{PSEUDONYM_MARK}%")
_standing = _assessment.where(_a.message_id == bindparam("id"), _a.standing == true(), _theirs)
_standing_of = _standing.where(_a.source_id == bindparam("person"))
_from_origin = _assessment.where(_a.origin == bindparam("origin"), _a.standing == true(), _theirs).limit(1)

_last_said = select(func.max(_a.at)).where(
    _a.message_id == bindparam("id"),
    _a.name.in_(bindparam("names", expanding=True)),
    _a.source_type == SourceType.HUMAN.value,
    _a.source_id == bindparam("person"),
)

_choices = table(ModelChoiceRow).c
_choice = select(_choices.model).where(_choices.place == bindparam("place"))

_consent = select(_s.keep).where(_s.key.in_(bindparam("keys", expanding=True))).order_by(_s.at.desc(), _s.seq.desc())
_consented_at = select(func.max(_s.at)).where(_s.key.in_(bindparam("keys", expanding=True)))


def authors(connection: Connection, message_ids: Collection[str]) -> list[tuple[str, str]]:
    """The ids of those of the messages that are there, each with its author."""
    return [(id_, author) for id_, author in connection.execute(_authors, {"ids": message_ids})]


def people(connection: Connection) -> set[str]:
    """The `PersonRef.key` of everyone of whom there is something, be they erased or not; it takes a look at all."""
    return set(connection.execute(_people).scalars())


def latest_conversation(connection: Connection, place: PlaceRef) -> Conversation | None:
    """The newest conversation that was started in a lasting place, ended or not."""
    row = connection.execute(_latest, {"place": place.key}).first()
    return None if row is None else as_conversation(row)


def conversation(connection: Connection, conversation_id: str) -> Conversation | None:
    """The conversation of this id."""
    row = connection.execute(_by_id, {"id": conversation_id}).first()
    return None if row is None else as_conversation(row)


def idle_conversations(connection: Connection, before: datetime) -> list[Conversation]:
    """The open conversations without a message since `before`, the longest idle first."""
    return [as_conversation(row) for row in connection.execute(_idle, {"before": before})]


def recent_replies(
    connection: Connection, since: datetime, before: datetime | None, limit: int | None
) -> list[Message]:
    """The assistant's messages in [`since`, `before`) that are not deleted, newest first.

    Of the timestamp of the last there are all, be there more than `limit`.
    """
    query, bounds = _recent_replies, {"since": since}
    if before is not None:
        query, bounds = _replies_before, {"since": since, "before": before}
    if limit is None:
        return [as_message(row) for row in connection.execute(query, bounds).all()]
    page = [as_message(row) for row in connection.execute(query.limit(limit), bounds).all()]
    if len(page) < limit or not page:
        return page
    oldest = page[-1].timestamp
    newer = [each for each in page if each.timestamp > oldest]
    at_once = _recent_replies.where(_m.timestamp <= bindparam("oldest"))
    return newer + [as_message(row) for row in connection.execute(at_once, {"since": oldest, "oldest": oldest}).all()]


def unanswered(connection: Connection, since: datetime, before: datetime) -> list[Message]:
    """The questions asked in [`since`, `before`) that are not deleted and have no reply, the first one first."""
    bounds = {"first": least_ulid(since), "end": least_ulid(before)}
    return [as_message(row) for row in connection.execute(_unanswered, bounds)]


def message(connection: Connection, message_id: str) -> Message | None:
    """The message of this id, be it deleted or not."""
    row = connection.execute(_message_by_id, {"id": message_id}).first()
    return None if row is None else as_message(row)


def message_at(connection: Connection, ref: MessageRef) -> Message | None:
    """The message of which `ref` is a part, be it deleted or not."""
    row = connection.execute(_by_part, {"key": ref.key}).first()
    return None if row is None else as_message(row)


def last_reply(connection: Connection, conversation_id: str) -> Message | None:
    """The newest message of the assistant that is still there."""
    row = connection.execute(_last_reply, {"id": conversation_id}).first()
    return None if row is None else as_message(row)


def assessments(connection: Connection, message_id: str) -> list[Assessment]:
    """The assessments of a message that count, oldest first."""
    return [as_assessment(row) for row in connection.execute(_current, {"id": message_id})]


def standing_assessments(connection: Connection, message_id: str, person: str | None) -> list[Assessment]:
    """The assessments of a message that were not taken back, oldest first; of one person, or of all."""
    rows = connection.execute(_standing_of if person else _standing, {"id": message_id, "person": person})
    return [as_assessment(row) for row in rows]


def last_said(connection: Connection, message_id: str, person: str, names: Collection[str]) -> datetime | None:
    """When a person last said something of a message under these names, or took it back; None: never."""
    bounds = {"id": message_id, "person": person, "names": list(names)}
    at: datetime | None = connection.execute(_last_said, bounds).scalar()
    return at


def assessment_from(connection: Connection, origin: str) -> Assessment | None:
    """The standing assessment that came from `origin`."""
    row = connection.execute(_from_origin, {"origin": origin}).first()
    return None if row is None else as_assessment(row)


def opted_out(connection: Connection, person: str) -> bool:
    """Whether a person said last that nothing of theirs may be kept."""
    keep = connection.execute(_consent, {"keys": names_of(person)}).scalar()
    return keep is not None and not keep


def consented_at(connection: Connection, person: str) -> datetime | None:
    """When a person last said what may be kept; None: never."""
    at: datetime | None = connection.execute(_consented_at, {"keys": names_of(person)}).scalar()
    return at


def chosen_model(connection: Connection, place: str) -> str:
    """The model that was chosen last in the channel of this key; empty for the usual one."""
    return connection.execute(_choice, {"place": place}).scalar() or ""


class Messages:
    """Where a walk through a history finds its messages: see `history.MessageSource`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def place_of(self, message_id: str) -> tuple[str, int] | None:
        """The conversation that a message is in, and its seq there."""
        row = self._connection.execute(_place_of, {"id": message_id}).first()
        return None if row is None else (row.conversation_id, row.seq)

    def branched_from(self, conversation_id: str) -> str | None:
        """The message, in another conversation, whose history this one shares."""
        branch: str | None = self._connection.execute(_branch, {"id": conversation_id}).scalar()
        return branch

    def newest(self, conversation_id: str, *, limit: int, up_to: int | None) -> list[Message]:
        """The newest messages of one conversation that are not deleted and not after seq `up_to`, newest first."""
        bounds = (conversation_id, _ANY_SEQ if up_to is None else up_to, limit)
        rows = self._connection.exec_driver_sql(_NEWEST_ON[self._connection.dialect.name], bounds).all()
        return as_messages(conversation_id, rows)
