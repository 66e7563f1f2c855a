"""The other processes that answer on the same platforms: whoever stops leaves to them what is not finished."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from core.answering import Turn
from core.errors import DatabaseUnavailableError
from core.ports import CanRelay, Leases

logger = logging.getLogger(__name__)

_ANSWERS: Final = "answers:"
"""What those who answer on a platform have joined; its name follows."""


class Others:
    """Knows whether there are any."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._joined: set[str] = set()

    async def tell(self, platforms: Iterable[str]) -> None:
        """Let them know that this process answers on these platforms; to be told again and again."""
        for platform in tuple(platforms):
            self._joined.add(platform)
            await self._leases.join(f"{_ANSWERS}{platform}")

    async def leave(self) -> None:
        """Let them know that it does not any more: two who stop at once leave nothing to each other."""
        with suppress(DatabaseUnavailableError):
            while self._joined:
                await self._leases.leave(f"{_ANSWERS}{self._joined.pop()}")

    async def can_take(self, turns: Iterable[Turn]) -> bool:
        """Whether another process can go on with these turns, from what the database and the platform know of them."""
        platforms = {turn.platform.name: turn.platform for turn in turns}
        if any(turn.withheld for turn in turns):
            return False  # the words are known here alone
        if any(isinstance(each, CanRelay) for each in platforms.values()):
            return False  # whoever reads them is connected to this process
        try:
            return all([await self._leases.others(f"{_ANSWERS}{each}") for each in platforms])
        except DatabaseUnavailableError as error:
            logger.warning("others_not_known", extra={"error": str(error)})
            return False
