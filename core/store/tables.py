"""The log and the tables folded from it, as columns and indexes. What goes into them is `folding`'s.

No foreign keys: a record is kept whatever it speaks of (people react while the reply is still being written), and the
tables can always be folded again.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, MetaData, Table, Text, text
from sqlmodel import Field, SQLModel

from core.store.columns import SEQ, JsonData, UtcDateTime

KEPT_IN_ITS_KEY = {"sqlite_with_rowid": False}
"""One tree holds the key and the row (sqlite.org/withoutrowid.html): half the pages to write."""
_WHERE = "where"


def partial(name: str, *columns: str, where: str) -> Index:
    """An index of the rows for which `where` holds; on Postgres, once `for_postgres` has said so."""
    return Index(name, *columns, sqlite_where=text(where), info={_WHERE: where})


def for_postgres(metadata: MetaData) -> None:
    """Let the indexes be partial on Postgres, too. Not at once: it loads Postgres's dialect, 2 MB of it."""
    for index in (each for some in metadata.tables.values() for each in some.indexes if _WHERE in each.info):
        index.dialect_kwargs["postgresql_where"] = text(index.info[_WHERE])


class Base(SQLModel):
    """Every table of the store; names its constraints so that a migration can find them on SQLite too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class RecordRow(Base, table=True):
    """One record of the log."""

    __tablename__ = "records"
    __table_args__ = (
        Index("ix_records_conversation", "conversation_id", "seq"),
        partial("ix_records_subject", "subject", "seq", where="subject IS NOT NULL"),
        # A seq is never given out twice, even if the newest record were deleted.
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(default=None, sa_type=SEQ, primary_key=True)
    id: str = Field(unique=True)
    type: str
    version: str
    topic: str
    mimetype: str
    at: datetime = Field(sa_type=UtcDateTime)
    committed_at: datetime = Field(sa_type=UtcDateTime)
    source: str
    conversation_id: str | None
    message_id: str | None
    subject: str | None
    data: dict[str, Any] = Field(sa_type=JsonData)
    idempotency_key: str = Field(unique=True)


class ConversationRow(Base, table=True):
    """A conversation and where it stands."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_place", "place", "seq"),
        partial("ix_conversations_idle", "last_message_at", where="ended_at IS NULL"),
    )

    id: str = Field(primary_key=True)
    seq: int = Field(sa_type=SEQ)
    model: dict[str, Any] = Field(sa_type=JsonData)
    username: str
    place: str
    lasting: bool
    environment: str
    branched_from: str | None
    started_at: datetime = Field(sa_type=UtcDateTime)
    last_message_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    end_reason: str | None


class MessageRow(Base, table=True):
    """A message as it stands now; `seq` is the place in its conversation."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_conversation", "conversation_id", "seq"),
        # What reports count is read without the messages themselves; SQLite looks for the role there, too.
        partial("ix_messages_replies", "timestamp", "model_id", "conversation_id", "role", where="role = 'assistant'"),
        partial("ix_messages_request", "client_request_id", where="client_request_id IS NOT NULL"),
    )

    id: str = Field(primary_key=True)
    seq: int = Field(sa_type=SEQ)
    conversation_id: str
    role: str
    content: str = Field(sa_type=Text)
    rating: str
    feedback: str = Field(sa_type=Text)
    timestamp: datetime = Field(sa_type=UtcDateTime)
    author: str
    parts: list[str] = Field(sa_type=JsonData)
    question_id: str | None
    retry_of: str | None
    trace_id: str | None
    client_request_id: str | None
    model: dict[str, Any] | None = Field(sa_type=JsonData)
    model_id: str | None
    parameters: dict[str, Any] | None = Field(sa_type=JsonData)
    started_at: datetime | None = Field(sa_type=UtcDateTime)
    first_token_at: datetime | None = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    prompt_tokens: int | None
    completion_tokens: int | None
    finish_reason: str | None
    streaming: dict[str, Any] | None = Field(sa_type=JsonData)
    status: str
    reason: str | None
    withheld: bool
    deleted: bool


class MessagePartRow(Base, table=True):
    """Which message a platform's message is a part of."""

    __tablename__ = "message_parts"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    key: str = Field(primary_key=True)
    message_id: str
    position: int


class AssessmentRow(Base, table=True):
    """The last word of one source, said with one origin, on one message under one name.

    `standing`: it was not taken back. `current`: it counts (see `changes.current`). `number`: the value where it is a
    number or a boolean, for counting.
    """

    __tablename__ = "assessments"
    __table_args__ = (Index("ix_assessments_origin", "origin"), KEPT_IN_ITS_KEY)

    message_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    source_type: str = Field(primary_key=True)
    source_id: str = Field(primary_key=True)
    origin: str = Field(primary_key=True)
    seq: int = Field(sa_type=SEQ)
    at: datetime = Field(sa_type=UtcDateTime)
    assessment_id: str
    conversation_id: str
    kind: str
    value: Any = Field(sa_type=JsonData, nullable=True)
    number: float | None
    rationale: str = Field(sa_type=Text)
    details: dict[str, Any] = Field(sa_type=JsonData)
    standing: bool
    current: bool


class SubjectRow(Base, table=True):
    """What a person (`PersonRef.key`) said last of what may be kept; or that they were erased, under a pseudonym."""

    __tablename__ = "subjects"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    key: str = Field(primary_key=True)
    seq: int = Field(sa_type=SEQ)
    at: datetime = Field(sa_type=UtcDateTime)
    keep: bool
    erased_at: datetime | None = Field(sa_type=UtcDateTime)


class ModelChoiceRow(Base, table=True):
    """Which model was chosen last in a channel (`PlaceRef.key`); empty: the usual one."""

    __tablename__ = "model_choices"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    place: str = Field(primary_key=True)
    seq: int = Field(sa_type=SEQ)
    model: str


class ErasedKeyRow(Base, table=True):
    """The digest of what an erased person did, for as long as it may be told again (see `erasing`).

    It is not folded from the log, which no longer knows it.
    """

    __tablename__ = "erased_keys"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    digest: str = Field(primary_key=True)
    erased_at: datetime = Field(sa_type=UtcDateTime)


class TurnRow(Base, table=True):
    """A question that waits for its answer, or whose answer is in the making. Not folded: it is gone when that is kept.

    `number` is the order in which they came; `parts` are the `MessageRef.key` of what shows already, as JSON.
    """

    __tablename__ = "turns"
    __table_args__ = (Index("ix_turns_conversation", "conversation_id", "number"),)

    number: int | None = Field(default=None, sa_type=SEQ, primary_key=True)
    reply_id: str = Field(unique=True)
    conversation_id: str
    question_id: str
    place: str
    retry_of: str | None
    name: str
    parts: str = Field(sa_type=Text)


class LeaseRow(Base, table=True):
    """What one process is at, until a moment (seconds since 1970, by the database's clock). Not folded."""

    __tablename__ = "leases"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    name: str = Field(primary_key=True)
    owner: str
    until: float


class ConsumerRow(Base, table=True):
    """How far a named reader of the log has read. Not folded."""

    __tablename__ = "consumers"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    name: str = Field(primary_key=True)
    seq: int = Field(sa_type=SEQ)


class KeyRow(Base, table=True):
    """A secret key of ours, made by chance at its first use. Not folded."""

    __tablename__ = "keys"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    name: str = Field(primary_key=True)
    value: str


class WebKeyRow(Base, table=True):
    """A key of the HTTP interface, by its digest. Not folded."""

    __tablename__ = "web_keys"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    name: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    scopes: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(sa_type=UtcDateTime)


class SpendingRow(Base, table=True):
    """What a person (by pseudonym) or a channel has spent in a day. Not folded."""

    __tablename__ = "spending"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    who: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    turns: int = Field(sa_type=SEQ)
    tokens: int = Field(sa_type=SEQ)


class SlackInstallationRow(Base, table=True):
    """The app in one of Slack's workspaces; the token is sealed. Not folded."""

    __tablename__ = "slack_installations"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    workspace: str = Field(primary_key=True)
    name: str
    user_id: str
    bot_id: str
    scopes: str
    token: str
    installed_by: str
    installed_at: datetime = Field(sa_type=UtcDateTime)


class SlackStateRow(Base, table=True):
    """An installation that is under way, by the digest of its state. Not folded."""

    __tablename__ = "slack_states"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    digest: str = Field(primary_key=True)
    until: datetime = Field(sa_type=UtcDateTime)


class ExportRow(Base, table=True):
    """Something that was given records out of the log: those from `seq_from` to `seq_to`. Not folded.

    `stale_since`: an erasure has changed some of them, and it was not told of it yet.
    """

    __tablename__ = "exports"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    id: str = Field(primary_key=True)
    kind: str
    target: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    seq_from: int = Field(sa_type=SEQ)
    seq_to: int = Field(sa_type=SEQ)
    options: dict[str, Any] = Field(sa_type=JsonData)
    stale_since: datetime | None = Field(sa_type=UtcDateTime)


class StaleMessageRow(Base, table=True):
    """A message of which an export may hold what was erased since. Not folded."""

    __tablename__ = "stale_messages"
    __table_args__ = (KEPT_IN_ITS_KEY,)

    export_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)


FOLDED = (ConversationRow, MessageRow, MessagePartRow, AssessmentRow, SubjectRow, ModelChoiceRow)
"""The tables that can be made anew from the log."""


def table(row: type[SQLModel]) -> Table:
    """The columns of a table class, for statements that do without the ORM."""
    return Base.metadata.tables[str(row.__tablename__)]
