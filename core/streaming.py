"""A model's stream as posts and edits: what it wrote, what is shown, and the next call that brings the two together.

It knows the platform only by its port and the clock by its argument. When a call may go is the gate's business, where
a long text is cut the splitter's, and how one message is changed that of `showing`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from core.clock import Clock
from core.errors import (
    MessageGoneError,
    MessageTooLongError,
    PlatformError,
    PlatformRefusedTokenError,
    RateLimitedError,
    StreamRefusedError,
)
from core.gate import Gate, Gates
from core.messages import MessageRef, PersonRef, PlaceRef
from core.metering import Meter, Streaming
from core.ports import CanStream, ChatPlatform, Sent
from core.showing import EditedMessage, Showing, StreamedMessage, Target
from core.splitting import Splitter

logger = logging.getLogger(__name__)

THINKING: Final = "💭 _thinking…_"
"""What shows while the model thinks and has written nothing yet."""

_FIRST_PAUSE: Final = 0.25
_LAST_CALL: Final = 5.0
"""Seconds for which whoever leaves a reply waits for the call under way: what comes of it shows soon, or never."""
_LONGEST_PAUSE: Final = 5.0
_GIVE_UP_AFTER: Final = 600.0
"""Seconds of failing calls in a row after which a reply is left as it stands."""
_FINAL_REFUSALS: Final = (MessageGoneError, MessageTooLongError, PlatformRefusedTokenError)


async def _always() -> None:
    pass


_NOTHING: Final = Target("⋯", "⋯", is_done=True)
"""What a part shows that another process had begun and that is not needed any more."""


class ReplyStream:
    """One reply: `write` what the model says, `finish` when it is done, `show` brings it before people's eyes."""

    def __init__(
        self,
        platform: ChatPlatform,
        place: PlaceRef,
        *,
        gates: Gates,
        clock: Clock,
        nonce: str,
        asker: PersonRef,
        reply_to: MessageRef | None = None,
        on_post: Callable[[MessageRef], None] = lambda _: None,
        begun: Sequence[MessageRef] | None = None,
        sure: Callable[[], Awaitable[None]] = _always,
    ) -> None:
        """`nonce` names the reply on the platform, unlike that of any other; `on_post` hears of every new part.

        `sure` waits while another process may be at the reply: no call is made before it returns.

        `begun`: the parts that a process which has ended showed already, whatever they say; None where none did.
        """
        self._platform = platform
        self._place = place
        self._gates = gates
        self._clock = clock
        self._nonce = nonce
        self._asker = asker
        self._reply_to = reply_to
        self._on_post = on_post
        self._sure = sure
        self._splitter = Splitter(platform.limits.message_length, platform.limits.measure)
        self._meter = Meter()
        self._showings: list[Showing] = []
        self._gate: Gate | None = None
        self._note = ""
        self._is_thinking = False
        self._changed = asyncio.Event()
        self._finished = False
        self._may_stream = isinstance(platform, CanStream) and platform.can_stream_in(place, asker)
        self._unsure_stream: int | None = None
        """The part whose stream the platform may have begun, though it did not say so."""
        self._failing_since: float | None = None
        self._pause = _FIRST_PAUSE
        self._calling = asyncio.Lock()
        self._is_second = begun is not None
        self._showings += [self._begun(each) for each in begun or ()]
        self.posting = False
        """A post is under way: people may see a part before `on_post` hears of it."""

    @property
    def parts(self) -> tuple[MessageRef, ...]:
        """The platform's messages that show the reply so far, in order."""
        return tuple(each.message for each in self._showings)

    @property
    def last_text(self) -> str:
        """What its last part shows, or is about to."""
        targets = self._targets()
        return targets[-1].text if targets else ""

    @property
    def figures(self) -> Streaming:
        """How it felt to its readers, by now."""
        return self._meter.figures()

    def write(self, text: str) -> None:
        """More of the reply. Returns at once."""
        if text:
            self._splitter.feed(text)
            self._meter.wrote(len(text), self._clock.monotonic())
            if self._gate is not None:
                self._gate.wrote(self, len(text))
            self._changed.set()

    def think(self) -> None:
        """The model thinks; that shows while nothing else does."""
        if not self._is_thinking:
            self._is_thinking = True
            self._changed.set()

    def finish(self, note: str = "") -> None:
        """Nothing more will come; `note` is shown below the text, not as a part of it."""
        self._note = note
        self._splitter.finish()
        self._finished = True
        self._meter.ended(self._clock.monotonic())
        if self._gate is not None:
            self._gate.finished(self)
        self._changed.set()

    async def leave(self) -> None:
        """Begin no call any more: another process goes on with the reply. Returns when none is under way."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_CALL):
                await self._calling.acquire()

    async def show(self) -> None:
        """Post and edit until the finished reply is shown whole.

        Raises:
            PlatformError: it cannot be shown (any more); what was shown stays.
        """
        try:
            while True:
                self._changed.clear()
                if (behind := self._first_behind()) is not None:
                    await self._bring_up_to_date(*behind)
                elif self._finished:
                    return
                else:
                    await self._changed.wait()
        finally:
            self._use(None)

    def _targets(self) -> list[Target]:
        pieces = [piece for piece in self._splitter.pieces if piece.text.strip()]
        last = len(pieces) - 1
        targets = [
            Target(piece.text.rstrip(), piece.source, is_done=self._finished or index < last)
            for index, piece in enumerate(pieces)
        ]
        if self._note:
            self._add_note(targets)
        if not targets and self._is_thinking and not self._finished:
            return [Target(THINKING, THINKING, is_done=False)]
        return targets

    def _add_note(self, targets: list[Target]) -> None:
        limits = self._platform.limits
        if targets:
            with_note = f"{targets[-1].text}\n\n{self._note}"
            if limits.measure(with_note) <= limits.message_length:
                targets[-1] = replace(targets[-1], text=with_note)
                return
        targets.append(Target(self._note, self._note, is_done=True))

    def _first_behind(self) -> tuple[int, Target] | None:
        targets = self._targets()
        for index, target in enumerate(targets):
            if index == len(self._showings) or self._showings[index].is_behind(target):
                return index, target
        for index in range(len(targets), len(self._showings) if self._finished else 0):
            if self._showings[index].is_behind(_NOTHING):
                return index, _NOTHING
        return None

    async def _bring_up_to_date(self, index: int, target: Target) -> None:
        error: PlatformError | None = None
        try:
            if index == len(self._showings):
                await self._begin(index, target)
            else:
                await self._change(index)
        except RateLimitedError as refusal:
            self._meter.rate_limited += 1
            error = refusal
        except PlatformError as failure:
            error = failure
        else:
            self._failing_since, self._pause = None, _FIRST_PAUSE
        if index < len(self._showings):
            self._showings[index] = self._showings[index].after(error)
        await self._wait_after(error, is_new=index == len(self._showings))

    async def _change(self, index: int) -> None:
        """The next call for a part that shows already, when its turn comes, with the newest text."""
        showing = self._showings[index]
        self._use(showing.gate)

        async def send() -> Sent:
            await self._sure()
            async with self._calling:
                targets = self._targets()
                target = targets[index] if index < len(targets) else _NOTHING
                sending = self._meter.sending()
                sent = await showing.catch_up(target, self._clock.monotonic())
                self._meter.seen(sending, self._clock.monotonic())
                self._meter.edits += 1
                return sent

        await showing.gate.call(self, send)

    async def _begin(self, index: int, target: Target) -> None:
        """Show a part for the first time."""
        await self._sure()
        async with self._calling:
            sending = self._meter.sending()
            self.posting = True
            try:
                showing = await self._begin_stream(index, target) or await self._post(index, target)
            finally:
                self.posting = False
            self._showings.append(showing)
            self._on_post(showing.message)
        if target.text != THINKING:
            self._meter.seen(sending, self._clock.monotonic())
        self._use(showing.gate)

    async def _post(self, index: int, target: Target) -> Showing:
        answers = self._reply_to if index == 0 else None
        sent = await self._platform.post(
            self._place, target.text, reply_to=answers, nonce=f"{self._nonce}-{index}", again=self._is_second
        )
        shows = None if sent.is_found_again else target.text
        return EditedMessage(self._platform, sent.message, self._edit_gate(), shows)

    async def _begin_stream(self, index: int, target: Target) -> Showing | None:
        """A message that the platform itself streams, where it does and the part has more to come."""
        platform = self._platform
        # A part that begins with what was open in the one before shows more than its piece of the reply.
        is_plain = target.text != THINKING and target.source.startswith(target.text[:1])
        may_stream = self._may_stream and not self._is_second and is_plain and not target.is_done
        # It may have begun all the same: a post beside it would be a second one.
        is_unsure = index == self._unsure_stream
        if not isinstance(platform, CanStream) or not (may_stream or is_unsure):
            return None
        begins = platform.harmless(target.source)
        try:
            sent = await platform.start_stream(self._place, begins, asker=self._asker, nonce=f"{self._nonce}-{index}")
        except (StreamRefusedError, RateLimitedError) as error:
            if is_unsure and isinstance(error, RateLimitedError):
                raise
            self._may_stream = isinstance(error, RateLimitedError)
            logger.info("stream_refused", extra={"error": str(error)})
            return None
        except PlatformError:
            self._unsure_stream = index
            raise
        limits = platform.stream_limits
        appends = self._gates.of(
            platform.append_bucket(self._place), limits.appends, at_once=limits.at_once, has_finals=False
        )
        shows = None if sent.is_found_again else begins
        return StreamedMessage(platform, platform, sent.message, (appends, self._edit_gate()), shows)

    def _begun(self, message: MessageRef) -> Showing:
        """A part that another process left: nobody knows what it shows, or whether it streams still."""
        platform = self._platform
        if isinstance(platform, CanStream):
            return StreamedMessage(platform, platform, message, (self._edit_gate(), self._edit_gate()), None)
        return EditedMessage(platform, message, self._edit_gate(), None)

    def _edit_gate(self) -> Gate:
        limits = self._platform.limits
        return self._gates.of(self._platform.edit_bucket(self._place), limits.edits, at_once=limits.edits_at_once)

    def _use(self, gate: Gate | None) -> None:
        """Go through `gate` from now on; None: through none."""
        if self._gate is not gate:
            if self._gate is not None:
                self._gate.leave(self)
            self._gate = gate
            if gate is not None:
                gate.join(self, self._meter.unseen)
                if self._finished:
                    gate.finished(self)

    async def _wait_after(self, error: PlatformError | None, *, is_new: bool) -> None:
        """The pause that an error asks for. Raises it where no further try will help."""
        if error is None or (isinstance(error, RateLimitedError) and not is_new):
            return
        if isinstance(error, RateLimitedError):
            await asyncio.sleep(error.retry_after)
            return
        if isinstance(error, _FINAL_REFUSALS):
            if is_new:
                raise error
            return
        now = self._clock.monotonic()
        is_first = self._failing_since is None
        self._failing_since = self._failing_since or now
        if is_first and isinstance(error, StreamRefusedError):
            return
        if now - self._failing_since > _GIVE_UP_AFTER:
            raise error
        logger.warning("reply_call_failed", extra={"error": str(error), "again_in": self._pause})
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
