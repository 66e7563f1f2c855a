"""The play: pocket and the bot side by side in this process, over real sockets on localhost."""

import asyncio
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from rich.console import Console

from bots.demo.acts import Acts
from bots.demo.bot import bot_in, database_in, fresh
from bots.demo.browser import furnished
from bots.demo.by_hand import chat_by_hand
from bots.demo.chat.service import ChatPage
from bots.demo.judging import show_judged
from bots.demo.results import show_results
from bots.demo.scene import Scene
from bots.demo.stage import Stage
from bots.pocket.model_script import Script
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.things import Platform
from core.following import follow
from core.records import Record
from core.store.database import open_store
from core.store.sql import SqlStore


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast all goes."""

    tokens_per_second: float | None
    first_token_after: float
    """Seconds."""
    thinking: float
    """Seconds that a person takes before they do something."""


_TO_WATCH: Final = Pace(150.0, 0.3, 1.0)
_AT_ONCE: Final = Pace(None, 0.02, 0.05)
_PATIENCE: Final = 30.0
_STAGES: Final[tuple[Platform, ...]] = ("slack", "discord")


async def play(directory: Path, *, fast: bool, port: int) -> None:
    """Play the scene, print what comes of it, say where it lies; in a terminal, let the person go on by hand.

    It is seen in the browser, too: at `port`, or where that is taken at any that is free.

    Raises:
        SettingsError: `directory` holds something that is not a demo's.
    """
    console, page = Console(), ChatPage()
    directory = fresh(directory)
    pace = _AT_ONCE if fast else _TO_WATCH
    # What happens while nobody listens is lost here, and has to be found.
    rules = SlackRules(hold_while_away=False)
    async with (
        furnished(page, port if _is_free(port) else 0, rules) as pocket,
        open_store(database_in(directory)) as store,
        page.showing(pocket, store),
    ):
        console.print(f"In the browser, as it happens: [bold]{pocket.origin}[/]", highlight=False)
        for platform in _STAGES:
            console.rule(f"[bold]Plaudit on {platform.title()}[/] – a chat in a box, a scripted model, the bot")
            await _show(console, pocket, directory, platform, pace)
        await show_judged(console, directory, pocket)
        await show_results(console, directory)
        console.print("Try it yourself in the browser: [bold]plaudit demo --chat[/]", highlight=False)
        if sys.stdin.isatty() and console.is_terminal:
            console.print(f"Or go on here, in this terminal or at {pocket.origin}", highlight=False)
            async with bot_in(directory, pocket, *_STAGES):
                await chat_by_hand(console, pocket, pocket.room("general", on=_STAGES[0]))
            await show_results(console, directory)


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


async def _show(console: Console, pocket: Pocket, directory: Path, platform: Platform, pace: Pace) -> None:
    """The scene on one platform: with the bot, without it, and with the bot that comes back."""
    pocket.model.answers = Script(tokens_per_second=pace.tokens_per_second, first_token_after=pace.first_token_after)
    stage = Stage(console, pocket.room("general", on=platform))
    scene = Scene(Acts(pocket, pocket.room("general", on=platform), stage, pace.thinking))
    with stage.showing():
        async with bot_in(directory, pocket, platform) as store:
            await scene.play()
            last = [each.seq or 0 async for each in store.records()][-1]
        stage.note("The bot is stopped.")
        await scene.vote_while_nobody_listens()
        stage.note("The bot is started again, and looks for what it missed.")
        async with bot_in(directory, pocket, platform) as store, asyncio.timeout(_PATIENCE):
            stage.note(_in_words(await _found(store, after=last)))
            await asyncio.sleep(pace.thinking)


async def _found(store: SqlStore, *, after: int) -> Record:
    """The first record of something that was found later."""
    async for record in follow(store, after=after):
        if record.data.get("metadata", {}).get("found_later"):
            return record
    raise AssertionError  # it follows for ever


def _in_words(record: Record) -> str:
    name, value = record.data["name"], orjson.dumps(record.data["value"]).decode()
    return f"Found, and in the log now: {record.seq} {record.type} {name} {value}, found_later"
