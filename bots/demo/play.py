"""The play: pocket and the bot side by side in this process, over real sockets on localhost."""

import shutil
import sys
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape

from bots.demo.by_hand import chat_by_hand
from bots.demo.scene import opening
from bots.demo.stage import Stage
from bots.pocket.model import Model
from bots.pocket.model_script import Script
from bots.pocket.server import Pocket
from bots.presenting import report_table
from bots.running import running
from core.errors import SettingsError
from core.insight.report import report
from core.settings import Settings
from core.store.sql import SqlStore

_PACE: Final = 150.0
"""Tokens per second of the demo's model."""
_THINKING: Final = 1.0
_MARK: Final = "made-by-plaudit-demo"


async def play(directory: Path, *, fast: bool) -> None:
    """Play the scene, print the report, say where the data lies; in a terminal, let the person go on by hand.

    Raises:
        SettingsError: `directory` holds something that is not a demo's.
    """
    console = Console()
    database = _fresh(directory) / "plaudit.db"
    script = Script(tokens_per_second=None if fast else _PACE, first_token_after=0.02 if fast else 0.3)
    model = Model(script)
    async with Pocket(model=model) as pocket:
        settings = _settings(pocket, database)
        async with running(settings, ["slack"]) as store:
            console.rule("[bold]Plaudit, live[/] – a chat in a box, a scripted model, the real bot")
            scene = opening(pocket, "slack", 0.05 if fast else _THINKING)
            with Stage(console, pocket.house).showing():
                await scene.play()
            await _summary(console, store, database)
            if sys.stdin.isatty() and console.is_terminal:
                await chat_by_hand(console, pocket, scene.room)
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
        database_url=f"sqlite:///{database}",
        environment="demo",
        grace_seconds=2,
    )


async def _summary(console: Console, store: SqlStore, database: Path) -> None:
    counts = await store.report_counts()
    console.print()
    console.print(report_table(report(counts), "the demo"))
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
