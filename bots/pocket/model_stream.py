"""The pocket model's stream: its chunks as bytes, and the timer that writes them when they are due.

It knows server-sent events and the clock; which answer is played, and to whom, is decided elsewhere.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import web

from bots.pocket.model_answers import Answer, Cut, ErrorObject, Interjection, QuietEnd, Stall, split_words

MODEL_ID: Final = "demo-model"
_DONE: Final = b"data: [DONE]\n\n"


@dataclass(slots=True)
class Received:
    """A request as it came, and when the tokens of its answer left (the loop's clock, seconds)."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    at: float
    token_times: list[float] = field(default_factory=list)
    finished: bool = False
    """The answer was played to its end: neither the reader nor we gave it up."""

    @property
    def first_token_at(self) -> float | None:
        """When the first piece of text was written."""
        return self.token_times[0] if self.token_times else None


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes that are due `at` seconds after the request."""

    at: float
    data: bytes
    tokens: int = 0
    """How many pieces of text they carry."""


class Playback:
    """Writes frames when they are due: one timer a stream and no task, so that hundreds of streams stay cheap."""

    def __init__(self, request: web.Request, received: Received, frames: Iterator[Frame]) -> None:
        """Begin at once; the response must have been prepared and be chunked."""
        self._request = request
        self._received = received
        self._frames = frames
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self._next = next(frames, None)
        self._timer: asyncio.Handle = self._loop.call_soon(self._play)

    def stop(self, *, finished: bool) -> None:
        """Play no more. `finished`: it came to its end."""
        self._timer.cancel()
        if not self.done.done():
            self._received.finished = finished
            self.done.set_result(None)

    def _play(self) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            self.stop(finished=False)
            return
        now = self._loop.time()
        due: list[bytes] = []
        while self._next is not None and self._received.at + self._next.at <= now:
            due.append(self._next.data)
            self._received.token_times.extend([now] * self._next.tokens)
            self._next = next(self._frames, None)
        if due:
            # Straight to the transport, already framed: aiohttp's writer costs a coroutine and a flush per token.
            data = b"".join(due)
            transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        if self._next is None:
            self.stop(finished=True)
        else:
            self._timer = self._loop.call_at(self._received.at + self._next.at, self._play)


class Encoder:
    """Chunks as bytes; what is the same in all of them is written once."""

    def __init__(self, completion_id: str, prompt_tokens: int) -> None:
        """`prompt_tokens` is what the usage chunk will say."""
        self._prompt_tokens = prompt_tokens
        head = {"id": completion_id, "object": "chat.completion.chunk", "created": int(time.time()), "model": MODEL_ID}
        self._head = orjson.dumps(head)[:-1]

    def delta(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
        """A chunk with one choice."""
        choice = orjson.dumps([{"index": 0, "delta": delta, "finish_reason": finish_reason}])
        return b'data: %b,"choices":%b}\n\n' % (self._head, choice)

    def usage(self, completion_tokens: int) -> bytes:
        """The last chunk, for those who asked for it: no choice, only the count."""
        count = orjson.dumps(usage(self._prompt_tokens, completion_tokens))
        return b'data: %b,"choices":[],"usage":%b}\n\n' % (self._head, count)


def frames(answer: Answer, encoder: Encoder, *, with_usage: bool) -> Iterator[Frame]:
    """What goes over the wire for `answer`, in order, with the moment for each."""
    at = answer.first_token_after
    step = 1 / answer.tokens_per_second if answer.tokens_per_second else 0.0
    for thought in split_words(answer.thinking):
        yield Frame(at, encoder.delta({"reasoning_content": thought}))
        at += step
    pieces = answer.pieces
    fault_at = -1 if answer.fault is None else min(getattr(answer.fault, "after", 0), len(pieces))
    for index, piece in enumerate((*pieces, None)):
        if index == fault_at:
            match answer.fault:
                case Cut() | QuietEnd():
                    return
                case ErrorObject() as fault:
                    yield Frame(at, _error(fault))
                    return
                case Stall(seconds=seconds):
                    at += seconds
                case Interjection(frame=frame):
                    yield Frame(at, frame)
        if piece is not None:
            yield Frame(at, encoder.delta({"content": piece}), tokens=1)
            at += step
    yield Frame(at, encoder.delta({}, answer.finish_reason))
    if with_usage and answer.usage:
        yield Frame(at, encoder.usage(len(pieces)))
    yield Frame(at, _DONE)


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    """The count as OpenAI writes it."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def _error(fault: ErrorObject) -> bytes:
    return b"data: %b\n\n" % orjson.dumps({"error": fault.error, "error_type": fault.error_type})
