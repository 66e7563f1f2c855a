"""A language model on the Hugging Face Hub or behind any OpenAI-compatible URL, through huggingface_hub.

The only room that knows huggingface_hub. Everything that can go wrong there leaves it as a `ModelFailedError` with a
sentence for the person who asked.
"""

import asyncio
import json
import logging
from base64 import b64encode
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import httpx2
from huggingface_hub import AsyncInferenceClient, get_token, set_async_client_factory
from huggingface_hub import errors as hub_errors

from core.errors import ModelFailedError
from core.language_models.transport import SharedClient, tap
from core.messages import ModelIdentity
from core.ports import Chunk, Image, PromptMessage, Usage

logger = logging.getLogger(__name__)

_TOO_MANY_REQUESTS = 429
_UNAUTHORISED = (401, 403)
_NO_TOKEN: Final = "none"  # noqa: S105 - no secret
"""What a server of one's own is sent where no token is set: nothing is no choice that the library leaves."""
_NOT_FOUND = 404
_SERVER_ERROR = 500
_MOST_TOKENS: Final = 2**31 - 1
"""More of them the database has no number for."""


class HubModel:
    """Asks `endpoint` (a Hub id or a base URL) for chat completions.

    An async context manager: leaving it closes the connections.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        name: str = "",
        token: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        timeout: float = 60,
    ) -> None:
        """`timeout`: the longest pause between two chunks, in seconds."""
        self.endpoint = endpoint
        self.parameters: Mapping[str, Any] = dict(parameters or {})
        self._name = name or None
        self._timeout = timeout
        self._is_url = endpoint.startswith(("http://", "https://"))
        # Given none, the library takes HF_TOKEN, or that of `hf auth login`, and sends it to any address.
        self._token = token or (_NO_TOKEN if self._is_url else _saved_token())
        address = _without_secrets(endpoint)
        self.identity = ModelIdentity(name or address, {"endpoint": address} if self._is_url else {})
        self._client = SharedClient()

    def other(self, name: str, parameters: Mapping[str, Any]) -> "HubModel":
        """Another model of the same server, or of the Hub, over the same connections; open as long as this one is."""
        another = HubModel(
            self.endpoint if self._is_url or not name else name,
            name=(name or self._name or "") if self._is_url else "",
            token=self._token,
            parameters={**self.parameters, **parameters},
            timeout=self._timeout,
        )
        another._client = self._client
        return another

    async def __aenter__(self) -> Self:
        """Make huggingface_hub use our pool of connections."""
        set_async_client_factory(lambda: self._client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections, and leave the library as fit for others as it was."""
        set_async_client_factory(lambda: httpx2.AsyncClient(follow_redirects=True, timeout=None))
        await self._client.aclose()

    async def reply(self, prompt: Sequence[PromptMessage]) -> AsyncGenerator[Chunk, None]:
        """Stream an answer.

        Raises:
            ModelFailedError: the endpoint could not be reached, refused, or failed in mid-stream.
        """
        if not self._token:
            raise ModelFailedError(
                "The model wants a token, and the assistant has none. Please tell whoever runs the assistant to set "
                "HF_TOKEN.",
                reason="no_token",
            )
        arrived = _Arrived()
        reading = asyncio.create_task(self._read(prompt, arrived), name="read a model's stream")
        reading.add_done_callback(lambda _: arrived.tell())
        try:
            while not reading.done() or arrived.chunks:
                if not arrived.chunks:
                    await arrived.news()
                while arrived.chunks:
                    yield arrived.chunks.popleft()
            if error := reading.exception():
                raise _ours(error) from error
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    async def _read(self, prompt: Sequence[PromptMessage], arrived: "_Arrived") -> None:
        tap.set(arrived)
        # A client per reply: the library keeps each stream's response until its client is closed.
        async with AsyncInferenceClient(self.endpoint, token=self._token, timeout=self._timeout) as client:
            stream = await client.chat_completion(
                messages=[{"role": each.role.value, "content": _content(each)} for each in prompt],
                model=self._name,
                stream=True,
                stream_options={"include_usage": True},
                **self.parameters,
            )
            async for chunk in stream:
                # Only what the tap has not taken comes this way.
                arrived.take(asdict(chunk))


def _without_secrets(endpoint: str) -> str:
    """The endpoint without user, password and query: it stands in the log and in what is exported from it."""
    parts = urlsplit(endpoint)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _saved_token() -> str | None:
    """That of `hf auth login`, where there was one."""
    try:
        return get_token()
    except OSError:
        return None


class _Arrived:
    """The chunks of one stream that have arrived and were not told yet: the transport's tap."""

    def __init__(self) -> None:
        self.chunks: deque[Chunk] = deque()
        self._waiting: asyncio.Future[None] | None = None

    def news(self) -> asyncio.Future[None]:
        """Done when something arrives, or nothing more will."""
        self._waiting = asyncio.get_running_loop().create_future()
        return self._waiting

    def tell(self) -> None:
        """Something arrived, or nothing more will."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def take(self, chunk: Mapping[str, Any]) -> bool:
        """Keep what a chunk says; errors, and what has another form, are left to the library."""
        if chunk.get("error") is not None:
            return False
        try:
            told = _translate(chunk)
        except (KeyError, TypeError, AttributeError):
            return False
        self.chunks.append(told)
        self.tell()
        return True


def _content(message: PromptMessage) -> str | list[dict[str, Any]]:
    """A message as the API takes it: a text, or with pictures a list of parts."""
    if not message.images:
        return message.content
    pictures = [{"type": "image_url", "image_url": {"url": _data_url(each)}} for each in message.images]
    return [{"type": "text", "text": message.content}, *pictures]


def _data_url(image: Image) -> str:
    return f"data:{image.media_type};base64,{b64encode(image.content).decode()}"


def _translate(chunk: Mapping[str, Any]) -> Chunk:
    usage = chunk.get("usage")
    counted = Usage(_count(usage["prompt_tokens"]), _count(usage["completion_tokens"])) if usage else None
    choices = chunk.get("choices")
    if not choices:
        return Chunk(usage=counted)
    delta = choices[0].get("delta") or {}
    return Chunk(
        text=_text(delta.get("content")),
        thinking=_text(delta.get("reasoning_content") or delta.get("reasoning")),
        finish_reason=_text(choices[0].get("finish_reason")) or None,
        usage=counted,
    )


def _text(told: object) -> str:
    if not isinstance(told, str | None):
        raise TypeError(told)
    return told or ""


def _count(told: object) -> int:
    if not isinstance(told, int) or not 0 <= told <= _MOST_TOKENS:
        raise TypeError(told)
    return told


# The first row that fits an error says it in words for the chat and in one for the log.
_SENTENCES: Final[tuple[tuple[tuple[type[Exception], ...], str, str], ...]] = (
    ((hub_errors.OverloadedError,), "The model is overloaded right now. Please ask again in a moment.", "busy"),
    (
        (hub_errors.TextGenerationError, hub_errors.ValidationError),
        "The model reported an error while answering.",
        "model_error",
    ),
    (
        (hub_errors.InferenceTimeoutError, httpx2.TimeoutException, TimeoutError),
        "The model did not answer in time. Please ask again.",
        "timeout",
    ),
    (
        (httpx2.ConnectError, OSError),
        "The model cannot be reached right now. Please try again later, or tell whoever runs the assistant.",
        "unreachable",
    ),
    ((httpx2.TransportError,), "The connection to the model broke off.", "connection_lost"),
    ((json.JSONDecodeError, UnicodeDecodeError), "The model sent something that could not be read.", "malformed"),
)


def _ours(error: BaseException) -> ModelFailedError:
    response = getattr(error, "response", None)
    if isinstance(error, (hub_errors.HfHubHTTPError, httpx2.HTTPStatusError)) and response is not None:
        return _refusal(response.status_code, _retry_after(response.headers))
    for kinds, sentence, reason in _SENTENCES:
        if isinstance(error, kinds):
            return ModelFailedError(sentence, reason=reason)
    logger.warning("model_failed_unexpectedly", exc_info=error)
    return ModelFailedError("The model could not answer.", reason=type(error).__name__)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The pause that is asked for, in seconds. Servers may also write a date (RFC 9110, 10.2.3): it is passed over."""
    text = headers.get("retry-after", "")
    return float(text) if text.replace(".", "", 1).isdecimal() else None


def _refusal(status: int, retry_after: float | None) -> ModelFailedError:
    if status in _UNAUTHORISED:
        return ModelFailedError(
            "The model's server does not accept the assistant's token. Please tell whoever runs the assistant.",
            reason=f"http_{status}",
        )
    if status == _NOT_FOUND:
        return ModelFailedError(
            "The model was not found. Please tell whoever runs the assistant to check MODEL_ENDPOINT.",
            reason="http_404",
        )
    if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
        sentence = "The model is busy right now. Please ask again in a moment."
        return ModelFailedError(sentence, reason=f"http_{status}", retry_after=retry_after)
    return ModelFailedError("The model's server refused the question.", reason=f"http_{status}")
