"""What goes in and out of the HTTP interface: names, sizes and bounds. The words are those of MLflow's guide."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from fastapi import Header, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from core.messages import ReplyStatus

_ID = r"^[A-Za-z0-9_.:@/+=-]+$"


def _storable(text: str) -> str:
    # Postgres keeps no NUL, and no database half a surrogate pair.
    if "\x00" in text or (not text.isprintable() and any("\ud800" <= each <= "\udfff" for each in text)):
        raise ValueError("holds a character that cannot be kept (NUL, or half of a surrogate pair)")
    return text


def _words(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty: ask something")
    return text.strip()


Text: TypeAlias = Annotated[str, AfterValidator(_storable)]
UserId: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_ID)]
Score: TypeAlias = Annotated[int, Field(ge=1, le=5, strict=True)]

XUserId: TypeAlias = Annotated[
    UserId | None, Header(alias="X-User-ID", description="Who asks or judges, by your own id for them.")
]
XSessionId: TypeAlias = Annotated[
    UserId | None,
    Header(alias="X-Session-ID", description="What belongs together: one person's session is one conversation."),
]
TraceId: TypeAlias = Annotated[str | None, Query(max_length=64, description="The reply's, as `/chat` gave it.")]
ClientRequestId: TypeAlias = Annotated[
    str | None,
    Query(max_length=64, description="The request's, as `/chat` gave it, or of a platform's question."),
]


class Body(BaseModel):
    """What is sent: a name that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class Question(Body):
    """A question, perhaps in a conversation that goes on."""

    message: Annotated[Text, AfterValidator(_words), StringConstraints(max_length=50_000)] = Field(
        description="What to answer, as Markdown or plain text."
    )
    conversation_id: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        None, description="The conversation that it goes on with, as an answer named it."
    )


class Reply(BaseModel):
    """A whole answer."""

    response: str = Field(description="The whole answer, as Markdown.")
    trace_id: str = Field(description="What feedback names.")
    client_request_id: str = Field(description="The same by the question, known before the answer is.")
    conversation_id: str = Field(description="What the next question names to go on with it.")
    status: ReplyStatus = Field(ReplyStatus.COMPLETE, description="How the writing ended; `note` says why.")
    note: str = Field("", description="What there is to say beside it: the answer reached its length limit, …")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An event of a stream: more of the answer."""

    type: str = "token"
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The last event of a stream: the answer is whole, and can be judged."""

    type: str = "done"
    trace_id: str
    client_request_id: str
    conversation_id: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The last event of a stream that broke off; with a trace id, the answer so far can be judged."""

    type: str = "error"
    error: str
    trace_id: str | None
    client_request_id: str


class BinaryFeedback(Body):
    """A vote."""

    is_correct: Annotated[bool, Field(strict=True, description="Whether the answer is good: 👍 or 👎.")]
    comment: Annotated[Text, StringConstraints(max_length=10_000)] | None = Field(
        None, description="Why: the rationale of the vote."
    )


class DetailedFeedback(Body):
    """Scores from 1 (bad) to 5 (good)."""

    accuracy: Score
    helpfulness: Score
    relevance: Score
    user_id: UserId
    comment: Annotated[Text, StringConstraints(max_length=10_000)] | None = Field(
        None, description="Why: the rationale of the accuracy."
    )


class FeedbackKept(BaseModel):
    """What was said counts."""

    status: Literal["success"] = "success"
    trace_id: str


class DetailedFeedbackKept(FeedbackKept):
    """What was said counts."""

    feedback_recorded: dict[str, int]
