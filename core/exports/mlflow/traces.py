"""A reply as MLflow's REST API takes it: a trace and its assessments. Pure.

The words are MLflow's (mlflow.org/docs/latest/rest-api.html, TraceInfoV3 and Assessment in its service.proto). Ids are
made of ours: the same reply, or the same person's opinion under the same name, always has the same.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from ulid import ULID

from core.exports.mlflow.replies import Opinion, Reply
from core.feedback import BEST_SCORE, USER_CATEGORY, USER_COMMENT, SourceType
from core.store.columns import to_iso_text

NAME: Final = "reply"
"""What a trace and its one span are called."""
_PREVIEW: Final = 1_000
"""Characters; the width of MLflow's columns."""
_SIDE_BY_SIDE: Final = (USER_CATEGORY, USER_COMMENT)
"""Names under which one person says several things."""
_PLAIN: Final = frozenset({"platform", "channel", "segment", "emoji"})
"""What the details of a person's opinion say in words that are nobody's."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How people and words leave."""

    pseudonym: Callable[[str], str]
    """The name of a person (`PersonRef.key`) in everything that is given away."""
    named: bool = False
    """People are called by their `PersonRef.key` instead."""
    text: bool = True
    """What people and the assistant wrote is sent too."""

    @property
    def told(self) -> str:
        """In a line, so that another manner can be told from it: another key for the pseudonyms makes one."""
        people = "id" if self.named else "pseudonym"
        return f"people={people} text={str(self.text).lower()} key={self.pseudonym('')}"

    def person(self, key: str) -> str:
        """What a person is called there."""
        return key if self.named else self.pseudonym(key)


def otlp_trace_id(reply_id: str) -> str:
    """The trace of a reply as OpenTelemetry writes it: 32 hexadecimal digits, the ULID's own 16 bytes."""
    try:
        return ULID.from_str(reply_id).bytes.hex()
    except ValueError:
        return hashlib.sha256(reply_id.encode()).hexdigest()[:32]


def trace_id(reply_id: str) -> str:
    """The same as MLflow writes it."""
    return f"tr-{otlp_trace_id(reply_id)}"


def times(reply: Reply) -> tuple[datetime, datetime]:
    """When the model was asked, and when it was done."""
    start = reply.started_at or reply.timestamp
    return start, max(reply.ended_at or reply.timestamp, start)


def trace(reply: Reply, experiment_id: str, manner: Manner) -> dict[str, Any]:
    """The body of `POST /api/3.0/mlflow/traces`."""
    start, end = times(reply)
    info = {
        "trace_id": trace_id(reply.id),
        "client_request_id": reply.client_request_id,
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": experiment_id},
        },
        # Empty text overwrites what was there; nothing would leave it.
        "request_preview": _cut(question_of(reply, manner)),
        "response_preview": _cut(answer_of(reply, manner)),
        "request_time": _timestamp(start),
        "execution_duration": f"{(end - start).total_seconds():.3f}s",
        "state": "OK" if reply.is_whole else "ERROR",
        "trace_metadata": _metadata(reply, manner),
        "tags": _tags(reply),
        "assessments": [assessment(each, manner) for each in counting(reply.opinions)],
    }
    return {"trace": {"trace_info": {name: each for name, each in info.items() if each is not None}}}


def question_of(reply: Reply, manner: Manner) -> str:
    """The words of the question that may leave."""
    return reply.question if manner.text else ""


def answer_of(reply: Reply, manner: Manner) -> str:
    """The words of the reply that may leave."""
    return reply.content if manner.text and reply.shows_words else ""


def usage(reply: Reply) -> dict[str, int]:
    """The tokens, where the model told them."""
    if reply.prompt_tokens is None or reply.completion_tokens is None:
        return {}
    prompt, completion = reply.prompt_tokens, reply.completion_tokens
    return {"input_tokens": prompt, "output_tokens": completion, "total_tokens": prompt + completion}


def counting(opinions: Iterable[Opinion]) -> list[Opinion]:
    """Those that count and say something."""
    return [each for each in opinions if each.current and each.value is not None]


def withdrawn(reply: Reply, manner: Manner) -> list[str]:
    """The ids of assessments that may have been sent and must not be there any more."""
    stand = {assessment_id(each, manner) for each in counting(reply.opinions)}
    return sorted({assessment_id(each, manner) for each in reply.opinions} - stand)


def assessment_id(opinion: Opinion, manner: Manner) -> str:
    """One for what one source says of one reply under one name; the same when they change their mind."""
    source = opinion.source_id
    if opinion.source_type == SourceType.HUMAN.value:
        source = manner.pseudonym(source)
    slot = opinion.origin if opinion.name in _SIDE_BY_SIDE else ""
    told = f"{opinion.message_id}|{opinion.name}|{opinion.source_type}|{source}|{slot}"
    return f"a-{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def assessment(opinion: Opinion, manner: Manner) -> dict[str, Any]:
    """One element of a trace's `assessments`."""
    by_person = opinion.source_type == SourceType.HUMAN.value
    at = _timestamp(opinion.at)
    metadata = {"plaudit.assessment_id": opinion.assessment_id, "plaudit.origin": opinion.origin.split(":", 1)[0]}
    metadata |= {
        f"plaudit.{name}": _as_text(each)
        for name, each in opinion.details.items()
        if each is not None and (name in _PLAIN or not by_person or isinstance(each, bool | int | float))
    }
    if (score := _score(opinion)) is not None:
        metadata["plaudit.score"] = str(score)
    value = {"value": _value(opinion, manner)}
    return {
        "assessment_id": assessment_id(opinion, manner),
        "trace_id": trace_id(opinion.message_id),
        "assessment_name": opinion.name,
        "source": {
            "source_type": opinion.source_type,
            "source_id": manner.person(opinion.source_id) if by_person else opinion.source_id,
        },
        "create_time": at,
        "last_update_time": at,
        **({"expectation": value} if opinion.kind == "expectation" else {"feedback": value, "valid": True}),
        **({"rationale": opinion.rationale} if opinion.rationale and manner.text else {}),
        "metadata": metadata,
    }


def _score(opinion: Opinion) -> int | None:
    """What a person gave out of five, where it is that."""
    value = opinion.value
    is_score = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= BEST_SCORE
    return value if is_score and opinion.source_type == SourceType.HUMAN.value else None


def _value(opinion: Opinion, manner: Manner) -> Any:
    """The value as MLflow has it: scores normalised to 0.2 … 1.0."""
    if (score := _score(opinion)) is not None:
        return score / BEST_SCORE
    is_chosen = opinion.name == USER_CATEGORY or not isinstance(opinion.value, str)
    return opinion.value if is_chosen or manner.text else ""


def _metadata(reply: Reply, manner: Manner) -> dict[str, str]:
    """What a trace says that never changes."""
    told = {
        "mlflow.trace.session": reply.conversation_id,
        "mlflow.trace.user": manner.person(reply.asker) if reply.asker else "",
        "mlflow.trace.tokenUsage": orjson.dumps(usage(reply)).decode() if usage(reply) else "",
        "plaudit.message_id": reply.id,
        "plaudit.question_id": reply.question_id or "",
        "plaudit.retry_of": reply.retry_of or "",
        "plaudit.reason": reply.reason or "",
        "plaudit.finish_reason": reply.finish_reason or "",
    }
    if reply.first_token_at is not None:
        waited = (reply.first_token_at - times(reply)[0]).total_seconds()
        told["plaudit.seconds_to_first_token"] = f"{waited:.3f}"
    return {name: each for name, each in told.items() if each}


def _tags(reply: Reply) -> dict[str, str]:
    """What traces are looked for by."""
    told = {"mlflow.traceName": NAME, "model": reply.model_id or "", "status": reply.status}
    if reply.place is not None:
        told |= {
            "platform": reply.place.platform,
            "workspace": reply.place.workspace,
            "channel": reply.place.channel,
            "environment": reply.environment,
        }
    return {name: each for name, each in told.items() if each}


def _timestamp(moment: datetime) -> str:
    return to_iso_text(moment).replace("+00:00", "Z")


def _cut(text: str) -> str:
    return text if len(text) <= _PREVIEW else f"{text[: _PREVIEW - 1]}…"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
