"""What is kept: the log's record types and the envelope they travel in.

A payload says what happened; the envelope says when, where, to whom, and by which key it is known, so that the same
thing told twice is kept once. Every payload can be written as the JSON that `plaudit events` prints and read back.
"""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, ClassVar, Self

from core.feedback import SourceType, Value
from core.messages import Json, MessageRef, PersonRef, PlaceRef, stable_ulid
from core.upcasting import upcast

MIMETYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The data of one record; a subclass per type, with its semantic version."""

    type: ClassVar[str]
    version: ClassVar[str] = "1.0.0"

    def to_json(self) -> dict[str, Any]:
        """Every field under its own name."""
        # Not asdict: it copies deeply, which costs more than all else that is done for a record.
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """The payload written as `data`; names that this version does not know are passed over."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})


@dataclass(frozen=True, slots=True, kw_only=True)
class StartConversation(Payload):
    """The first message of a conversation has arrived."""

    type: ClassVar[str] = "start_conversation"

    id: str
    model: Json
    """`{"id": …, "metadata": {…}}`"""
    username: str
    place: str
    """`PlaceRef.key`"""
    lasting: bool = True
    """Later messages in the same place continue it; else only replies to its messages do."""
    environment: str = ""
    branched_from: str | None = None
    """The id of the message, in another conversation, whose history this one shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMessage(Payload):
    """A message is whole: a person's as it came, the assistant's after its last edit."""

    type: ClassVar[str] = "add_message"

    id: str
    conversation_id: str
    role: str
    content: str
    rating: str = ""
    feedback: str = ""
    timestamp: str
    author: str = ""
    """The author's `PersonRef.key`; empty for the assistant."""
    parts: list[str] = field(default_factory=list)
    """`MessageRef.key` of every platform message that shows it, in order."""
    question_id: str | None = None
    retry_of: str | None = None
    """For a second answer to one question: the id of the reply that it stands beside."""
    trace_id: str | None = None
    client_request_id: str | None = None
    model: Json | None = None
    parameters: Json | None = None
    started_at: str | None = None
    first_token_at: str | None = None
    ended_at: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish_reason: str | None = None
    streaming: Json | None = None
    """How a reply felt to its readers: the fields of `core.metering.Streaming`, in seconds."""
    status: str = "complete"
    reason: str | None = None
    """Where the status is not `complete`: a short stable word for why."""
    withheld: bool = False
    """The words are not kept (any more): who asked wished it so, or they were too old; `content` is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateMessage(Payload):
    """A message was edited or deleted. An empty string, or None, leaves what was there unchanged."""

    type: ClassVar[str] = "update_message"

    id: str
    conversation_id: str
    rating: str = ""
    feedback: str = ""
    content: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndConversation(Payload):
    """The conversation is over: the next message starts another."""

    type: ClassVar[str] = "end_conversation"

    id: str
    reason: str
    """`reset` or `idle`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFeedback(Payload):
    """Someone said how good a reply is."""

    type: ClassVar[str] = "log_feedback"

    id: str
    """The id of the message that is judged."""
    conversation_id: str
    rating: str | int | float = ""
    """`like`, `dislike`, a score, or empty where this is a comment."""
    feedback: str = ""
    """The comment, or empty where this is a rating."""
    assessment_id: str
    name: str
    value: Value
    source_type: str
    source_id: str
    origin: str
    rationale: str = ""
    metadata: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogExpectation(Payload):
    """Someone said what a reply should have been."""

    type: ClassVar[str] = "log_expectation"

    id: str
    conversation_id: str
    assessment_id: str
    name: str
    value: Value
    source_type: str
    source_id: str
    origin: str
    rationale: str = ""
    metadata: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawAssessment(Payload):
    """What someone had said with this `origin` about a reply no longer stands."""

    type: ClassVar[str] = "withdraw_assessment"

    id: str
    conversation_id: str
    name: str
    source_type: str
    source_id: str
    origin: str
    metadata: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseSubject(Payload):
    """A person's text and names were erased from the log and the tables; the numbers stay."""

    type: ClassVar[str] = "erase_subject"

    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConsent(Payload):
    """A person said whether what they say from now on may be kept."""

    type: ClassVar[str] = "set_consent"

    subject: str
    """`PersonRef.key`"""
    keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseModel(Payload):
    """Someone chose which model answers in a channel from now on."""

    type: ClassVar[str] = "choose_model"

    place: str
    """`PlaceRef.key` of the channel."""
    model: str
    """Its id; empty: the usual one again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEvaluation(Payload):
    """Another model is tried on questions that were asked before. No table is folded from it or its answers."""

    type: ClassVar[str] = "start_evaluation"

    id: str
    """What the records of one evaluation have for a conversation."""
    model: Json
    """The model that answers, as in a conversation."""
    parameters: Json
    judge: Json | None
    """The model that judges."""
    prompt_version: str
    """Which words the judge is asked in."""
    options: Json
    """Which questions: what they come from (`set`), up to which `as_of`, how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAnswer(Payload):
    """Another model's answer in an evaluation. It is in no conversation, and nobody was shown it."""

    type: ClassVar[str] = "log_answer"

    id: str
    evaluation_id: str
    message_id: str
    """The reply beside which it stands; in a set that is not from this log, a name made of the question."""
    question_id: str | None
    content: str
    model: Json
    parameters: Json
    started_at: str
    ended_at: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish_reason: str | None = None
    withheld: bool = False
    """The words are not kept any more."""


RECORD_TYPES: dict[str, type[Payload]] = {
    each.type: each
    for each in (
        StartConversation,
        AddMessage,
        UpdateMessage,
        EndConversation,
        LogFeedback,
        LogExpectation,
        WithdrawAssessment,
        EraseSubject,
        SetConsent,
        ChooseModel,
        StartEvaluation,
        LogAnswer,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A payload in its envelope. `seq` and `committed_at` are None until the log has taken it."""

    id: str
    """A ULID."""
    type: str
    version: str
    topic: str
    """`<environment>.<platform>.<workspace>`"""
    at: datetime
    """When it happened, by the platform's clock where it has one (UTC)."""
    source: str
    """Who told it: a platform's name, or `plaudit`."""
    data: Json
    idempotency_key: str
    """Made of the platform's own ids: a record whose key is already in the log is not kept again."""
    conversation_id: str | None = None
    message_id: str | None = None
    subject: str | None = None
    """`PersonRef.key` of the person whose data it holds."""
    seq: int | None = None
    committed_at: datetime | None = None

    @property
    def payload(self) -> Payload:
        """The data as a value of its type. Raises KeyError for a type that this version does not know."""
        return RECORD_TYPES[self.type].from_json(self.forward.data)

    @property
    def forward(self) -> Self:
        """The record as this version would have written it, whatever version wrote it."""
        version, data = upcast(self.type, self.version, self.data)
        return self if version == self.version else replace(self, version=version, data=data)


def is_opinion(record: Record) -> bool:
    """Whether it is what a person says of a reply. What judges and checks say of a reply to them is no opinion."""
    is_said = record.type in (LogFeedback.type, LogExpectation.type)
    return is_said and record.data["source_type"] == SourceType.HUMAN.value


def envelop(
    payload: Payload,
    *,
    environment: str,
    at: datetime,
    where: MessageRef | PlaceRef | PersonRef,
    key: str,
    conversation_id: str | None = None,
    message_id: str | None = None,
    subject: str | None = None,
) -> Record:
    """`payload` in its envelope; `where` names the platform and the workspace, `key` makes it unique in the log."""
    return Record(
        id=stable_ulid(at, key),
        type=payload.type,
        version=payload.version,
        topic=f"{environment}.{where.platform}.{where.workspace}",
        at=at,
        source=where.platform,
        data=payload.to_json(),
        idempotency_key=key,
        conversation_id=conversation_id,
        message_id=message_id,
        subject=subject,
    )
