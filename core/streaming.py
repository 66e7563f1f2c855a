"""A model's stream as posts and edits: what it wrote, what is shown, and the next call that brings the two together.

It knows the platform only by its port and the clock by its argument. When an edit may go is the pacer's business,
where a long text is cut the splitter's.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final

from core.clock import Clock
from core.errors import (
    MessageGoneError,
    MessageTooLongError,
    PlatformError,
    PlatformRefusedTokenError,
    RateLimitedError,
)
from core.messages import MessageRef, PlaceRef
from core.pacing import Pacer
from core.ports import ChatPlatform, Sent
from core.splitting import Splitter

logger = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 15.0
_GIVE_UP_AFTER: Final = 600.0
"""Seconds of failing calls in a row after which a reply is left as it stands."""


class Gate:
    """Lets one call at a time through to a rate bucket, in the order and at the times that its pacer says."""

    def __init__(self, pacer: Pacer, clock: Clock) -> None:
        self.pacer = pacer
        self._clock = clock
        self._waiting: dict[Hashable, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def call(self, stream: Hashable, send: Callable[[], Awaitable[Sent]]) -> Sent:
        """Wait for `stream`'s turn, make the call, and tell the pacer how it went."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting[stream] = turn
        self.pacer.resume(stream)
        self._let_through()
        try:
            await turn
        except asyncio.CancelledError:
            self._waiting.pop(stream, None)
            self.pacer.pause(stream)
            if turn.done() and not turn.cancelled():
                self.pacer.failed(stream, self._clock.monotonic())
            self._let_through()
            raise
        try:
            sent = await send()
        except RateLimitedError as error:
            self.pacer.refused(stream, self._clock.monotonic(), error.retry_after)
            raise
        except BaseException:
            self.pacer.failed(stream, self._clock.monotonic())
            raise
        else:
            self.pacer.ended(stream, self._clock.monotonic(), sent.budget)
            return sent
        finally:
            self._let_through()

    def wake(self) -> None:
        """Ask the pacer anew: something was written or finished."""
        self._let_through()

    def _let_through(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.monotonic()
        turn = self.pacer.next(now)
        if turn is None:
            return
        if turn.at > now:
            self._timer = asyncio.get_running_loop().call_later(turn.at - now, self._let_through)
            return
        waiting = self._waiting.pop(turn.stream, None)
        if waiting is not None and not waiting.done():
            self.pacer.pause(turn.stream)
            self.pacer.began(turn.stream, now)
            waiting.set_result(None)


@dataclass(slots=True)
class _Shown:
    message: MessageRef
    text: str
    gone: bool = False
    """It was deleted, or the platform refuses it for good: nothing can be shown there any more."""


class ReplyStream:
    """One reply: `write` what the model says, `finish` when it is done, `show` brings it before people's eyes."""

    def __init__(
        self,
        platform: ChatPlatform,
        place: PlaceRef,
        *,
        gate: Gate,
        clock: Clock,
        nonce: str,
        reply_to: MessageRef | None = None,
        on_post: Callable[[MessageRef], None] = lambda _: None,
    ) -> None:
        """`nonce` names the reply on the platform, unlike that of any other; `on_post` hears of every new part."""
        self._platform = platform
        self._place = place
        self._gate = gate
        self._clock = clock
        self._nonce = nonce
        self._reply_to = reply_to
        self._on_post = on_post
        self._splitter = Splitter(platform.limits.message_length, platform.limits.measure)
        self._note = ""
        self._shown: list[_Shown] = []
        self._changed = asyncio.Event()
        self._finished = False
        self._failing_since: float | None = None
        self._pause = _FIRST_PAUSE
        self.posting = False
        """A post is under way: people may see a part before `on_post` hears of it."""
        self.first_shown_at: float | None = None
        self.edits = 0
        self.rate_limited = 0

    @property
    def parts(self) -> tuple[MessageRef, ...]:
        """The platform's messages that show the reply so far, in order."""
        return tuple(each.message for each in self._shown)

    def write(self, text: str) -> None:
        """More of the reply. Returns at once."""
        if text:
            self._splitter.feed(text)
            if self._shown:
                self._gate.pacer.wrote(self, len(text), self._clock.monotonic())
            self._wake()

    def finish(self, note: str = "") -> None:
        """Nothing more will come; `note` is shown below the text, not as a part of it."""
        self._note = note
        self._splitter.finish()
        self._finished = True
        if self._shown:
            self._gate.pacer.finished(self, self._clock.monotonic())
        self._wake()

    async def show(self) -> None:
        """Post and edit until the finished reply is shown whole.

        Raises:
            PlatformError: it cannot be shown (any more); what was shown stays.
        """
        try:
            while True:
                self._changed.clear()
                if (index := self._next_part()) is not None:
                    await self._bring_up_to_date(index)
                elif self._finished:
                    return
                else:
                    await self._changed.wait()
        finally:
            self._gate.pacer.close(self)
            self._gate.wake()

    def _wake(self) -> None:
        self._changed.set()
        self._gate.wake()

    def _texts(self) -> list[str]:
        texts = [text for text in self._splitter.parts if text.strip()]
        if self._note:
            limits = self._platform.limits
            with_note = f"{texts[-1].rstrip()}\n\n{self._note}" if texts else self._note
            if texts and limits.measure(with_note) > limits.message_length:
                return [*texts, self._note]
            return [*texts[:-1], with_note]
        return texts

    def _next_part(self) -> int | None:
        """The first part that does not show what it should."""
        for index, text in enumerate(self._texts()):
            if index >= len(self._shown):
                return index
            shown = self._shown[index]
            if shown.text != text.rstrip() and not shown.gone:
                return index
        return None

    async def _bring_up_to_date(self, index: int) -> None:
        try:
            if index < len(self._shown):
                await self._gate.call(self, lambda: self._edit(index))
            else:
                await self._post(index)
        except RateLimitedError as error:
            self.rate_limited += 1
            if index >= len(self._shown):
                await asyncio.sleep(error.retry_after)
        except (MessageGoneError, MessageTooLongError, PlatformRefusedTokenError):
            if index >= len(self._shown):
                raise
            self._shown[index].gone = True
        except PlatformError as error:
            await self._wait_after(error)
        else:
            self._failing_since, self._pause = None, _FIRST_PAUSE

    async def _edit(self, index: int) -> Sent:
        text = self._texts()[index].rstrip()
        sent = await self._platform.edit(self._shown[index].message, text)
        self._shown[index].text = text
        self.edits += 1
        return sent

    async def _post(self, index: int) -> None:
        text = self._texts()[index].rstrip()
        answers = self._reply_to if index == 0 else None
        self.posting = True
        try:
            sent = await self._platform.post(self._place, text, reply_to=answers, nonce=f"{self._nonce}-{index}")
        finally:
            self.posting = False
        now = self._clock.monotonic()
        self._shown.append(_Shown(sent.message, text))
        self._on_post(sent.message)
        if index == 0:
            self.first_shown_at = now
            self._gate.pacer.open(self, now, shown=True)
            if self._finished:
                self._gate.pacer.finished(self, now)

    async def _wait_after(self, error: PlatformError) -> None:
        now = self._clock.monotonic()
        self._failing_since = self._failing_since or now
        if now - self._failing_since > _GIVE_UP_AFTER:
            raise error
        logger.warning("reply_call_failed", extra={"error": str(error), "again_in": self._pause})
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
