"""The play: pocket and the bot side by side in this process, over real sockets on localhost."""

import shutil
import sys
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape

from bots.demo.by_hand import chat_by_hand
from bots.demo.scene import Scene
from bots.demo.stage import Stage
from bots.pocket.model import Model
from bots.pocket.model_script import Script
from bots.pocket.server import Pocket
from bots.pocket.things import Platform
from bots.presenting import report_table
from bots.running import PLATFORMS, running
from core.errors import SettingsError
from core.insight.report import reports_by
from core.settings import Settings
from core.store.counts import Division
from core.store.sql import SqlStore

_PACE: Final = {"tokens_per_second": 150.0, "first_token_after": 0.3}
"""Of the demo's model, with time to watch."""
_THINKING: Final = 1.0
_STAGES: Final[tuple[Platform, ...]] = ("slack", "discord")
_MARK: Final = "made-by-plaudit-demo"


async def play(directory: Path, *, fast: bool) -> None:
    """Play the scene, print the report, say where the data lies; in a terminal, let the person go on by hand.

    Raises:
        SettingsError: `directory` holds something that is not a demo's.
    """
    console = Console()
    database = _fresh(directory) / "plaudit.db"
    pace = {"tokens_per_second": None, "first_token_after": 0.02} if fast else _PACE
    model = Model()
    async with Pocket(model=model) as pocket:
        settings = _settings(pocket, database)
        async with running(settings, PLATFORMS) as store:
            pause = 0.05 if fast else _THINKING
            for platform in _STAGES:
                console.rule(f"[bold]Plaudit on {platform.title()}[/] – a chat in a box, a scripted model, the bot")
                model.answers = Script(**pace)
                scene = Scene(pocket, pocket.room("general", on=platform), pause)
                with Stage(console, scene.room).showing():
                    await scene.play()
            await _summary(console, store, database)
            if sys.stdin.isatty() and console.is_terminal:
                await chat_by_hand(console, pocket, pocket.room("general", on=_STAGES[0]))
                await _summary(console, store, database)


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


async def _summary(console: Console, store: SqlStore, database: Path) -> None:
    console.print()
    console.print(report_table(await reports_by(store, Division.PLATFORM), "the demo"))
    first = [record async for record in store.records(limit=1)]
    url = f"sqlite:///{database}"
    console.print(f"\nEverything is in [bold]{escape(str(database))}[/]. Look around:")
    console.print(f"  plaudit --database {url} events", soft_wrap=True, highlight=False)
    if first:
        console.print(
            f"  plaudit --database {url} conversation {first[0].conversation_id}", soft_wrap=True, highlight=False
        )
    console.print(f"  plaudit --database {url} report --json", soft_wrap=True, highlight=False)


def _fresh(directory: Path) -> Path:
    """The directory, empty but for our mark. What somebody else keeps there is not touched."""
    if directory.exists() and any(directory.iterdir()) and not (directory / _MARK).exists():
        raise SettingsError(f"{directory} holds other files. Name an empty or a new directory: plaudit demo --dir DIR")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / _MARK).touch()
    return directory.resolve() if directory.is_absolute() else directory
