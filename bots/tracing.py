"""A span for each reply, for whoever collects OpenTelemetry's traces: model, tokens, times, no words.

The names are the GenAI semantic conventions' (opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans). A span is made
once its reply is in the log, from what the log says; the exporter works in a thread of its own, off every reply's path.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from ulid import ULID

from core.errors import SettingsError
from core.messages import Json
from core.watching import COUNTED

_NANOSECONDS: Final = 1_000_000_000
_MICROSECOND: Final = 1_000
_PARAMETERS: Final = ("max_tokens", "temperature", "top_p", "seed")


@asynccontextmanager
async def tracing(endpoint: str) -> AsyncIterator[None]:
    """Send spans to a collector's address (without `/v1/traces`) while the block lasts; the rest is sent at its end.

    Raises SettingsError for an address that is none, and where the extra `tracing` is not installed.
    """
    if urlsplit(endpoint).scheme not in {"http", "https"}:
        raise SettingsError(f"OTEL_EXPORTER_OTLP_ENDPOINT is {endpoint!r}: write http://HOST:4318.")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - the same
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - the same
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - the same
    except ImportError as error:
        raise SettingsError("Spans need the extra `tracing`: pip install 'plaudit[tracing]'.") from error
    provider = TracerProvider(resource=Resource.create({"service.name": "plaudit"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    tracer = provider.get_tracer("plaudit")

    def told(platform: str, reply: Json) -> None:
        _span(tracer, platform, reply)

    COUNTED.on_reply.append(told)
    try:
        yield
    finally:
        COUNTED.on_reply.remove(told)
        await asyncio.to_thread(provider.shutdown)  # it sends what is left


def _span(tracer: Any, platform: str, reply: Json) -> None:
    began, ended = reply.get("started_at"), reply.get("ended_at")
    if not began or not ended:
        return
    from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415 - an extra

    model = (reply.get("model") or {}).get("id", "")
    span = tracer.start_span(
        f"chat {model}",
        context=_of(reply),
        kind=SpanKind.CLIENT,
        start_time=_nanoseconds(began),
        attributes=_attributes(platform, model, reply),
    )
    if first := reply.get("first_token_at"):
        span.add_event("first token", timestamp=_nanoseconds(first))
    if reply.get("status") != "complete":
        span.set_status(StatusCode.ERROR, str(reply.get("reason") or reply.get("status")))
        span.set_attribute("error.type", str(reply.get("reason") or "_OTHER"))
    span.end(end_time=_nanoseconds(ended))


def _of(reply: Json) -> Any:
    """The context in which the span has our trace id: the same sixteen bytes as the ULID in the log."""
    from opentelemetry import trace  # noqa: PLC0415 - an extra
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags  # noqa: PLC0415 - the same

    number = int(ULID.from_str(str(reply["trace_id"])))
    parent = SpanContext(number, number & (2**64 - 1) or 1, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(parent))


def _attributes(platform: str, model: str, reply: Json) -> dict[str, Any]:
    parameters = reply.get("parameters") or {}
    found = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": model,
        "gen_ai.conversation.id": reply.get("conversation_id"),
        "gen_ai.usage.input_tokens": reply.get("prompt_tokens"),
        "gen_ai.usage.output_tokens": reply.get("completion_tokens"),
        "gen_ai.response.finish_reasons": [reply["finish_reason"]] if reply.get("finish_reason") else None,
        "gen_ai.response.id": reply.get("id"),
        "plaudit.platform": platform,
        "plaudit.status": reply.get("status"),
        **{f"gen_ai.request.{name}": parameters.get(name) for name in _PARAMETERS},
        **{f"plaudit.streaming.{name}": value for name, value in (reply.get("streaming") or {}).items()},
    }
    return {name: value for name, value in found.items() if value is not None}


def _nanoseconds(moment: str) -> int:
    at = datetime.fromisoformat(moment)
    return int(at.timestamp()) * _NANOSECONDS + at.microsecond * _MICROSECOND
