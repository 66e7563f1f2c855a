"""The way to a rate bucket: calls of all replies go through one gate, when and in the order that its pacer says."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

from core.clock import Clock
from core.errors import RateLimitedError
from core.pacing import Pacer
from core.ports import Rate, Sent

_SAME_MOMENT: Final = 0.001
_PATIENCE: Final = 20.0
"""Seconds for which a call that is no stream's waits for a moment in which no stream wants to call."""


class Gate:
    """One rate bucket's calls. Streams `join` it, say what they wrote, and `call` when they have something to send."""

    def __init__(self, pacer: Pacer, clock: Clock) -> None:
        self._pacer = pacer
        self._clock = clock
        self._waiting: dict[Hashable, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    def join(self, stream: Hashable, unseen: int) -> None:
        """`stream` begins to use the bucket; `unseen` characters of it are not shown yet."""
        now = self._clock.monotonic()
        self._pacer.open(stream, now, shown=True)
        self._pacer.pause(stream)
        self._pacer.wrote(stream, unseen, now)

    def leave(self, stream: Hashable) -> None:
        """`stream` needs the bucket no more."""
        self._pacer.close(stream)
        self._let_through()

    def wrote(self, stream: Hashable, units: int) -> None:
        """The model wrote `units` characters more."""
        self._pacer.wrote(stream, units, self._clock.monotonic())
        if stream in self._waiting:
            self._let_through()

    def finished(self, stream: Hashable) -> None:
        """What `stream` sends from now on is final."""
        self._pacer.finished(stream, self._clock.monotonic())
        self._let_through()

    async def call(self, stream: Hashable, send: Callable[[], Awaitable[Sent]]) -> Sent:
        """Wait for `stream`'s turn, then make the call. Raises what `send` raises."""
        await self._turn(stream)
        return await self._made(stream, send)

    async def call_beside(self, send: Callable[[], Awaitable[Sent]]) -> Sent:
        """Make a call that is no stream's, when those leave room for it. Raises what `send` raises."""
        since = now = self._clock.monotonic()
        while (at := self._pacer.beside(now, patient=now - since < _PATIENCE)) > now:
            await asyncio.sleep(at - now)
            now = self._clock.monotonic()
        call = object()
        self._pacer.began(call, now)
        return await self._made(call, send)

    async def _made(self, stream: Hashable, send: Callable[[], Awaitable[Sent]]) -> Sent:
        try:
            sent = await send()
        except RateLimitedError as error:
            self._pacer.refused(stream, self._clock.monotonic(), error.retry_after)
            raise
        except BaseException:
            self._pacer.failed(stream, self._clock.monotonic())
            raise
        else:
            self._pacer.ended(stream, self._clock.monotonic(), sent.budget)
            return sent
        finally:
            self._let_through()

    async def _turn(self, stream: Hashable) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting[stream] = turn
        self._pacer.resume(stream)
        self._let_through()
        try:
            await turn
        except asyncio.CancelledError:
            self._pacer.pause(stream)
            if self._waiting.pop(stream, None) is None:
                # Its turn had come already.
                self._pacer.failed(stream, self._clock.monotonic())
            self._let_through()
            raise

    def _ring(self) -> None:
        self._timer = None
        self._let_through()

    def _set_timer(self, at: float, now: float) -> None:
        # Asked anew with every token: a timer that is set for the same moment stays.
        if self._timer is not None:
            if abs(at - self._rings_at) < _SAME_MOMENT:
                return
            self._timer.cancel()
        self._rings_at = at
        self._timer = asyncio.get_running_loop().call_later(at - now, self._ring)

    def _let_through(self) -> None:
        now = self._clock.monotonic()
        while (turn := self._pacer.next(now)) is not None:
            if turn.at > now:
                self._set_timer(turn.at, now)
                return
            waiting = self._waiting.pop(turn.stream)
            self._pacer.began(turn.stream, now)
            self._pacer.pause(turn.stream)
            waiting.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Gates:
    """The gates by the names of their buckets, made when they are first asked for."""

    def __init__(self, clock: Clock, reserve: int = 1) -> None:
        """`reserve`: calls per window that are kept back for the final texts of a bucket."""
        self._clock = clock
        self._reserve = reserve
        self._gates: dict[str, Gate] = {}

    def of(self, bucket: str, rate: Rate, *, at_once: int = 1, has_finals: bool = True) -> Gate:
        """The gate to `bucket`, of which `rate` is assumed until the platform's answers say better.

        `has_finals`: final texts go through it; else it needs no reserve for them.
        """
        gate = self._gates.get(bucket)
        if gate is None:
            pacer = Pacer(rate, reserve=self._reserve if has_finals else 0, at_once=at_once)
            gate = self._gates[bucket] = Gate(pacer, self._clock)
        return gate
