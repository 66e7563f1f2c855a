"""What the settings choose: the platforms with their tokens, and the policies. Light: no platform's SDK is needed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from core.errors import SettingsError
from core.policy.file import Reloading
from core.settings import Settings, setting_names

PLATFORMS: Final = ("slack", "discord")
WEB: Final = "web"
LISTENING: Final = (*PLATFORMS, WEB)
"""All that `plaudit run` takes."""
_OVER_HTTP: Final = ("slack_bot_token", "slack_signing_secret")
_BY_OAUTH: Final = ("slack_signing_secret", "slack_client_id", "slack_client_secret", "secret_key")
_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "slack": ("slack_bot_token", "slack_app_token"),
    "discord": ("discord_token",),
    WEB: (),
}


def policies_from(settings: Settings) -> Reloading:
    """What holds where, from the file that the settings name; only plaudit.toml, when nobody named it, may be missing.

    Raises:
        SettingsError: something in the file cannot be; the message names the line.
    """
    return Reloading(Path(settings.config), required="config" in settings.model_fields_set)


def charts_on_discord(policies: Reloading) -> frozenset[str]:
    """The ids of Discord's channels in which digests are posted: their charts need a permission more."""
    places = policies.digest.to if policies.digest.at is not None else ()
    return frozenset(each.channel for each in places if each.platform == "discord")


def tokens_of(settings: Settings, platforms: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The tokens of each platform, in the order of the names of their settings.

    Raises:
        SettingsError: there is no such platform, or one of its tokens is not set.
    """
    return {each: _tokens(settings, each) for each in platforms}


def is_slack_over_http(settings: Settings) -> bool:
    """Whether Slack's events come as HTTP requests; by Socket Mode, wherever its token is set or nothing is."""
    return settings.slack_signing_secret is not None and settings.slack_app_token is None


def is_slack_by_oauth(settings: Settings) -> bool:
    """Whether workspaces install the app by themselves."""
    return is_slack_over_http(settings) and bool(settings.slack_client_id)


def check_http(settings: Settings, platforms: Iterable[str]) -> None:
    """Raises SettingsError where Slack's requests would find no server."""
    if "slack" in platforms and WEB not in platforms and is_slack_over_http(settings):
        raise SettingsError(
            "With SLACK_SIGNING_SECRET Slack comes over HTTP, which the web serves: `plaudit run slack web`. For "
            "Socket Mode, set SLACK_APP_TOKEN."
        )


def at_address(settings: Settings, platforms: Iterable[str], host: str | None, port: int | None) -> Settings:
    """The settings with another address for the web, where one is chosen. Raises SettingsError without the web."""
    chosen = {name: value for name, value in (("web_host", host), ("web_port", port)) if value is not None}
    if chosen and WEB not in platforms:
        raise SettingsError("--host and --port are about the web: leave them away, or run web.")
    return settings.model_copy(update=chosen)


def _tokens(settings: Settings, platform: str) -> tuple[str, ...]:
    if platform not in _NEEDED:
        raise SettingsError(f"There is no platform called {platform}. Choose from: {', '.join(LISTENING)}.")
    needed = _needed(settings, platform)
    tokens: list[SecretStr | str | None] = [getattr(settings, each) for each in needed]
    if missing := [setting_names()[each] for each, token in zip(needed, tokens, strict=True) if not token]:
        asked = " (`plaudit init` asks)" if needed is _NEEDED[platform] else ""
        raise SettingsError(
            f"{platform.title()} needs {' and '.join(missing)}: set it in the environment or in .env{asked}. "
            f"docs/{platform}.md says where it is found."
        )
    return tuple(token if isinstance(token, str) else token.get_secret_value() for token in tokens if token)


def _needed(settings: Settings, platform: str) -> tuple[str, ...]:
    if platform == "slack" and is_slack_by_oauth(settings):
        return _BY_OAUTH
    return _OVER_HTTP if platform == "slack" and is_slack_over_http(settings) else _NEEDED[platform]
