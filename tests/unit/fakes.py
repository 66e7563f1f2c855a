"""Small twins of the ports, for tests without sockets."""

import asyncio
from collections.abc import Callable, Sequence

from core.clock import SystemClock
from core.messages import MessageRef, PersonRef, PlaceRef
from core.ports import Limits, Rate, Sent

PLACE = PlaceRef("fake", "w", "room", "thread")
ADA = PersonRef("fake", "w", "ada")


class FakePlatform:
    """Keeps what it was told to show; `faults` are raised one after another, before a call is carried out."""

    name = "fake"

    def __init__(self, *, length: int = 200, faults: Sequence[Exception | None] = (), delay: float = 0) -> None:
        self.limits = Limits(message_length=length, edits=Rate(1000, 1.0))
        self.faults = list(faults)
        self.delay = delay
        self.shown: dict[str, list[str]] = {}
        self.nonces: list[str] = []
        self.reactions: list[tuple[MessageRef, str]] = []
        self.taken_off: list[tuple[MessageRef, str]] = []
        self.in_flight = 0
        self.most_in_flight = 0

    def edit_bucket(self, place: PlaceRef) -> str:
        return place.channel

    async def post(
        self, place: PlaceRef, text: str, *, reply_to: MessageRef | None, nonce: str, again: bool = False
    ) -> Sent:
        await self._meet_fault()
        self.nonces.append(nonce)
        ref = MessageRef("fake", "w", place.channel, f"m{len(self.shown)}")
        self.shown[ref.id] = [text]
        return Sent(ref)

    async def edit(self, message: MessageRef, text: str) -> Sent:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self._meet_fault()
            self.shown[message.id].append(text)
        finally:
            self.in_flight -= 1
        return Sent(message)

    async def react(self, message: MessageRef, emoji: str) -> None:
        self.reactions.append((message, emoji))

    async def unreact(self, message: MessageRef, emoji: str) -> None:
        self.taken_off.append((message, emoji))

    @property
    def now(self) -> list[str]:
        return [states[-1] for states in self.shown.values()]

    async def _meet_fault(self) -> None:
        await asyncio.sleep(self.delay)
        if self.faults and (fault := self.faults.pop(0)):
            raise fault


async def until(condition: Callable[[], object], seconds: float = 5) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a test's patience
            await asyncio.sleep(0.005)


CLOCK = SystemClock()
