"""One turn: a question that is in the log becomes a reply that people see and the log keeps."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

from core.clock import Clock
from core.errors import DatabaseUnavailableError, ModelFailedError, PlatformError
from core.events import MessageReceived
from core.gate import Gates
from core.live import LiveReplies, LiveReply
from core.messages import Conversation, Message, MessageRef, PersonRef, PlaceRef, ReplyStatus, Role, stable_ulid
from core.ports import CanShowTyping, ChatPlatform, Chunk, LanguageModel, Store, Usage
from core.prompt import Window, build_prompt
from core.records import AddMessage, Record, envelop
from core.streaming import ReplyStream
from core.thinking import ThoughtFilter

logger = logging.getLogger(__name__)

_CLIENT_REQUEST_ID_LENGTH: Final = 50
"""MLflow's limit for a client request id."""

_NOTES: Final = {
    "no_finish_reason": "⚠️ The answer broke off here. Please ask again if you need the rest.",
    "stopped": "⚠️ I was stopped before the answer was complete. Please ask again.",
    "internal_error": "⚠️ Something went wrong on my side. Please ask again.",
    "empty": "⚠️ The model gave an empty answer. Please ask in other words.",
    "too_long": "⚠️ The answer is longer than this assistant may show; it was cut off here.",
    "length": "⚠️ The answer reached its length limit here.",
    "content_filter": "⚠️ The model's content filter ended the answer here.",
}
_PAUSES: Final = (0.5, 1, 2, 4, 8, 15, 15, 15)
"""Seconds between attempts to keep a reply while the database is away."""
_WAITING_QUESTIONS: Final = 20
"""How many messages beyond the window are read: questions that wait behind this one may stand among them."""
_PIECES: Final = 256
_FOLDED: Final = 280
"""Characters of what the model thought that a folded line shows."""
_CUT_NOTE: Final = "ℹ️ This conversation has grown long: I no longer read its oldest messages."


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that waits for its answer."""

    conversation: Conversation
    question: Message
    asked_in: MessageRef
    place: PlaceRef
    platform: ChatPlatform


@dataclass(slots=True)
class _Story:
    """What happened while the model answered."""

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


class Answering:
    """Streams replies: asks the model, shows the answer while it grows, keeps it when it is whole."""

    def __init__(
        self,
        *,
        store: Store,
        model: LanguageModel,
        clock: Clock,
        live: LiveReplies,
        system_prompt: str,
        reply_characters: int,
        folds_thinking: bool,
        reserve: int,
        window: Window,
        environment: str,
    ) -> None:
        self._store = store
        self._model = model
        self._clock = clock
        self._live = live
        self._system_prompt = system_prompt
        self._reply_characters = reply_characters
        self._folds_thinking = folds_thinking
        self._window = window
        self._environment = environment
        self._gates = Gates(clock, reserve)
        self._told_of_cut: set[str] = set()
        self._reading: set[asyncio.Task[None]] = set()
        self._stopping = False

    def stop(self) -> None:
        """Read no further: every reply in the making, and every question still waiting, is told so and recorded."""
        self._stopping = True
        for task in self._reading:
            task.cancel()

    async def answer(self, turn: Turn) -> None:
        """Answer a question, whatever happens: the person sees something, and the log knows."""
        reply_id = stable_ulid(turn.question.timestamp, f"reply:{turn.asked_in.key}")
        live = LiveReply(reply_id, turn.conversation.id, turn.question.author, turn.place)
        reply = ReplyStream(
            turn.platform,
            turn.place,
            gates=self._gates,
            clock=self._clock,
            nonce=reply_id[-16:],
            asker=PersonRef.parse(turn.question.author),
            reply_to=turn.asked_in,
            on_post=lambda part: self._live.posted(live, part),
        )
        live.is_posting = lambda: reply.posting
        with self._live.growing(live):
            story = await self._stream(turn, reply)
            await self._keep(self._record(turn, reply_id, reply, story))
        logger.info(
            "reply_finished",
            extra={
                "reply": reply_id,
                "status": story.status.value,
                "reason": story.reason,
                "parts": len(reply.parts),
                "edits": reply.figures.edits,
                "rate_limited": reply.figures.rate_limited,
            },
        )

    async def say(self, event: MessageReceived, platform: ChatPlatform, text: str) -> None:
        """Post a sentence of our own as an answer to `event`. Raises PlatformError where that cannot be."""
        sentence = ReplyStream(
            platform,
            event.place,
            gates=self._gates,
            clock=self._clock,
            nonce=stable_ulid(event.at, f"say:{event.message.key}")[-16:],
            asker=event.author.ref,
            reply_to=event.message,
        )
        sentence.write(text)
        sentence.finish()
        await sentence.show()

    async def _stream(self, turn: Turn, reply: ReplyStream) -> _Story:
        story = _Story(self._clock.now())
        showing = asyncio.create_task(reply.show(), name=f"show the reply to {turn.question.id}")
        reading = asyncio.create_task(self._read(turn, reply, story), name=f"read the reply to {turn.question.id}")
        self._reading.add(reading)
        if self._stopping:
            reading.cancel()
        try:
            async with _typing(turn):
                await asyncio.wait([reading])
        finally:
            self._reading.discard(reading)
            reading.cancel()
            story.end(self._clock.now(), reading)
            if self._folds_thinking and story.thinking:
                story.sentences.insert(0, _folded(story.thinking))
            reply.finish("\n".join(story.sentences))
        try:
            await showing
        except PlatformError as error:
            story.status, story.reason = ReplyStatus.CUT_OFF, "not_shown"
            logger.warning("reply_not_shown", extra={"error": str(error)})
        return story

    async def _read(self, turn: Turn, reply: ReplyStream, story: _Story) -> None:
        history = await self._store.history(turn.conversation.id, limit=self._window.messages + _WAITING_QUESTIONS)
        prompt = build_prompt(self._system_prompt, history, turn.question.id, self._window)
        if prompt.is_cut and turn.conversation.id not in self._told_of_cut:
            self._told_of_cut.add(turn.conversation.id)
            story.sentences.append(_CUT_NOTE)
        story.started_at = self._clock.now()
        thoughts = ThoughtFilter()
        async with aclosing(self._model.reply(prompt.messages)) as chunks:
            async for chunk in chunks:
                text, thought = thoughts.feed(chunk.text) if chunk.text else ("", "")
                story.meta(chunk)
                self._write(reply, story, text, chunk.thinking + thought)
                if story.is_too_long:
                    return
        self._write(reply, story, *thoughts.finish())

    def _write(self, reply: ReplyStream, story: _Story, text: str, thought: str) -> None:
        if thought:
            story.thinking.append(thought)
            reply.think()
        if story.length + len(text) > self._reply_characters:
            text = text[: self._reply_characters - story.length]
            story.is_too_long = True
        if text:
            story.add(text, self._clock)
            reply.write(text)

    def _record(self, turn: Turn, reply_id: str, reply: ReplyStream, story: _Story) -> Record:
        identity = self._model.identity
        payload = AddMessage(
            id=reply_id,
            conversation_id=turn.conversation.id,
            role=Role.ASSISTANT.value,
            content="".join(story.text),
            timestamp=self._clock.now().isoformat(),
            parts=[part.key for part in reply.parts],
            question_id=turn.question.id,
            trace_id=reply_id,
            client_request_id=client_request_id(turn.asked_in),
            model={"id": identity.id, "metadata": dict(identity.metadata)},
            parameters=dict(self._model.parameters),
            started_at=_iso(story.started_at),
            first_token_at=_iso(story.first_token_at),
            ended_at=_iso(story.ended_at),
            prompt_tokens=story.usage.prompt_tokens if story.usage else None,
            completion_tokens=story.usage.completion_tokens if story.usage else None,
            finish_reason=story.finish_reason,
            streaming=asdict(reply.figures),
            status=story.status.value,
            reason=story.reason,
        )
        return envelop(
            payload,
            environment=self._environment,
            at=self._clock.now(),
            where=turn.place,
            key=f"{turn.asked_in.key}:reply",
            conversation_id=turn.conversation.id,
            message_id=reply_id,
        )

    async def _keep(self, record: Record) -> None:
        """Append, patiently: the reply is out there already, and a database that is away may come back."""
        for pause in _PAUSES:
            try:
                await self._store.append(record)
            except DatabaseUnavailableError as error:
                logger.warning("reply_not_kept_yet", extra={"reply": record.message_id, "error": str(error)})
                await asyncio.sleep(0 if self._stopping else pause)
            else:
                return
        logger.error("reply_not_kept", extra={"reply": record.message_id})


def client_request_id(question: MessageRef) -> str:
    """The id of the request that a question is, from the platform's own ids, within MLflow's 50 characters."""
    return f"{question.platform}-{question.channel}-{question.id}"[:_CLIENT_REQUEST_ID_LENGTH]


def _folded(thinking: list[str]) -> str:
    """What the model thought, in a line or two of a quotation."""
    words = " ".join("".join(thinking).split())
    short = words if len(words) <= _FOLDED else f"{words[:_FOLDED].rsplit(' ', 1)[0]} …"
    return f"> 💭 {short}"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _typing(turn: Turn) -> AbstractAsyncContextManager[None]:
    return turn.platform.typing(turn.place) if isinstance(turn.platform, CanShowTyping) else nullcontext()
