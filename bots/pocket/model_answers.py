"""What the pocket's model says to a request, and what may go wrong while it says it.

Plain values: an answer is its text with its pace; a fault is where in it something breaks. Nothing here writes to a
socket.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Refusal:
    """The request is answered with an HTTP error instead of a stream."""

    status: int
    body: Mapping[str, Any] = field(default_factory=lambda: {"error": {"message": "refused", "type": "demo_fault"}})
    retry_after: float | None = None
    """Seconds, sent as `Retry-After`."""


@dataclass(frozen=True, slots=True)
class ErrorObject:
    """After `after` tokens an error comes in place of the next, and the stream ends.

    `error` is an object in OpenAI's way or a string in TGI's, which adds an `error_type` (`generation`, `overloaded`,
    `validation`, `incomplete_generation`).
    """

    after: int
    error: Mapping[str, Any] | str = "Generation failed."
    error_type: str = "generation"


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is reset after `after` tokens."""

    after: int


@dataclass(frozen=True, slots=True)
class QuietEnd:
    """The stream ends after `after` tokens, in good order but without `finish_reason` and `[DONE]`."""

    after: int


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing comes for `seconds` after `after` tokens; then the rest does."""

    after: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Interjection:
    """`frame` is written as it is after `after` tokens."""

    after: int
    frame: bytes


HEARTBEAT = b": still here\n\n"
"""A comment, which a reader of server-sent events passes over."""
MALFORMED = b'data: {"choices": [{"delta": {"content": "hal\n\n'
"""A data line that is cut in the middle of its JSON."""
NO_CHOICES = b'data: {"object":"chat.completion.chunk","id":"","created":0,"model":"demo-model","choices":[]}\n\n'
"""A chunk without any choice, as Azure and usage reports send."""
NO_CONTENT = (
    b'data: {"object":"chat.completion.chunk","id":"","created":0,"model":"demo-model",'
    b'"choices":[{"index":0,"delta":{"content":null},"finish_reason":null}]}\n\n'
)
"""A chunk whose text is null."""

Fault: TypeAlias = Refusal | ErrorObject | Cut | QuietEnd | Stall | Interjection


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and its pace.

    The text goes out as UTF-8, unescaped: U+2028, U+2029 and U+0085 in it reach the reader raw, as from real servers.
    """

    text: str
    tokens_per_second: float | None = 60
    """None: all at once."""
    first_token_after: float = 0.05
    """Seconds from the request."""
    tokens: Sequence[str] | None = None
    """The pieces that it is sent in; None: word by word."""
    thinking: str = ""
    """Sent before the text as `reasoning_content`, at the same pace."""
    usage: bool = True
    """Count tokens for a request that asks for it (`stream_options.include_usage`)."""
    finish_reason: str | None = "stop"
    fault: Fault | None = None

    @property
    def pieces(self) -> Sequence[str]:
        """The tokens: joined, they are the text."""
        return split_words(self.text) if self.tokens is None else self.tokens


Answers: TypeAlias = Callable[[list[dict[str, Any]]], Answer]
"""From a request's messages to the answer."""


def split_words(text: str) -> list[str]:
    """`text` word by word, each with the white space before it: joined again, they are `text`."""
    return re.findall(r"\s*\S+|\s+$", text)
