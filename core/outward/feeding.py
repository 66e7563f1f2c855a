"""The channels that `plaudit.toml` names, fed while the bot runs; when the file is read again, those it names then."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Protocol, Self

from core.clock import Clock
from core.errors import SettingsError
from core.outward.channel import Channel
from core.outward.channels import channels, sending
from core.outward.sender import Leases, Source
from core.policy.file import Outward
from core.policy.outward import Nats, Webhook

logger = logging.getLogger(__name__)


class Plans(Protocol):
    """What leaves for other systems; it may be read again meanwhile."""

    @property
    def outward(self) -> Outward:
        """The channels, among others."""
        ...


class Feeding:
    """Holds the channels open: `async with` opens those that are named at first, and closes what is open at last.

    Opening raises SettingsError where a secret or an extra is missing.
    """

    def __init__(self, plans: Plans, environ: Mapping[str, str] | None = None) -> None:
        """`environ`: where secrets are; else `.env` and the process's own, read anew each time."""
        self._plans = plans
        self._environ = environ
        self._named = _named(plans.outward)
        self._held = AsyncExitStack()
        self._channels: Sequence[Channel] = ()
        self._senders = AsyncExitStack()
        self._with: tuple[Source, Leases, Clock] | None = None
        self._changing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._channels = await self._held.enter_async_context(channels(self._plans.outward, self._environ))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._held.aclose()

    @asynccontextmanager
    async def feeding(self, source: Source, leases: Leases, clock: Clock) -> AsyncIterator[None]:
        """Feed them while the block lasts, from then on those that `look` finds."""
        self._with = (source, leases, clock)
        await self._senders.enter_async_context(sending(self._channels, *self._with))
        try:
            yield
        finally:
            async with self._changing:
                self._with = None
                await self._senders.aclose()

    async def look(self) -> None:
        """Feed others where others are named by now. Where these cannot be opened all stays; the log says why."""
        outward = self._plans.outward
        async with self._changing:
            if self._with is None or self._named == _named(outward):
                return
            # Not tried again before the file is read again.
            self._named = _named(outward)
            fresh = AsyncExitStack()
            try:
                opened = await fresh.enter_async_context(channels(outward, self._environ))
            except SettingsError as error:
                logger.error("channels_not_changed", extra={"error": str(error)})  # noqa: TRY400 - it tells all
                return
            await self._senders.aclose()
            old, self._held, self._channels = self._held, fresh, opened
            await old.aclose()
            await self._senders.enter_async_context(sending(opened, *self._with))
            logger.info("channels_changed", extra={"channels": ",".join(each.name for each in opened)})


def _named(outward: Outward) -> tuple[tuple[Webhook, ...], Nats | None]:
    return outward.webhooks, outward.nats
