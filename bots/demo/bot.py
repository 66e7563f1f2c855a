"""The bot that the demo runs: the real one, with everything that it needs in the box and in one directory."""

import shutil
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from bots.pocket.server import Pocket
from bots.pocket.things import Platform
from bots.running import running
from core.errors import SettingsError
from core.policy.file import Reloading
from core.settings import Settings
from core.store.sql import SqlStore

_MARK: Final = "made-by-plaudit-demo"


def fresh(directory: Path) -> Path:
    """The directory, empty but for our mark. Raises SettingsError where somebody else keeps something there."""
    if directory.exists() and any(directory.iterdir()) and not (directory / _MARK).exists():
        raise SettingsError(f"{directory} holds other files. Name an empty or a new directory: plaudit demo --dir DIR")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / _MARK).touch()
    return directory.resolve() if directory.is_absolute() else directory


def bot_in(directory: Path, pocket: Pocket, *platforms: Platform) -> AbstractAsyncContextManager[SqlStore]:
    """The bot on `platforms` while the block lasts. Whatever is set on this machine for another bot is not read."""
    policies = Reloading(directory / "plaudit.toml", required=False)
    return running(_settings(pocket, database_in(directory)), platforms, policies)


def database_in(directory: Path) -> str:
    """The URL of its database."""
    return f"sqlite:///{directory / 'plaudit.db'}"


def _settings(pocket: Pocket, database_url: str) -> Settings:
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
        database_url=database_url,
        environment="demo",
        grace_seconds=2,
    )
