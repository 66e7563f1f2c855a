"""The play: pocket and the bot side by side in this process, over real sockets on localhost."""

import asyncio
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape

from bots.demo.by_hand import chat_by_hand
from bots.demo.scene import Scene
from bots.demo.stage import Stage
from bots.pocket.model import Model
from bots.pocket.model_script import Script
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.things import Platform
from bots.presenting import categories_table, report_table, scores_table
from bots.running import PLATFORMS, running
from core.errors import SettingsError
from core.following import follow
from core.insight.report import reports_by, scores
from core.records import Record
from core.settings import Settings
from core.store.counts import Division
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
_MARK: Final = "made-by-plaudit-demo"


async def play(directory: Path, *, fast: bool) -> None:
    """Play the scene, print the report, say where the data lies; in a terminal, let the person go on by hand.

    Raises:
        SettingsError: `directory` holds something that is not a demo's.
    """
    console = Console()
    database = _fresh(directory) / "plaudit.db"
    pace = _AT_ONCE if fast else _TO_WATCH
    # What happens while nobody listens is lost here, and has to be found.
    async with Pocket(slack=SlackRules(hold_while_away=False), model=Model()) as pocket:
        settings = _settings(pocket, database)
        for platform in _STAGES:
            console.rule(f"[bold]Plaudit on {platform.title()}[/] – a chat in a box, a scripted model, the bot")
            await _show(console, pocket, settings, platform, pace)
        await _summary(console, database)
        if sys.stdin.isatty() and console.is_terminal:
            async with running(settings, PLATFORMS):
                await chat_by_hand(console, pocket, pocket.room("general", on=_STAGES[0]))
            await _summary(console, database)


async def _show(console: Console, pocket: Pocket, settings: Settings, platform: Platform, pace: Pace) -> None:
    """The scene on one platform: with the bot, without it, and with the bot that comes back."""
    pocket.model.answers = Script(tokens_per_second=pace.tokens_per_second, first_token_after=pace.first_token_after)
    stage = Stage(console, pocket.room("general", on=platform))
    scene = Scene(pocket, pocket.room("general", on=platform), stage, pace.thinking)
    with stage.showing():
        async with running(settings, [platform]) as store:
            await scene.play()
            last = [each.seq or 0 async for each in store.records()][-1]
        stage.note("The bot is stopped.")
        await scene.vote_while_nobody_listens()
        stage.note("The bot is started again, and looks for what it missed.")
        async with running(settings, [platform]) as store, asyncio.timeout(_PATIENCE):
            stage.note(_in_words(await _found(store, after=last)))
            await asyncio.sleep(pace.thinking)


async def _found(store: SqlStore, *, after: int) -> Record:
    """The first record of something that was found later."""
    async for record in follow(store, after=after):
        if record.data.get("metadata", {}).get("found_later"):
            return record
    raise AssertionError  # it follows for ever


def _in_words(record: Record) -> str:
    said = {name: record.data[name] for name in ("name", "value")} | {"found_later": True}
    return f"Found, and in the log now: {record.seq} {record.type} {orjson.dumps(said).decode()}"


def _settings(pocket: Pocket, database: Path) -> Settings:
    return Settings.load(
        environ={},
        _env_file=None,
        MODEL_ENDPOINT=f"{pocket.origin}/v1",
        MODEL_NAME="demo-model",
        SLACK_BOT_TOKEN=SecretStr(pocket.slack.bot_token),
        SLACK_APP_TOKEN=SecretStr(pocket.slack.app_token),
        SLACK_API_URL=pocket.slack.base_url,
        DISCORD_TOKEN=SecretStr(pocket.discord.token),
        DISCORD_API_URL=pocket.discord.base_url,
        DISCORD_GATEWAY_URL=pocket.discord.gateway_url,
        database_url=f"sqlite:///{database}",
        environment="demo",
        grace_seconds=2,
    )


async def _summary(console: Console, database: Path) -> None:
    url = f"sqlite:///{database}"
    async with open_store(url) as store:
        reports = await reports_by(store, Division.PLATFORM)
        rated, chosen = await store.dimension_counts(), await store.category_counts()
        first = [record async for record in store.records(limit=1)]
    for table in (
        report_table(reports, "the demo"),
        scores_table(scores(rated), "the demo"),
        categories_table(chosen, "the demo"),
    ):
        console.print()
        console.print(table)
    console.print(f"\nEverything is in [bold]{escape(str(database))}[/]. Look around:")
    looks = ["events", f"conversation {first[0].conversation_id}", "report --by channel", "report --by category"]
    for each in looks:
        console.print(f"  plaudit --database {url} {each}", soft_wrap=True, highlight=False)


def _fresh(directory: Path) -> Path:
    """The directory, empty but for our mark. What somebody else keeps there is not touched."""
    if directory.exists() and any(directory.iterdir()) and not (directory / _MARK).exists():
        raise SettingsError(f"{directory} holds other files. Name an empty or a new directory: plaudit demo --dir DIR")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / _MARK).touch()
    return directory.resolve() if directory.is_absolute() else directory
