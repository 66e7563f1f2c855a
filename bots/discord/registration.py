"""Tells Discord of our commands, where it does not know them as they are."""

import logging

from bots.discord.commands import are_registered, definitions
from bots.discord.reading import PLATFORM
from bots.discord.rest import Rest
from core.errors import PlatformError

logger = logging.getLogger(__name__)

_BUCKET = ("commands", "")


async def register(rest: Rest, application: str) -> None:
    """See that the commands are there, for every server. Never fails: all else works without them."""
    path = f"/applications/{application}/commands"
    try:
        known = (await rest.call("GET", path, bucket=_BUCKET)).data
        if not are_registered(known):
            await rest.call("PUT", path, bucket=_BUCKET, body=definitions())
            logger.info("commands_registered", extra={"platform": PLATFORM})
    except PlatformError as error:
        logger.warning("commands_not_registered", extra={"platform": PLATFORM, "error": str(error)})
