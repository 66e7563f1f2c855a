"""What the core needs from outside: a chat platform, a language model, a store. Small protocols, nothing else."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from core.controls import Attachment, Button, Form, Notice
from core.events import MessageReceived
from core.feedback import Assessment
from core.messages import (
    Attached,
    Conversation,
    Message,
    MessageRef,
    ModelIdentity,
    PersonRef,
    PlaceRef,
    ReplyStatus,
    Role,
    ulid_time,
)
from core.records import Record

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in `window` seconds."""

    calls: int
    window: float


@dataclass(frozen=True, slots=True)
class Budget:
    """What a platform said about a rate bucket when it answered a call."""

    limit: int
    """Calls per window."""
    remaining: int
    """Calls left in this window."""
    reset_after: float
    """Seconds until the window starts anew."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How one platform differs from another, as data."""

    message_length: int
    """The longest text of one message, in the units of `measure`."""
    edits: Rate
    """What to assume of a bucket of edits until the platform's answers say better."""
    edits_at_once: int = 1
    """Calls that may be in flight on such a bucket; never two for one message."""
    looks: Rate = Rate(50, 60.0)
    """How often the platform may be asked what stands on a message, in one workspace."""
    measure: Callable[[str], int] = len
    """The length of a text as the platform counts it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A call that the platform took."""

    message: MessageRef
    budget: Budget | None = None
    """What the answer said of the bucket, where it said something."""
    is_found_again: bool = False
    """An earlier try had posted it already, perhaps with an older text."""


class ChatPlatform(Protocol):
    """Posts and edits on one platform. Text is the model's Markdown; the adapter renders it.

    Both calls raise a `PlatformError`: `RateLimitedError` (never retried inside), `MessageGoneError`,
    `MessageTooLongError`, or another whose text says what is wrong.
    """

    @property
    def name(self) -> str:
        """`slack`, `discord`, …"""
        ...

    @property
    def limits(self) -> Limits:
        """Its sizes and rates."""
        ...

    def edit_bucket(self, place: PlaceRef) -> str:
        """The name of the rate bucket that edits in `place` share with others."""
        ...

    async def post(
        self, place: PlaceRef, text: str, *, reply_to: MessageRef | None, nonce: str, again: bool = False
    ) -> Sent:
        """Post `text`. A repeated `nonce` must not show the text twice where the platform can help it.

        `again`: another process may have posted with this nonce before it ended.
        """
        ...

    async def edit(self, message: MessageRef, text: str) -> Sent:
        """Show `text` in place of what `message` showed."""
        ...


@runtime_checkable
class CanReact(Protocol):
    """The platform lets us put an emoji on a message."""

    async def react(self, message: MessageRef, emoji: str) -> None:
        """Put `emoji` (canonical, unicode) on `message`; twice is once."""
        ...

    async def unreact(self, message: MessageRef, emoji: str) -> None:
        """Take our own `emoji` off `message`; where it is not there, nothing."""
        ...


@runtime_checkable
class CanOffer(Protocol):
    """The platform shows buttons below a message of ours. Presses come as `ButtonPressed`, also after a restart."""

    async def offer(self, message: MessageRef, text: str, buttons: Sequence[Button]) -> Sent:
        """Show `text` (what the message shows already) with `buttons` below it. Raises as `edit` does."""
        ...


@runtime_checkable
class CanAnswer(Protocol):
    """The platform lets us answer what a person pressed, sent or commanded so that only they see it.

    Each raises `PlatformError`. Where nothing answers an interaction by the time `handle` returns, the adapter
    acknowledges it without a word. A form can only be the first answer to a ticket.
    """

    async def whisper(self, ticket: str, notice: Notice) -> None:
        """Show `notice` to the person whose act the ticket is for."""
        ...

    async def open_form(self, ticket: str, form: Form) -> None:
        """Put `form` before them; not after a form was sent, where a platform cannot follow one with another."""
        ...


@runtime_checkable
class CanTellPrivately(Protocol):
    """The platform lets us tell one person something that they did not ask for."""

    @property
    def tells_in_place(self) -> bool:
        """They see it where they are; else it comes as a direct message, which is for what they asked for alone."""
        ...

    async def tell(self, person: PersonRef, place: PlaceRef, notice: Notice) -> None:
        """Show `notice` to `person` alone. Raises PlatformError, also where they take no direct messages."""
        ...


@runtime_checkable
class CanSayWhetherItHears(Protocol):
    """The platform knows whether what people do reaches it."""

    @property
    def hears(self) -> Callable[[], Awaitable[bool]]:
        """Asks whether events arrive right now."""
        ...


async def never() -> bool:
    """What `hears` says before there is a connection."""
    return False


@runtime_checkable
class CanShowHome(Protocol):
    """The platform gives the assistant a page of its own."""

    async def show_home(self, person: PersonRef, text: str, buttons: Sequence[Button]) -> None:
        """Show `text` (Markdown) and `buttons` on it to `person`."""
        ...


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How a platform's own streaming is limited."""

    appends: Rate
    seconds: float
    """How long a message may be streamed before it has to be stopped."""
    at_once: int = 1
    """Appends that may be in flight on their bucket."""


@runtime_checkable
class CanStream(Protocol):
    """The platform shows a message that grows by appends. Each call raises as `ChatPlatform`'s do.

    `StreamRefusedError`: it does not stream here, or no longer; the message, if there is one, can be edited.
    """

    @property
    def stream_limits(self) -> StreamLimits:
        """Rate and life time of a stream."""
        ...

    def can_stream_in(self, place: PlaceRef, asker: PersonRef) -> bool:
        """Whether a reply to `asker` may be streamed there."""
        ...

    def append_bucket(self, place: PlaceRef) -> str:
        """The name of the rate bucket that appends in `place` share with others."""
        ...

    def harmless(self, text: str) -> str:
        """`text` without anything that would ring someone; what begins alike goes on beginning alike."""
        ...

    async def start_stream(self, place: PlaceRef, text: str, *, asker: PersonRef, nonce: str) -> Sent:
        """Post the beginning of a message that will grow."""
        ...

    async def append(self, message: MessageRef, text: str) -> Sent:
        """Add `text` at its end."""
        ...

    async def stop_stream(self, message: MessageRef, text: str) -> Sent:
        """Add `text`, which may be empty, and end the stream."""
        ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How a reply ended that was relayed, once it is in the log."""

    reply_id: str
    conversation_id: str
    status: ReplyStatus
    note: str
    """What the person is told beside the text; empty where there is nothing to tell."""


class Relay(Protocol):
    """Where the pieces of one reply go."""

    @property
    def message(self) -> MessageRef:
        """The address that the reply has on the platform."""
        ...

    def write(self, text: str, /) -> None:
        """More of it. Returns at once."""
        ...

    def end(self, ended: Ended) -> None:
        """It is over, and in the log."""
        ...


@runtime_checkable
class CanRelay(Protocol):
    """The platform takes every piece of a reply as the model writes it: nothing is paced, cut or edited."""

    def relay(self, place: PlaceRef, question: MessageRef, reply_id: str) -> Relay:
        """Where the reply of this id to `question` goes; again, where it is written anew from the beginning."""
        ...


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji that stands on a message."""

    person: PersonRef
    emoji: str
    """As the platform names it."""
    by_bot: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """How often an emoji stands on a message."""

    emoji: str
    """As the platform names it."""
    count: int
    """Without the assistant's own."""
    people: tuple[Reaction, ...] | None
    """Who put it there; None where the platform has not told of them all."""
    handle: str = ""
    """What the adapter asks for the people with; only it reads inside."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message that stands in a place, as the platform shows its past."""

    message: MessageRef
    told: MessageReceived | None
    """What was written; None where it is the assistant's own, or no message of anyone's (someone joined, …)."""
    tallies: tuple[Tally, ...] = ()


class InTurn(Protocol):
    """Makes a call to the platform when its turn has come, and again after the pause that the platform asks for."""

    async def __call__(self, call: Callable[[], Awaitable[Answer]], /) -> Answer:
        """What `call` answers. Raises what it raises, RateLimitedError only after many in a row."""
        ...


@runtime_checkable
class CanShareFile(Protocol):
    """The platform shows files, pictures as pictures."""

    async def share(self, place: PlaceRef, text: str, file: Attachment, *, nonce: str) -> None:
        """Post `text` with `file` beside it. Raises as `post` does, also where files are not allowed there.

        A repeated `nonce` need not be noticed everywhere.
        """
        ...


@runtime_checkable
class CanFetch(Protocol):
    """The platform hands out the files that people attach."""

    async def files_beside(self, message: MessageRef, place: PlaceRef) -> Sequence[Attached]:
        """What stands beside a message in `place`, of which that is known from elsewhere. Raises as `post` does."""
        ...

    async def fetch(self, file: Attached, limit: int) -> bytes:
        """What is in `file`. Nothing but the platform's own servers is ever asked.

        Raises PlatformError, also where it is longer than `limit` bytes or does not come in time.
        """
        ...


@runtime_checkable
class CanLink(Protocol):
    """The platform tells where a message is opened in a browser."""

    async def link(self, message: MessageRef) -> str:
        """The address of `message`. Raises as `edit` does."""
        ...


@runtime_checkable
class CanTellRoles(Protocol):
    """The platform tells which roles someone has. What it shows of the past does not say it."""

    async def roles_of(self, person: PersonRef, in_turn: InTurn) -> tuple[str, ...]:
        """As in `Person.roles`; none where they have left. Raises as `ChatPlatform`'s calls do."""
        ...


@runtime_checkable
class CanLookBack(Protocol):
    """The platform can be asked what happened while the assistant was away. Each call raises as `ChatPlatform`'s do."""

    async def messages_since(self, place: PlaceRef, since: datetime, limit: int) -> Sequence[MessageReceived]:
        """What was written in `place` from `since` on and still stands: the first `limit` messages, oldest first."""
        ...

    def shown_in(
        self, place: PlaceRef, since: datetime, until: datetime | None, in_turn: InTurn
    ) -> AsyncGenerator[Sequence[Shown], None]:
        """All that stands in `place`, from `since` on and before `until`, page by page; each page oldest first.

        Each call to the platform goes through `in_turn`. What was not there when the last page had come does not stand.
        """
        ...

    async def reactions_on(
        self, message: MessageRef, in_turn: InTurn, tallies: Sequence[Tally] | None = None
    ) -> Sequence[Reaction]:
        """Who put which emoji on `message`, once for each of both: those of `tallies`, or (None) all.

        A platform may answer with more than was asked for.
        """
        ...


@runtime_checkable
class CanTellRooms(Protocol):
    """The platform tells where people may have asked something, also where the assistant never answered."""

    async def rooms_since(self, since: datetime, in_turn: InTurn) -> Sequence[PlaceRef]:
        """The channels, threads and direct conversations that can be read and are not known to be silent since then.

        Each call to the platform goes through `in_turn`. Raises as `ChatPlatform`'s do.
        """
        ...


@dataclass(frozen=True, slots=True)
class Own:
    """A message of the assistant's, and what the platform says of whose answer it is."""

    message: MessageRef
    nonce: str = ""
    """Empty where the platform does not tell."""
    answers: bool = False
    """It refers to the question; another answer to it may, too."""
    follows: bool = False
    """It is not the first part of an answer."""


@runtime_checkable
class CanFindOwn(Protocol):
    """The platform tells which messages of ours stand in a place."""

    async def own_since(self, place: PlaceRef, question: MessageRef) -> Sequence[Own]:
        """Ours that came after `question` and may answer it, oldest first. Raises as `post` does."""
        ...


@runtime_checkable
class CanShowTyping(Protocol):
    """The platform can show that the assistant is about to answer."""

    def typing(self, place: PlaceRef) -> AbstractAsyncContextManager[None]:
        """Show it until the block is left. Entering never waits for the platform."""
        ...


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: PNG, JPEG, GIF or WebP."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message as the model reads it."""

    role: Role
    content: str
    images: tuple[Image, ...] = ()
    """For models that see."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the model's server counted them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a model's stream tells at one moment; every field may be empty."""

    text: str = ""
    thinking: str = ""
    """Reasoning that is not part of the reply."""
    finish_reason: str | None = None
    usage: Usage | None = None


class LanguageModel(Protocol):
    """Answers a prompt by a stream of chunks."""

    @property
    def identity(self) -> ModelIdentity:
        """Which model it is."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it is asked with (max_tokens, temperature, …), for the log."""
        ...

    def reply(self, prompt: Sequence[PromptMessage]) -> AsyncGenerator[Chunk, None]:
        """Stream an answer. Raises `ModelFailedError`; a stream without a finish_reason was cut off."""
        ...


@runtime_checkable
class CanBeAnother(Protocol):
    """A language model's server that has others, too."""

    def other(self, name: str, parameters: Mapping[str, Any]) -> LanguageModel:
        """The model of this name there (empty: the same), asked with these parameters beside its own."""
        ...


@dataclass(frozen=True, slots=True)
class PendingTurn:
    """A question whose answer is not in the log yet."""

    reply_id: str
    conversation_id: str
    question_id: str
    place: PlaceRef
    retry_of: str | None = None
    name: str = ""
    """For a retry: what tells it from others of the same question."""
    parts: tuple[MessageRef, ...] = ()
    """What shows of the answer already."""

    @property
    def order(self) -> tuple[bool, str]:
        """What the turns of a conversation are sorted by: when they were asked; who asks again waits for the others."""
        return self.retry_of is not None, ulid_time(self.question_id)


CONVERSATION_LEASE: Final = "conversation:"
"""What the name of the lease of a conversation begins with; its id follows."""


def conversation_lease(conversation_id: str) -> str:
    """The name of the lease of whoever answers in a conversation."""
    return f"{CONVERSATION_LEASE}{conversation_id}"


class Leases(Protocol):
    """Who is at what, among all processes that share the database. What dies with its process is free soon after.

    Every method raises `DatabaseUnavailableError` when the database cannot be reached.
    """

    async def take(self, name: str) -> bool:
        """Whether this process may be at `name` from now on: nobody else alive is. Taken twice is taken."""
        ...

    async def sure(self, name: str) -> None:
        """Wait while it is not certain that this process, which took `name`, is still at it.

        To be asked before anything is done that must not be done twice: a process that is held up loses what it has.
        """
        ...

    async def give_back(self, name: str) -> None:
        """This process is no longer at `name`."""
        ...

    async def join(self, name: str) -> None:
        """This process is one of those at `name` from now on: any number may be."""
        ...

    async def leave(self, name: str) -> None:
        """It is not any more."""
        ...

    async def others(self, name: str) -> bool:
        """Whether another process that is alive has joined `name`."""
        ...

    async def claim(self, name: str, *, seconds: float = ...) -> bool:
        """Whether nobody has claimed `name`, by this process or another; then nobody can for so long (a day)."""
        ...

    async def prolong(self, name: str, seconds: float) -> None:
        """Let the claim on `name` end so many seconds from now, whoever made it; 0: at once."""
        ...

    async def begin(self, turn: PendingTurn) -> bool:
        """Let a turn wait, whoever will take it. False where it waits already."""
        ...

    async def shows(self, reply_id: str, parts: Sequence[MessageRef]) -> None:
        """Note what shows of an answer in the making."""
        ...

    async def end(self, reply_id: str) -> None:
        """The turn is over: its answer is in the log, or will never be."""
        ...

    async def waiting(self, conversation_id: str) -> list[PendingTurn]:
        """The turns of a conversation that are not over, in their order."""
        ...

    async def showing(self, channel: str) -> list[PendingTurn]:
        """The turns that are not over and whose answers show, or will, in a channel or thread of this id."""
        ...

    async def orphans(self) -> list[PendingTurn]:
        """The turns that are not over and of whose conversation no living process has the lease, in their order."""
        ...


class Store(Protocol):
    """The log, and the state that is folded from it.

    Every method raises `DatabaseUnavailableError` when the database cannot be reached.
    """

    async def append(self, *records: Record) -> list[bool]:
        """Keep `records` in order, all or none. Returns once they are durable and the tables follow.

        One bool a record: True where it is new, False where its idempotency key was in the log already.
        """
        ...

    async def latest_conversation(self, place: PlaceRef) -> Conversation | None:
        """The newest conversation in a lasting place, ended or not."""
        ...

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """The conversation of this id."""
        ...

    async def message(self, message_id: str) -> Message | None:
        """The message of this id."""
        ...

    async def message_at(self, ref: MessageRef) -> Message | None:
        """The message of which `ref` is a part."""
        ...

    async def last_reply(self, conversation_id: str) -> Message | None:
        """The newest message of the assistant."""
        ...

    async def history(self, conversation_id: str, *, limit: int, up_to: str | None = None) -> list[Message]:
        """The newest `limit` messages that are not deleted, oldest first; none after the message `up_to`."""
        ...

    async def assessments(self, message_id: str) -> list[Assessment]:
        """The assessments of a message that stand and count, one per person and name."""
        ...

    async def standing_assessments(self, message_id: str, person: str | None = None) -> list[Assessment]:
        """Every assessment of a message that was not taken away, also those that a later one overrules.

        `person`: those of this person (`PersonRef.key`) alone.

        Not those of people who were erased: nobody can take them away any more.
        """
        ...

    async def last_said(self, message_id: str, person: str, names: Collection[str]) -> datetime | None:
        """When a person (`PersonRef.key`) last said something of a message under these names, or took it back."""
        ...

    async def assessment_from(self, origin: str) -> Assessment | None:
        """The standing assessment that came from `origin`."""
        ...

    async def opted_out(self, person: str) -> bool:
        """Whether a person (`PersonRef.key`) said last that nothing of theirs may be kept."""
        ...

    async def consented_at(self, person: str) -> datetime | None:
        """When a person (`PersonRef.key`) last said what may be kept; None: never."""
        ...

    async def chosen_model(self, place: PlaceRef) -> str:
        """The id of the model that was chosen last in the channel of `place`; empty: the usual one."""
        ...

    async def erase(self, person: PersonRef) -> int:
        """Erase a person's text, names and ids for good, from the log and the tables; the numbers stay.

        The replies to them lose their text too: it may repeat what they asked. A pseudonym stands in their place, and
        what they did before is not kept if it is told again. Returns how many records were changed. Their consent
        stands as it stood.
        """
        ...

    def data_of(self, person: str) -> AsyncIterator[Record]:
        """Every record that holds data of a person (`PersonRef.key`), in the order of `seq`."""
        ...

    async def idle_conversations(self, before: datetime) -> list[Conversation]:
        """The open conversations whose last message is older than `before`."""
        ...

    async def recent_replies(
        self, since: datetime, *, before: datetime | None = None, limit: int | None = None
    ) -> list[Message]:
        """The assistant's messages with a timestamp in [`since`, `before`) that are not deleted, newest first.

        `limit`: at most so many, and with the last of them all others of its very timestamp, so that the next page is
        what lies `before` it.
        """
        ...

    async def begin_look(self, platform: str) -> datetime:
        """Note that it is looked for what went unheard on a platform; returns the moment from which on it may be more.

        That of the newest question when this look began, or the first before it of those that did not end.
        """
        ...

    async def end_look(self, platform: str, since: datetime) -> None:
        """It ended: all since the moment that it began with is known."""
        ...

    async def unanswered(self, since: datetime, before: datetime) -> list[Message]:
        """The questions asked in [`since`, `before`) that are not deleted and have no reply, the first one first.

        Of ended conversations none. When a question was asked is told by its id, to the millisecond.
        """
        ...

    def records(self, *, after: int = 0, limit: int | None = None) -> AsyncIterator[Record]:
        """The log in the order of `seq`, from the first record after `after`."""
        ...
