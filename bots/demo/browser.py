"""The chat in the browser: with the bot in it, or with none, for a bot that is led there by its own settings."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

from bots.demo.bot import bot_in, database_in, fresh
from bots.demo.chat.service import ChatPage
from bots.pocket.model import Model
from bots.pocket.model_script import Script
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.things import Platform
from bots.slack.manifest import PATH, REDIRECT, SCOPES
from core.errors import SettingsError

_PLATFORMS: Final[tuple[Platform, ...]] = ("slack", "discord")
_TOKENS_PER_SECOND: Final = 60.0
_FIRST_TOKEN_AFTER: Final = 0.4
"""Seconds."""


async def with_bot(directory: Path, *, port: int) -> None:
    """Serve the chat in a box as a page on this machine, the bot in both its platforms, until it is stopped.

    Raises:
        SettingsError: `directory` holds something that is not a demo's, or the port is taken.
    """
    console, directory, page = Console(), fresh(directory), ChatPage()
    async with (
        furnished(page, port) as pocket,
        bot_in(directory, pocket, *_PLATFORMS) as store,
        page.showing(pocket, store),
    ):
        console.print(f"A chat to try, with the real bot in it: [bold]{pocket.origin}[/]   (Ctrl-C ends it)")
        console.print(f"Its log: plaudit --database {database_in(directory)} events --follow", highlight=False)
        await asyncio.Event().wait()


async def without_bot(*, port: int, slack_url: str = "") -> None:
    """Serve the same page and the platforms behind it without a bot, and print the settings that lead one there.

    `slack_url`: where Slack's requests find the bot, without a path; empty for Socket Mode.

    Raises:
        SettingsError: the port is taken.
    """
    console, page = Console(soft_wrap=True, highlight=False), ChatPage()
    async with furnished(page, port) as pocket, page.showing(pocket, None):
        pocket.slack.scopes = tuple(SCOPES)
        if slack_url:
            pocket.slack.requests.url = slack_url.rstrip("/") + PATH
            pocket.slack.grants.redirect_url = slack_url.rstrip("/") + REDIRECT
        console.print(f"A chat to try, with no bot in it yet: {pocket.origin}   (Ctrl-C ends it)")
        console.print("These settings, in .env or the environment, lead a bot here:\n")
        for line in _settings(pocket, by_requests=bool(slack_url)):
            console.print(line, markup=False)
        await asyncio.Event().wait()


@asynccontextmanager
async def furnished(page: ChatPage, port: int, slack: SlackRules | None = None) -> AsyncIterator[Pocket]:
    """The box with its page at `port`, and with people and rooms in it. Raises SettingsError where that is taken."""
    model = Model(Script(tokens_per_second=_TOKENS_PER_SECOND, first_token_after=_FIRST_TOKEN_AFTER))
    pocket = Pocket(model=model, slack=slack, services=[page], port=port)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(pocket)
        except OSError as error:
            raise SettingsError(
                f"Port {port} is taken ({os.strerror(error.errno or 0)}): choose another by --port."
            ) from error
        for platform in _PLATFORMS:
            pocket.room("general", on=platform)
            pocket.room("random", on=platform)
        for name in ("Ada", "Ben", "Chloe", "You"):
            pocket.person(name)
        yield pocket


def _settings(pocket: Pocket, *, by_requests: bool) -> Iterator[str]:
    """The lines of a .env."""
    slack, discord = pocket.slack, pocket.discord
    yield f"SLACK_BOT_TOKEN={slack.bot_token}"
    if by_requests:
        yield f"SLACK_SIGNING_SECRET={slack.signing_secret}"
    else:
        yield f"SLACK_APP_TOKEN={slack.app_token}"
    yield f"SLACK_API_URL={slack.base_url}"
    yield f"DISCORD_TOKEN={discord.token}"
    yield f"DISCORD_API_URL={discord.base_url}"
    yield f"DISCORD_GATEWAY_URL={discord.gateway_url}"
    yield f"MODEL_ENDPOINT={pocket.model_url}"
