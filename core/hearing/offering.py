"""What people judge a reply with appears on it when it is complete: buttons, or a 👍 and a 👎 of our own."""

import asyncio
import logging
from typing import Final

from core.answering import Answered, Turn
from core.errors import PlatformError, RateLimitedError
from core.gate import Gates
from core.judging.forms import SHOWN_ON_REPLIES
from core.messages import MessageRef
from core.policy import Policies, Seeds
from core.ports import CanOffer, CanReact, ChatPlatform, Sent

logger = logging.getLogger(__name__)

_TRIES: Final = 5


class Offering:
    """Puts it there, behind the edits of the replies that still grow."""

    def __init__(self, policies: Policies, gates: Gates) -> None:
        self._policies = policies
        self._gates = gates

    async def offer(self, turn: Turn, answered: Answered) -> None:
        """Let people judge a complete reply, as the policy of the place wants it. Never fails."""
        platform, seeds = turn.platform, self._policies.at(turn.place).seeds
        if not (answered.is_complete and answered.parts):
            return
        part = answered.parts[-1]
        if seeds is Seeds.BUTTONS and isinstance(platform, CanOffer):
            await self._show_buttons(platform, platform, turn, answered)
        elif seeds is Seeds.REACTIONS and isinstance(platform, CanReact):
            for emoji in ("👍", "👎"):
                await mark(platform, part, emoji)

    async def _show_buttons(self, platform: ChatPlatform, offers: CanOffer, turn: Turn, answered: Answered) -> None:
        limits = platform.limits
        gate = self._gates.of(platform.edit_bucket(turn.place), limits.edits, at_once=limits.edits_at_once)
        part = answered.parts[-1]

        async def send() -> Sent:
            return await offers.offer(part, answered.last_text, SHOWN_ON_REPLIES)

        for _ in range(_TRIES):
            try:
                await gate.call_beside(send)
            except RateLimitedError as error:
                await asyncio.sleep(error.retry_after)
            except PlatformError as error:
                logger.info("buttons_not_shown", extra={"error": str(error)})
                return
            else:
                return


async def mark(platform: ChatPlatform, message: MessageRef, emoji: str, *, off: bool = False) -> None:
    """Put our emoji on a message, or take it off. Where that cannot be shown, it is so all the same."""
    if not isinstance(platform, CanReact):
        return
    call = platform.unreact if off else platform.react
    for _ in range(_TRIES):
        try:
            await call(message, emoji)
        except RateLimitedError as error:
            await asyncio.sleep(error.retry_after)
        except PlatformError as error:
            logger.info("message_not_marked", extra={"error": str(error)})
            return
        else:
            return
