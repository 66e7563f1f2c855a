"""A reply as OpenTelemetry's wire format has it (opentelemetry.io/docs/specs/otlp, JSON encoding): one span. Pure.

MLflow shows inputs, outputs, tokens and times from it; the trace that it belongs to is sent before.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from core.exports.mlflow.replies import Reply
from core.exports.mlflow.traces import NAME, Manner, answer_of, otlp_trace_id, question_of, times, usage

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CLIENT: Final = 3
_OK, _ERROR = 1, 2


def spans(replies: Iterable[Reply], manner: Manner) -> dict[str, Any]:
    """The body of `POST /v1/traces`."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [_attribute("service.name", "plaudit")]},
                "scopeSpans": [{"scope": {"name": "plaudit"}, "spans": [_span(each, manner) for each in replies]}],
            }
        ]
    }


def _span(reply: Reply, manner: Manner) -> dict[str, Any]:
    start, end = times(reply)
    events = []
    if reply.first_token_at is not None:
        events.append({"name": "first token", "timeUnixNano": _nanoseconds(reply.first_token_at)})
    return {
        "traceId": otlp_trace_id(reply.id),
        "spanId": hashlib.sha256(reply.id.encode()).hexdigest()[:16],
        "name": NAME,
        "kind": _CLIENT,
        "startTimeUnixNano": _nanoseconds(start),
        "endTimeUnixNano": _nanoseconds(end),
        "attributes": [_attribute(name, each) for name, each in _attributes(reply, manner).items() if each],
        "events": events,
        "status": {"code": _OK if reply.is_whole else _ERROR, **({"message": reply.reason} if reply.reason else {})},
    }


def _attributes(reply: Reply, manner: Manner) -> dict[str, Any]:
    question, answer = question_of(reply, manner), answer_of(reply, manner)
    # In the form of the chat completion API, which MLflow shows as a chat.
    said = {"role": "assistant", "content": answer}
    return {
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.spanInputs": {"messages": [{"role": "user", "content": question}]} if question else None,
        "mlflow.spanOutputs": {"choices": [{"index": 0, "message": said}]} if answer else None,
        "mlflow.chat.tokenUsage": usage(reply),
        "mlflow.llm.model": reply.model_id,
        "session.id": reply.conversation_id,
        "user.id": manner.person(reply.asker) if reply.asker else None,
    }


def _attribute(name: str, value: Any) -> dict[str, Any]:
    return {"key": name, "value": _any(value)}


def _any(value: Any) -> dict[str, Any]:
    """An AnyValue."""
    match value:
        case int():
            return {"intValue": str(value)}
        case Mapping():
            return {"kvlistValue": {"values": [_attribute(name, each) for name, each in value.items()]}}
        case list():
            return {"arrayValue": {"values": [_any(each) for each in value]}}
    return {"stringValue": str(value)}


def _nanoseconds(moment: datetime) -> str:
    return str((moment - _EPOCH) // timedelta(microseconds=1) * 1_000)
