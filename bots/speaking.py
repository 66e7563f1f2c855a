"""Platforms to post on: those that a running bot is connected to, or one alone, without listening."""

from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from bots.chosen import tokens_of
from bots.discord import speaking as discord
from bots.slack import speaking as slack
from core.ports import ChatPlatform
from core.settings import Settings


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
        SettingsError: a token is missing.
        PlatformError: the platform refuses, or cannot be reached (when it is entered).
    """
    tokens = tokens_of(settings, [platform])[platform]
    if platform == "slack":
        return slack.speaking(bot_token=tokens[0], api_url=settings.slack_api_url)
    return discord.speaking(token=tokens[0], api_url=settings.discord_api_url)
