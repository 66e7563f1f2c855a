"""A model's answer as it comes, how it ended, and what the person who asked is told about that."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.clock import Clock
from core.errors import ModelFailedError
from core.messages import ReplyStatus
from core.ports import Chunk, Usage

logger = logging.getLogger(__name__)

_NOTES: Final = {
    "no_finish_reason": "⚠️ The answer broke off here. Please ask again if you need the rest.",
    "stopped": "⚠️ I was stopped before the answer was complete. Please ask again.",
    "internal_error": "⚠️ Something went wrong on my side. Please ask again.",
    "empty": "⚠️ The model gave an empty answer. Please ask in other words.",
    "too_long": "⚠️ The answer is longer than this assistant may show; it was cut off here.",
    "length": "⚠️ The answer reached its length limit here.",
    "content_filter": "⚠️ The model's content filter ended the answer here.",
}
_PIECES: Final = 256
_FOLDED: Final = 280
"""Characters of what the model thought that a folded line shows."""


@dataclass(slots=True)
class Outcome:
    """What a model answered so far, and in the end how it ended."""

    started_at: datetime
    first_token_at: datetime | None = None
    ended_at: datetime | None = None
    text: list[str] = field(default_factory=list)
    length: int = 0
    """Characters of the text."""
    is_too_long: bool = False
    thinking: list[str] = field(default_factory=list)
    finish_reason: str | None = None
    usage: Usage | None = None
    status: ReplyStatus = ReplyStatus.COMPLETE
    reason: str | None = None
    sentences: list[str] = field(default_factory=list)
    """What the person is told below the text."""

    def add(self, text: str, clock: Clock) -> None:
        """More of the reply."""
        self.first_token_at = self.first_token_at or clock.now()
        self.text.append(text)
        self.length += len(text)
        if len(self.text) >= _PIECES:
            # A string of its own for every token takes ten times the text's memory.
            self.text = ["".join(self.text)]

    def meta(self, chunk: Chunk) -> None:
        """Keep what a chunk says of the reply as a whole."""
        self.finish_reason = chunk.finish_reason or self.finish_reason
        self.usage = chunk.usage or self.usage

    def end(self, now: datetime, reading: asyncio.Task[None]) -> None:
        """Say how it ended, by how the reading of the stream did."""
        self.ended_at = now
        error = None if not reading.done() or reading.cancelled() else reading.exception()
        if isinstance(error, ModelFailedError):
            self.status, self.reason = ReplyStatus.FAILED, error.reason
            self.sentences.append(f"⚠️ {error}")
        elif error is not None:
            logger.error("reply_failed", exc_info=error)
            self._cut_off(ReplyStatus.FAILED, "internal_error")
        elif not reading.done() or reading.cancelled():
            self._cut_off(ReplyStatus.CUT_OFF, "stopped")
        elif self.is_too_long:
            self._cut_off(ReplyStatus.CUT_OFF, "too_long")
        elif self.finish_reason is None:
            self._cut_off(ReplyStatus.CUT_OFF, "no_finish_reason")
        elif not "".join(self.text).strip():
            self._cut_off(ReplyStatus.COMPLETE, "empty")
        elif self.finish_reason in _NOTES:
            self._cut_off(ReplyStatus.COMPLETE, self.finish_reason)

    def _cut_off(self, status: ReplyStatus, reason: str) -> None:
        self.status, self.reason = status, reason
        self.sentences.append(_NOTES[reason])

    def folded_thinking(self) -> str:
        """What the model thought, in a line or two of a quotation."""
        words = " ".join("".join(self.thinking).split())
        short = words if len(words) <= _FOLDED else f"{words[:_FOLDED].rsplit(' ', 1)[0]} …"
        return f"> 💭 {short}"
