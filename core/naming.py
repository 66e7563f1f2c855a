"""What channels are called, as the platforms tell that this process is connected to. The log knows their ids alone."""

import logging
from collections.abc import Mapping
from typing import Final, Protocol, runtime_checkable

from core.clock import Clock
from core.errors import PlatformError
from core.messages import PlaceRef
from core.ports import ChatPlatform
from core.tasks import Tasks

logger = logging.getLogger(__name__)

_LASTING: Final = 3600.0
"""Seconds after which names are asked for again: channels are renamed."""
_AGAIN: Final = 60.0
"""The same, where they could not be told."""


@runtime_checkable
class CanNameChannels(Protocol):
    """The platform tells what channels are called."""

    async def channel_names(self, workspace: str) -> Mapping[str, str]:
        """The names of those channels of a workspace or server that it shows us, by id. Raises PlatformError."""
        ...


class ChannelNames:
    """The names that are known by now. Whoever wants one is never kept waiting: it is there at the next look."""

    def __init__(self, platforms: Mapping[str, ChatPlatform], clock: Clock) -> None:
        """`platforms`: those that are connected at the time."""
        self._platforms = platforms
        self._clock = clock
        self._known: dict[tuple[str, str], Mapping[str, str]] = {}
        self._due: dict[tuple[str, str], float] = {}
        self._tasks = Tasks()

    def of(self, place: PlaceRef) -> str:
        """What the channel is called; empty where that is not known, or not yet."""
        where = (place.platform, place.workspace)
        if place.workspace and self._clock.monotonic() >= self._due.get(where, 0.0):
            platform = self._platforms.get(place.platform)
            self._due[where] = self._clock.monotonic() + _AGAIN
            if isinstance(platform, CanNameChannels):
                self._tasks.start(self._ask(platform, where), name=f"ask what channels of {place.platform} are called")
        return self._known.get(where, {}).get(place.channel, "")

    async def close(self) -> None:
        """Ask no more."""
        await self._tasks.cancel()

    async def _ask(self, platform: CanNameChannels, where: tuple[str, str]) -> None:
        try:
            self._known[where] = await platform.channel_names(where[1])
        except PlatformError as error:
            logger.info("channels_not_named", extra={"platform": where[0], "error": str(error)})
        else:
            self._due[where] = self._clock.monotonic() + _LASTING
