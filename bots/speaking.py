"""Platforms to post on, and to ask for links: those that a bot is connected to, or one alone, without listening."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from bots.discord import speaking as discord
from bots.links import link_or_address
from bots.slack import speaking as slack
from core.errors import PlatformError, SettingsError
from core.insight.worst import DislikedReply
from core.messages import MessageRef, PlaceRef
from core.naming import CanNameChannels
from core.ports import ChatPlatform
from core.settings import Settings, setting_names
from core.telling.posting import links_to

logger = logging.getLogger(__name__)

_PATIENCE: Final = 10.0
"""Seconds that links are waited for."""
_SHORT_PATIENCE: Final = 3.0
"""The same for the names of channels: without them a report is a report."""


@asynccontextmanager
async def listed(
    platforms: MutableMapping[str, ChatPlatform],
    name: str,
    connect: Callable[[], AbstractAsyncContextManager[ChatPlatform]],
) -> AsyncIterator[ChatPlatform]:
    """A connection that stands in `platforms`, under its name, for as long as it is there."""
    async with connect() as platform:
        platforms[name] = platform
        try:
            yield platform
        finally:
            del platforms[name]


def speaking(settings: Settings, platform: str) -> AbstractAsyncContextManager[ChatPlatform]:
    """A platform to post on, while another process may listen.

    Raises:
        SettingsError: its token is missing.
        PlatformError: the platform refuses, or cannot be reached (when it is entered).
    """
    tokens = {"slack": settings.slack_bot_token, "discord": settings.discord_token}
    token = tokens[platform]
    if not token:
        name = setting_names()[f"{platform}_bot_token" if platform == "slack" else f"{platform}_token"]
        raise SettingsError(
            f"{platform.title()} needs {name}: set it in the environment or in .env. docs/{platform}.md says where to "
            "get it."
        )
    if platform == "slack":
        return slack.speaking(bot_token=token.get_secret_value(), api_url=settings.slack_api_url)
    return discord.speaking(token=token.get_secret_value(), api_url=settings.discord_api_url)


async def channel_names(settings: Settings, places: Sequence[PlaceRef]) -> dict[PlaceRef, str]:
    """What channels are called, as far as the platforms tell whose tokens are there."""
    found: dict[PlaceRef, str] = {}
    tokens = {"slack": settings.slack_bot_token, "discord": settings.discord_token}
    for name in sorted({each.platform for each in places if tokens.get(each.platform)}):
        try:
            async with asyncio.timeout(_SHORT_PATIENCE), speaking(settings, name) as platform:
                found |= await _named(platform, [each for each in places if each.platform == name])
        except (PlatformError, TimeoutError) as error:
            logger.warning("channels_not_named", extra={"platform": name, "error": str(error)})
    return found


async def _named(platform: ChatPlatform, places: Sequence[PlaceRef]) -> dict[PlaceRef, str]:
    if not isinstance(platform, CanNameChannels):
        return {}
    names = {each: await platform.channel_names(each) for each in sorted({place.workspace for place in places})}
    return {each: name for each in places if (name := names[each.workspace].get(each.channel))}


async def links(settings: Settings, replies: Sequence[DislikedReply]) -> dict[MessageRef, str]:
    """Where replies are opened, as far as it can be told here: Slack has to be asked, for which its token is needed."""
    addresses = [each.address for each in replies if each.address is not None]
    found = {each: link for each in addresses if (link := link_or_address(each)) != each.key}
    if settings.slack_bot_token and any(each.platform == "slack" for each in addresses):
        try:
            async with asyncio.timeout(_PATIENCE), speaking(settings, "slack") as platform:
                found |= await links_to(platform, replies)
        except (PlatformError, TimeoutError) as error:
            logger.warning("no_links", extra={"platform": "slack", "error": str(error)})
    return found
