"""Slack without listening: for whoever has something to post and nothing to hear."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.adapter import SlackPlatform
from bots.slack.people import Directory
from bots.slack.refusals import asking
from bots.slack.translate import Identity


@asynccontextmanager
async def speaking(*, bot_token: str, api_url: str) -> AsyncIterator[SlackPlatform]:
    """The workspace of the token, to post in.

    Raises:
        PlatformError: Slack cannot be reached, or refuses the token; the message says what to do.
    """
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=bot_token, base_url=api_url.rstrip("/") + "/", session=session, retry_handlers=[])
        answer = await asking(client.auth_test())
        me = Identity(answer["team_id"], answer["user_id"], answer.get("bot_id") or "")
        yield SlackPlatform(client, me, Directory(client))
