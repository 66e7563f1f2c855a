"""Discord without listening: for whoever has something to post and nothing to hear."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from bots.discord.adapter import DiscordPlatform
from bots.discord.client import user_agent
from bots.discord.rest import Rest
from bots.discord.surroundings import CachedSurroundings
from core.clock import SystemClock


@asynccontextmanager
async def speaking(*, token: str, api_url: str) -> AsyncIterator[DiscordPlatform]:
    """The bot of the token, to post wherever it is. A token that is refused is told by the first call."""
    clock = SystemClock()
    async with aiohttp.ClientSession() as session:
        rest = Rest(session, api_url, token.strip(), user_agent=user_agent(), clock=clock)
        yield DiscordPlatform(rest, CachedSurroundings((), rest), clock, application="")
