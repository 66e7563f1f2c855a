"""A reply on a platform that takes every piece as it comes: `streaming` without posts, edits and pacing."""

import asyncio

from core.clock import Clock
from core.messages import MessageRef
from core.metering import Meter, Streaming
from core.ports import Ended, Relay


class RelayedReply:
    """One reply: `write` what the model says, `finish` when it is done; whoever reads it has it at once."""

    posting = False

    def __init__(self, relay: Relay, clock: Clock) -> None:
        self._relay = relay
        self._clock = clock
        self._meter = Meter()
        self._note = ""
        self._done = asyncio.Event()

    @property
    def parts(self) -> tuple[MessageRef, ...]:
        """The one message that it is."""
        return (self._relay.message,)

    @property
    def last_text(self) -> str:
        """Nothing can be shown below it."""
        return ""

    @property
    def figures(self) -> Streaming:
        """How it felt, as far as that is known here: what left is taken for read."""
        return self._meter.figures()

    def write(self, text: str) -> None:
        """More of it. Returns at once."""
        if text:
            now = self._clock.monotonic()
            self._meter.wrote(len(text), now)
            self._relay.write(text)
            self._meter.seen(self._meter.sending(), now)

    def think(self) -> None:
        """That the model thinks shows nowhere."""

    def finish(self, note: str = "") -> None:
        """Nothing more will come; `note` is told beside the text."""
        self._note = note
        self._meter.ended(self._clock.monotonic())
        self._done.set()

    async def leave(self) -> None:
        """No call is under way, ever."""

    async def show(self) -> None:
        """Wait until it is finished."""
        await self._done.wait()

    def kept(self, ended: Ended) -> None:
        """It is in the log: tell whoever reads it."""
        self._relay.end(ended)

    @property
    def note(self) -> str:
        """What is told beside the text."""
        return self._note
