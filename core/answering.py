"""One turn: a question that is in the log becomes a reply that people see and the log keeps."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias

from core.clock import Clock
from core.errors import DatabaseUnavailableError, ModelFailedError, PlatformError
from core.events import MessageReceived
from core.gate import Gates
from core.head_start import HeadStart
from core.live import LiveReplies, LiveReply
from core.messages import (
    Attached,
    Conversation,
    Message,
    MessageRef,
    PersonRef,
    PlaceRef,
    ReplyStatus,
    Role,
    stable_ulid,
)
from core.models import Models
from core.outcome import Outcome
from core.ports import (
    CanRelay,
    CanShowTyping,
    ChatPlatform,
    Ended,
    LanguageModel,
    Leases,
    PendingTurn,
    Store,
    conversation_lease,
)
from core.prompt import Window, build_prompt
from core.reading import FileReader
from core.records import AddMessage, Record, envelop
from core.relaying import RelayedReply
from core.streaming import ReplyStream
from core.tasks import Tasks, cancelled
from core.thinking import ThoughtFilter

logger = logging.getLogger(__name__)

_CLIENT_REQUEST_ID_LENGTH: Final = 50
"""MLflow's limit for a client request id."""

_PAUSES: Final = (0.5, 1, 2, 4, 8, 15, 15, 15)
"""Seconds between attempts to keep a reply while the database is away."""
_NOTE_PAUSES: Final = (1.0,) * 10
"""The same, to note what shows of it: whoever takes it up wants that soon, and the whole reply will tell it, too."""
_WAITING_QUESTIONS: Final = 20
"""How many messages beyond the window are read: questions that wait behind this one may stand among them."""
_WITHHELD: Final = 2_000
"""How many messages that must not be kept are remembered, so that their conversations can go on."""
Reply: TypeAlias = ReplyStream | RelayedReply
_NO_WORDS: Final = "I was interrupted, and your words are not kept. Please ask again."
_CUT_NOTE: Final = "ℹ️ This conversation has grown long: I no longer read its oldest messages."


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that waits for its answer."""

    conversation: Conversation
    question: Message
    asked_in: MessageRef
    place: PlaceRef
    platform: ChatPlatform
    withheld: bool = False
    """The words of the question, and so of the answer, are not to be kept."""
    retry_of: str | None = None
    """The id of the reply that this turn makes another one beside."""
    name: str = ""
    """For a retry: what tells it from others of the same question."""
    begun: tuple[MessageRef, ...] | None = None
    """What shows of the answer already, where another process began it; None where none did."""
    was_left: bool = False
    """That process has died; what people did meanwhile where it answered, nobody may have heard."""
    is_first: bool = False
    """It begins its conversation: nothing was said before it that would have to be read."""
    files: tuple[Attached, ...] = ()
    """What stands beside the question, if it is known where it can be fetched."""
    head_start: HeadStart | None = None
    """The model was asked already."""

    @property
    def reply_id(self) -> str:
        """The id of the reply, the same in every process."""
        return stable_ulid(self.question.timestamp, f"reply:{self.key}")

    @property
    def key(self) -> str:
        """One string for the turn: the question's address, and what tells a retry from others."""
        return f"{self.asked_in.key}:{self.name}" if self.retry_of else self.asked_in.key

    @property
    def pending(self) -> PendingTurn:
        """As it waits."""
        return PendingTurn(
            reply_id=self.reply_id,
            conversation_id=self.conversation.id,
            question_id=self.question.id,
            place=self.place,
            retry_of=self.retry_of,
            name=self.name,
            parts=self.begun or (),
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply as people have it before them."""

    id: str
    parts: tuple[MessageRef, ...]
    last_text: str
    """What the last part shows."""
    is_complete: bool
    tokens: int = 0
    """Read and written for it, where the model counts them."""


class Answering:
    """Streams replies: asks the model, shows the answer while it grows, keeps it when it is whole."""

    def __init__(
        self,
        *,
        store: Store,
        models: Models,
        clock: Clock,
        live: LiveReplies,
        reply_characters: int,
        folds_thinking: bool,
        reserve: int,
        window: Window,
        environment: str,
        leases: Leases,
        files: FileReader,
    ) -> None:
        self._leases = leases
        self._files = files
        self._noting = Tasks()
        self._store = store
        self._models = models
        self._clock = clock
        self._live = live
        self._reply_characters = reply_characters
        self._folds_thinking = folds_thinking
        self._window = window
        self._environment = environment
        self._gates = Gates(clock, reserve)
        self._told_of_cut: set[str] = set()
        self._withheld: OrderedDict[str, str] = OrderedDict()
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    def stop(self) -> None:
        """Read no further: every reply in the making, and every question still waiting, is told so and recorded."""
        self._stopping = True
        for task in self._reading.values():
            task.cancel()

    def is_reading(self, reply_id: str) -> bool:
        """Whether the model still writes this reply."""
        return reply_id in self._reading

    @property
    def gates(self) -> Gates:
        """The ways to the rate buckets that replies are shown through."""
        return self._gates

    @staticmethod
    def nonce(reply_id: str) -> str:
        """What the posts of a reply are known by on the platform."""
        return reply_id[-16:]

    async def close(self) -> None:
        """Let what is still to be noted be noted."""
        await self._noting.wait()

    async def head_start(self, turn: Turn) -> HeadStart | None:
        """Ask the model of a turn that is about to wait, where nothing else has to be read for it; else None."""
        if self._stopping or not turn.is_first or turn.files or not turn.question.content.strip():
            return None
        model, question = await self._models.at(turn.place), self._files.in_full(turn.question)
        prompt = build_prompt(self._models.system_prompt(turn.place), [question], question, self._window)
        return HeadStart(model, prompt.messages, self._clock)

    async def answer(self, turn: Turn) -> Answered:
        """Answer a question, whatever happens: the person sees something, and the log knows."""
        reply_id = turn.reply_id
        model = turn.head_start.model if turn.head_start else await self._models.at(turn.place)
        live = LiveReply(reply_id, turn.conversation.id, turn.question.author, turn.place)
        reply = self._reply(turn, live)
        live.is_posting = lambda: reply.posting
        for part in turn.begun or ():
            self._live.posted(live, part)
        with self._live.growing(live):
            outcome = await self._stream(turn, reply, model)
            if turn.withheld:
                self._withhold(turn.question.id, turn.question.content)
                self._withhold(reply_id, "".join(outcome.text))
            await self._keep(turn, self._record(turn, reply, outcome, model))
            if isinstance(reply, RelayedReply):
                reply.kept(Ended(reply_id, turn.conversation.id, outcome.status, reply.note))
        logger.info(
            "reply_finished",
            extra={
                "reply": reply_id,
                "status": outcome.status.value,
                "reason": outcome.reason,
                "parts": len(reply.parts),
                "edits": reply.figures.edits,
                "rate_limited": reply.figures.rate_limited,
            },
        )
        is_complete = outcome.status is ReplyStatus.COMPLETE and bool("".join(outcome.text).strip())
        tokens = outcome.usage.prompt_tokens + outcome.usage.completion_tokens if outcome.usage else 0
        return Answered(reply_id, reply.parts, reply.last_text, is_complete, tokens)

    def _reply(self, turn: Turn, live: LiveReply) -> Reply:
        """The reply to a turn, about to be written, as its platform shows it."""
        if isinstance(turn.platform, CanRelay):
            relay = turn.platform.relay(turn.place, turn.asked_in, live.id)
            self._live.posted(live, relay.message)
            return RelayedReply(relay, self._clock)
        noting = asyncio.Lock()
        return ReplyStream(
            turn.platform,
            turn.place,
            gates=self._gates,
            clock=self._clock,
            nonce=self.nonce(live.id),
            asker=_asker(turn),
            reply_to=turn.asked_in,
            on_post=lambda part: self._posted(live, part, noting),
            begun=turn.begun,
            sure=lambda: self._leases.sure(conversation_lease(turn.conversation.id)),
        )

    def _posted(self, live: LiveReply, part: MessageRef, noting: asyncio.Lock) -> None:
        """People see one more part: note it for whoever would have to go on with it, but wait for nothing."""
        self._live.posted(live, part)
        self._noting.start(self._note_parts(live, noting), f"note the parts of {live.id}")

    async def _note_parts(self, live: LiveReply, noting: asyncio.Lock) -> None:
        async with noting:
            await self._patiently(
                lambda: self._leases.shows(live.id, tuple(live.parts)), _NOTE_PAUSES, live.id, "parts_not_noted"
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

    async def _stream(self, turn: Turn, reply: Reply, model: LanguageModel) -> Outcome:
        outcome = Outcome(self._clock.now())
        showing = asyncio.create_task(reply.show(), name=f"show the reply to {turn.question.id}")
        reading = asyncio.create_task(
            self._read(turn, reply, outcome, model), name=f"read the reply to {turn.question.id}"
        )
        self._reading[turn.reply_id] = reading
        if self._stopping:
            reading.cancel()
        try:
            async with _typing(turn):
                await asyncio.wait([reading])
        except asyncio.CancelledError:
            # The turn is another process's now: not a word more of it from here.
            await reply.leave()
            await cancelled([showing, reading])
            raise
        finally:
            del self._reading[turn.reply_id]
            reading.cancel()
        outcome.end(self._clock.now(), reading)
        if self._folds_thinking and outcome.thinking:
            outcome.sentences.insert(0, outcome.folded_thinking())
        reply.finish("\n".join(outcome.sentences))
        try:
            await showing
        except PlatformError as error:
            outcome.status, outcome.reason = ReplyStatus.CUT_OFF, "not_shown"
            logger.warning("reply_not_shown", extra={"error": str(error)})
        return outcome

    async def _read(self, turn: Turn, reply: Reply, outcome: Outcome, model: LanguageModel) -> None:
        if not turn.question.content.strip():
            raise ModelFailedError(_NO_WORDS, reason="interrupted")
        if unread := await self._files.read(
            turn.question, turn.files, turn.platform, at=turn.asked_in, place=turn.place
        ):
            outcome.sentences.append(unread)
        question = self._files.in_full(turn.question)
        history = [question] if turn.is_first else await self._history(turn)
        images = self._files.images([*history, question])
        prompt = build_prompt(self._models.system_prompt(turn.place), history, question, self._window, images)
        if prompt.is_cut and turn.conversation.id not in self._told_of_cut:
            self._told_of_cut.add(turn.conversation.id)
            outcome.sentences.append(_CUT_NOTE)
        ahead = turn.head_start
        outcome.started_at = ahead.asked_at if ahead else self._clock.now()
        thoughts = ThoughtFilter()
        async with aclosing(ahead.reply() if ahead else model.reply(prompt.messages)) as chunks:
            async for chunk in chunks:
                text, thought = thoughts.feed(chunk.text) if chunk.text else ("", "")
                outcome.meta(chunk)
                self._write(reply, outcome, text, chunk.thinking + thought)
                if outcome.is_too_long:
                    return
        self._write(reply, outcome, *thoughts.finish())

    async def _history(self, turn: Turn) -> list[Message]:
        limit = self._window.messages + _WAITING_QUESTIONS
        return [self._in_words(each, turn) for each in await self._store.history(turn.conversation.id, limit=limit)]

    def _in_words(self, message: Message, turn: Turn) -> Message:
        """A message of the history with the words that the log must not have."""
        if message.id == turn.question.id and turn.withheld:
            return self._files.in_full(turn.question)
        words = self._withheld.get(message.id) if not message.content else None
        return self._files.in_full(replace(message, content=words) if words else message)

    def _withhold(self, message_id: str, text: str) -> None:
        self._withheld[message_id] = text
        while len(self._withheld) > _WITHHELD:
            self._withheld.popitem(last=False)

    def _write(self, reply: Reply, outcome: Outcome, text: str, thought: str) -> None:
        if thought:
            outcome.thinking.append(thought)
            reply.think()
        if outcome.length + len(text) > self._reply_characters:
            text = text[: self._reply_characters - outcome.length]
            outcome.is_too_long = True
        if text:
            outcome.add(text, self._clock)
            reply.write(text)

    def _record(self, turn: Turn, reply: Reply, outcome: Outcome, model: LanguageModel) -> Record:
        identity, reply_id = model.identity, turn.reply_id
        payload = AddMessage(
            id=reply_id,
            conversation_id=turn.conversation.id,
            role=Role.ASSISTANT.value,
            content="" if turn.withheld else "".join(outcome.text),
            timestamp=self._clock.now().isoformat(),
            parts=[part.key for part in reply.parts],
            question_id=turn.question.id,
            retry_of=turn.retry_of,
            trace_id=reply_id,
            client_request_id=client_request_id(turn.asked_in),
            model={"id": identity.id, "metadata": dict(identity.metadata)},
            parameters=dict(model.parameters),
            started_at=_iso(outcome.started_at),
            first_token_at=_iso(outcome.first_token_at),
            ended_at=_iso(outcome.ended_at),
            prompt_tokens=outcome.usage.prompt_tokens if outcome.usage else None,
            completion_tokens=outcome.usage.completion_tokens if outcome.usage else None,
            finish_reason=outcome.finish_reason,
            streaming=asdict(reply.figures),
            status=outcome.status.value,
            reason=outcome.reason,
            withheld=turn.withheld,
        )
        return envelop(
            payload,
            environment=self._environment,
            at=self._clock.now(),
            where=turn.place,
            key=f"{turn.key}:reply",
            conversation_id=turn.conversation.id,
            message_id=reply_id,
        )

    async def _keep(self, turn: Turn, record: Record) -> None:
        """Append, patiently: the reply is out there already, and a database that is away may come back."""

        async def append() -> None:
            files = [] if turn.withheld else await self._files.kept(turn.question, turn.asked_in)
            await self._store.append(*files, record)

        if not await self._patiently(append, _PAUSES, record.message_id, "reply_not_kept_yet"):
            logger.error("reply_not_kept", extra={"reply": record.message_id})

    async def _patiently(
        self, write: Callable[[], Awaitable[None]], pauses: Sequence[float], reply_id: str | None, failed: str
    ) -> bool:
        """Write something of a reply as soon as the database is there; each time it is not, a line `failed` says so.

        False where it is away for too long. Whoever stops does not wait.
        """
        for pause in pauses:
            try:
                await write()
            except DatabaseUnavailableError as error:
                logger.warning(failed, extra={"reply": reply_id, "error": str(error)})
                await asyncio.sleep(0 if self._stopping else pause)
            else:
                return True
        return False


def client_request_id(question: MessageRef) -> str:
    """The id of the request that a question is, from the platform's own ids, within MLflow's 50 characters."""
    return f"{question.platform}-{question.channel}-{question.id}"[:_CLIENT_REQUEST_ID_LENGTH]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _asker(turn: Turn) -> PersonRef:
    """Whom the answer is for; nobody's id, where the log is not to know."""
    author = turn.question.author
    return PersonRef.parse(author) if author else PersonRef(turn.place.platform, turn.place.workspace, "")


def _typing(turn: Turn) -> AbstractAsyncContextManager[None]:
    return turn.platform.typing(turn.place) if isinstance(turn.platform, CanShowTyping) else nullcontext()
