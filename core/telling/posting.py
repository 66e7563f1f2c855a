"""A text with a chart, posted in a channel: as one message where the platform shows files, else the text alone."""

import logging
from collections.abc import Iterable, Sequence
from hashlib import sha256

from core.controls import Attachment
from core.errors import PlatformError, PlatformRefusedTokenError, PlatformUnavailableError, RateLimitedError
from core.insight.worst import DislikedReply
from core.messages import MessageRef, PlaceRef
from core.ports import CanLink, CanShareFile, ChatPlatform
from core.telling.words import fitted

logger = logging.getLogger(__name__)

_NONCE = 24
"""Characters; Discord takes 25."""


async def post(
    platform: ChatPlatform, place: PlaceRef, lines: Sequence[str], chart: Attachment | None, name: str
) -> None:
    """Post `lines` in `place`, with `chart` where that is allowed. `name` tells it from everything else.

    Raises:
        PlatformError: it could not be posted; the message says why.
    """
    text = fitted(lines, platform.limits.message_length, platform.limits.measure)
    nonce = sha256(name.encode()).hexdigest()[:_NONCE]
    if chart is not None and isinstance(platform, CanShareFile):
        try:
            return await platform.share(place, text, chart, nonce=nonce)
        except (PlatformUnavailableError, RateLimitedError, PlatformRefusedTokenError):
            raise
        except PlatformError as error:
            # Files may be forbidden where texts are not.
            logger.warning("chart_not_shared", extra={"place": place.key, "error": str(error)})
    await platform.post(place, text, reply_to=None, nonce=nonce, again=True)
    return None


async def links_to(platform: ChatPlatform, replies: Iterable[DislikedReply]) -> dict[MessageRef, str]:
    """Where those of `replies` are opened that are on this platform; of the others, and of what is gone, nothing."""
    found = {}
    for each in replies:
        if each.address is not None and each.address.platform == platform.name and isinstance(platform, CanLink):
            try:
                found[each.address] = await platform.link(each.address)
            except PlatformError as error:
                logger.info("no_link", extra={"reply": each.address.key, "error": str(error)})
    return found
