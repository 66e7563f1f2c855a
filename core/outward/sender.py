"""A channel is given the log, record by record, in order, each at least once; how often it is tried, and when it rests.

How far it is, is kept as for every named reader of the log. What was not taken is sent again, and nothing behind it
before it. Records are read shortly before they leave: what was erased by then is not in them.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Protocol

from core.clock import Clock
from core.errors import DatabaseUnavailableError
from core.following import Consumers
from core.messages import Message
from core.outward.channel import Channel, NotTakenError, RefusedError
from core.outward.events import event_of, without_what_is_not_kept
from core.outward.standing import Ledger, Standing, in_trouble, out_of_trouble, standing_of
from core.pseudonyms import Pseudonyms
from core.records import EraseSubject, Record

logger = logging.getLogger(__name__)

BATCH: Final = 100
"""Records that are read at a time."""
FRESH: Final = 5.0
"""Seconds after which records are read again before they leave."""
PAUSE: Final = 0.5
"""Seconds between two looks for new records."""
REST: Final = 5.0
"""Seconds between two looks whether a parked channel may go on, or somebody else has given it up."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 600.0
"""Seconds before the second try, and before each of the later ones at most."""


class Source(Protocol):
    """As much of a store as is needed."""

    def records(self, *, after: int = 0, limit: int | None = None) -> AsyncIterator[Record]: ...  # noqa: D102 - `Store`'s
    def consumers(self) -> Consumers: ...  # noqa: D102
    def ledger(self) -> Ledger: ...  # noqa: D102
    async def newest(self) -> int: ...  # noqa: D102
    async def pseudonyms(self) -> Pseudonyms: ...  # noqa: D102
    async def opted_out(self, person: str) -> bool: ...  # noqa: D102
    async def message(self, message_id: str) -> Message | None: ...  # noqa: D102


class Leases(Protocol):
    """As much of `core.ports.Leases` as is needed."""

    async def take(self, name: str) -> bool:
        """Whether this process may be at `name` from now on."""
        ...


class Sender:
    """Feeds one channel."""

    def __init__(self, channel: Channel, source: Source, clock: Clock, dice: random.Random | None = None) -> None:
        self._channel = channel
        self._source = source
        self._clock = clock
        self._dice = dice or random.Random()  # noqa: S311 - spreads tries, hides nothing
        self._standing: Standing | None = None
        self._failures = 0

    @property
    def lease(self) -> str:
        """What whoever feeds the channel has to hold."""
        return f"outward:{self._channel.name}"

    async def forever(self, leases: Leases) -> None:
        """Send what is there and what comes, wherever the lease is ours, until it is cancelled."""
        while True:
            pause = await self.round() if await self._may(leases) else REST
            await asyncio.sleep(pause)

    async def round(self) -> float:
        """Send what is there; seconds until the next look. What goes wrong is noted in the ledger."""
        try:
            if (await self._known()).is_parked:
                # The operator may have said that it goes on: it is read anew the next time.
                self._standing = None
                return REST
            await self.deliver()
        except RefusedError as error:
            await self._trouble(error, parked=True)
            return REST
        except NotTakenError as error:
            await self._trouble(error, parked=False)
            self._failures += 1
            return max(error.retry_after, self._backoff())
        except DatabaseUnavailableError:
            return REST
        self._failures = 0
        return PAUSE

    async def once(self) -> int:
        """As `deliver`, for somebody who waits: what goes wrong is noted in the ledger, and raised."""
        try:
            return await self.deliver()
        except (NotTakenError, RefusedError) as error:
            await self._trouble(error, parked=isinstance(error, RefusedError))
            raise

    async def deliver(self) -> int:
        """Send what is there; how many records are done with. Raises NotTakenError and RefusedError."""
        count = 0
        while records := await self._next():
            count += await self._send(records)
        return count

    async def _may(self, leases: Leases) -> bool:
        try:
            return await leases.take(self.lease)
        except DatabaseUnavailableError:
            return False

    def _backoff(self) -> float:
        """Exponential, with the upper half by chance, so that channels do not all come back at once."""
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures - 1, 20))
        return longest * self._dice.uniform(0.5, 1)

    async def _next(self) -> list[Record]:
        consumers, name = self._source.consumers(), self._channel.name
        after = await consumers.position(name)
        if after is None:
            after = await self._source.newest()
            await consumers.move(name, after)
        return [record async for record in self._source.records(after=after, limit=BATCH)]

    async def _send(self, records: Sequence[Record]) -> int:
        loop = asyncio.get_running_loop()
        begun, done = loop.time(), 0
        try:
            for record in records:
                if loop.time() - begun > FRESH:
                    break
                await self._tell(record)
                done += 1
        finally:
            if done:
                await self._source.consumers().move(self._channel.name, records[done - 1].seq or 0)
        await self._well()
        return done

    async def _tell(self, record: Record) -> None:
        is_erasure = record.type == EraseSubject.type
        if self._channel.types and record.type not in self._channel.types and not is_erasure:
            return
        if self._channel.words and await self._is_unwilling(record):
            record = without_what_is_not_kept(record)
        pseudonyms = await self._source.pseudonyms()
        if not is_erasure:
            await self._channel.send(event_of(record, pseudonyms, words=self._channel.words))
            return
        ledger, entry = self._source.ledger(), (await self._known()).entry
        erased = await ledger.erased_in(entry)
        await self._channel.send(event_of(record, pseudonyms, words=False, messages=erased))
        await ledger.settle(entry, erased)

    async def _is_unwilling(self, record: Record) -> bool:
        """Whether it holds words of someone who wants nothing kept by now, or words to them."""
        persons: list[Any] = [record.subject, record.data.get("author"), record.data.get("source_id")]
        if question := record.data.get("question_id"):
            asked = await self._source.message(question)
            persons.append(asked and asked.author)
        for each in dict.fromkeys(filter(None, persons)):
            if await self._source.opted_out(each):
                return True
        return False

    async def _known(self) -> Standing:
        if self._standing is None:
            self._standing = await standing_of(self._source.ledger(), self._channel)
        return self._standing

    async def _well(self) -> None:
        standing = await self._known()
        if standing.has_trouble:
            logger.info("outward_goes_on", extra={"channel": self._channel.name})
            self._standing = await out_of_trouble(self._source.ledger(), standing)

    async def _trouble(self, error: NotTakenError | RefusedError, *, parked: bool) -> None:
        standing = await self._known()
        if standing.error != str(error) or standing.is_parked != parked:
            told = {"channel": self._channel.name, "error": str(error)}
            logger.warning("outward_parked" if parked else "outward_not_taken", extra=told)
            ledger, now = self._source.ledger(), self._clock.now()
            self._standing = await in_trouble(ledger, standing, str(error), at=now, parked=parked)
