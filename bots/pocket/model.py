"""A language model's endpoint in a box: `GET /v1/models` and `POST /v1/chat/completions`, OpenAI's wire format.

It is scripted: `Model.answers` says what comes back, how fast, and what breaks. It knows nothing of chat platforms.
The format: https://platform.openai.com/docs/api-reference/chat-streaming; the errors in mid-stream are TGI's and
OpenAI's.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import web

from bots.pocket.model_answers import Answer, Answers, Cut, ErrorObject, QuietEnd, Refusal
from bots.pocket.model_script import Script
from bots.pocket.model_stream import MODEL_ID, Encoder, Playback, Received, frames, usage


class Model:
    """The endpoint. Mount it with `web.Application.add_subapp` or `add_routes(model.routes())`."""

    def __init__(self, answers: Answers | None = None, *, token: str | None = None) -> None:
        """`token`: what `Authorization: Bearer …` must carry; None: whoever asks is answered."""
        self.answers: Answers = answers if answers is not None else Script()
        self.token = token
        self.requests: list[Received] = []
        self._playing: set[Playback] = set()

    @property
    def first_tokens(self) -> list[float | None]:
        """Per request, when the first piece of its text was written (the loop's clock, seconds)."""
        return [each.first_token_at for each in self.requests]

    @property
    def streaming(self) -> int:
        """How many streams are under way."""
        return len(self._playing)

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        return [web.get("/v1/models", self._models), web.post("/v1/chat/completions", self._complete)]

    def app(self) -> web.Application:
        """An application of its own, whose shutdown cuts the streams that are under way."""
        app = web.Application(client_max_size=16 * 1024**2)
        app.add_routes(self.routes())

        async def cut_streams(_app: web.Application) -> None:
            self.close()

        app.on_shutdown.append(cut_streams)
        return app

    def close(self) -> None:
        """Cut the streams that are under way."""
        for playback in list(self._playing):
            playback.stop(finished=False)

    async def _models(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        model = {"id": MODEL_ID, "object": "model", "created": 0, "owned_by": "plaudit demo"}
        return _json({"object": "list", "data": [model]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._refused(request)) is not None:
            return refused
        at = asyncio.get_running_loop().time()
        try:
            body = orjson.loads(await request.read())
            messages = [dict(message) for message in body["messages"]]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return _error(400, "The body must be JSON with a list of `messages`.", "invalid_request_error")
        received = Received(body, dict(request.headers), at)
        self.requests.append(received)
        answer = self.answers(messages)
        if isinstance(answer.fault, Refusal):
            return _refusal(answer.fault)
        if body.get("stream"):
            return await self._stream(request, received, answer)
        return await _whole(request, received, answer)

    async def _stream(self, request: web.Request, received: Received, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        encoder = Encoder(f"chatcmpl-{len(self.requests)}", _prompt_tokens(received))
        await response.write(encoder.delta({"role": "assistant", "content": ""}))
        with_usage = bool((received.body.get("stream_options") or {}).get("include_usage"))
        playback = Playback(request, received, frames(answer, encoder, with_usage=with_usage))
        self._playing.add(playback)
        try:
            await playback.done
        finally:
            playback.stop(finished=False)
            self._playing.discard(playback)
        if not received.finished or isinstance(answer.fault, Cut):
            _drop(request)
            return response
        with suppress(ConnectionResetError):  # whoever asked has read enough
            await response.write_eof()
        return response

    def _refused(self, request: web.Request) -> web.Response | None:
        if self.token is None or request.headers.get("Authorization") == f"Bearer {self.token}":
            return None
        return _error(401, "Incorrect API key provided.", "invalid_request_error")


async def _whole(request: web.Request, received: Received, answer: Answer) -> web.StreamResponse:
    """The answer in one piece, when its last token would have come."""
    pieces, fault = answer.pieces, answer.fault
    pace = len(pieces) / answer.tokens_per_second if answer.tokens_per_second else 0.0
    await asyncio.sleep(answer.first_token_after + pace)
    if isinstance(fault, Cut | QuietEnd):
        _drop(request)
        return web.Response()
    if isinstance(fault, ErrorObject):
        return _json({"error": fault.error, "error_type": fault.error_type}, status=500)
    message = {"role": "assistant", "content": answer.text, "reasoning_content": answer.thinking or None}
    body = {
        "id": "chatcmpl-whole",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL_ID,
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason, "logprobs": None}],
        "usage": usage(_prompt_tokens(received), len(pieces)),
    }
    received.token_times.append(asyncio.get_running_loop().time())
    received.finished = True
    return _json(body)


def _prompt_tokens(received: Received) -> int:
    """A count of words: the demo's model has no tokenizer."""
    return sum(len(str(message.get("content", "")).split()) for message in received.body["messages"])


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _json(data: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    body = orjson.dumps(data)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def _error(status: int, message: str, kind: str) -> web.Response:
    return _json({"error": {"message": message, "type": kind, "param": None, "code": None}}, status=status)


def _refusal(fault: Refusal) -> web.Response:
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    return _json(dict(fault.body), status=fault.status, headers=headers)
