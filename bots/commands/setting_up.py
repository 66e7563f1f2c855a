"""`plaudit init` and `plaudit manifest`: from nothing to a bot, with what the platforms want to be told."""

import base64
import binascii
import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from bots.chosen import PLATFORMS, charts_on_discord, policies_from
from bots.commands.terminal import out
from core.errors import SettingsError
from core.policy.example import example
from core.settings import Settings

manifests = typer.Typer(help="Print what a platform has to be told of the app.", no_args_is_help=True)

_SLACK: Final = """\
[bold]Slack[/]: on api.slack.com/apps choose Create New App → From a manifest, pick the workspace and paste what
`plaudit manifest slack` prints. Then Install to Workspace; OAuth & Permissions shows the bot token (xoxb-…). Under
Basic Information → App-Level Tokens → Generate, with the scope connections:write, there is the app token (xapp-…)."""
_DISCORD: Final = """\
[bold]Discord[/]: on discord.com/developers/applications choose New Application. Under Bot, switch on Message Content
Intent; Reset Token shows the token, once. `plaudit manifest discord` prints the address that invites the bot."""
_MODEL: Final = """\
[bold]The model[/]: an id on the Hugging Face Hub, or the base URL of an OpenAI-compatible server, such as
http://127.0.0.1:11434/v1 for Ollama (docs/models.md)."""
_BEGINNINGS: Final = {"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}


@manifests.command("slack")
def slack(
    name: Annotated[str, typer.Option(help="What the bot is called.")] = "plaudit",
    command: Annotated[str, typer.Option(help="Its command; two bots in one workspace need two.")] = "/plaudit",
    url: Annotated[
        str, typer.Option(metavar="https://HOST", help="For HTTP mode: where Slack reaches it. Else: Socket Mode.")
    ] = "",
) -> None:
    """The manifest of the app (version 2), with every scope: paste it at api.slack.com/apps → From a manifest."""
    from bots.slack.manifest import as_yaml, manifest  # noqa: PLC0415 - YAML is needed here alone

    if url and (urlsplit(url).scheme != "https" or urlsplit(url).path not in {"", "/"}):
        raise SettingsError(f"{url!r} is no address that Slack can reach: write https://HOST, without a path.")
    if not command.startswith("/") or " " in command:
        raise SettingsError(f"{command!r} is no command: write it with a slash, in one word.")
    sys.stdout.write(as_yaml(manifest(name, command, url=url)))


@manifests.command("discord")
def discord(
    application: Annotated[
        str, typer.Option("--app-id", help="Under General Information; else it is read from DISCORD_TOKEN.")
    ] = "",
) -> None:
    """The address that invites the bot with its permissions, and the intent that has to be switched on."""
    from bots.discord.permissions import invitation, purposes  # noqa: PLC0415 - discord.py takes a while to load

    charts = _posts_charts()
    found = application or _application_in(os.environ.get("DISCORD_TOKEN") or _token_in_settings())
    if not found.isdecimal():
        raise SettingsError("Which app? Give --app-id (General Information → Application ID), or set DISCORD_TOKEN.")
    out.print("Switch on: Bot → Privileged Gateway Intents → Message Content Intent. It asks for these permissions:")
    for permission, purpose in purposes(charts=charts).items():
        out.print(f"  {permission}: {purpose}", highlight=False)
    out.print("Open this address and choose the server:")
    sys.stdout.write(invitation(int(found), charts=charts) + "\n")


def init(
    directory: Annotated[Path, typer.Option("--dir", help="Where .env and plaudit.toml are written.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,  # noqa: FBT002 - Typer's --switch
) -> None:
    """Ask for what the bot needs, explain where it is found, and write .env and plaudit.toml."""
    env, policy = directory / ".env", directory / "plaudit.toml"
    if env.exists() and not force:
        raise SettingsError(f"{env} is there already: change it by hand, or say --force to write it anew.")
    if not directory.is_dir():
        raise SettingsError(f"There is no directory {directory}.")
    values = _asked()
    _write_secretly(env, "".join(f"{name}={value}\n" for name, value in values.items() if value))
    out.print(f"\n{env} is written, and only you can read it.", highlight=False)
    if not policy.exists():
        policy.write_text(example(), "utf-8")
        out.print(f"{policy} is written: every key with its default.", highlight=False)
    named = [each for each in PLATFORMS if any(name.startswith(each.upper()) and values[name] for name in values)]
    out.print(f"\nNow: plaudit doctor, and then: plaudit run {' '.join(named) or 'slack'}", highlight=False)


def _asked() -> dict[str, str]:
    values: dict[str, str] = {}
    defaults = {name: str(Settings.model_fields[name].default) for name in ("model_endpoint", "database_url")}
    if typer.confirm("Shall it listen on Slack?", default=True):
        out.print(_SLACK)
        for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
            values[name] = _secret(name)
    if typer.confirm("Shall it listen on Discord?", default=not values):
        out.print(_DISCORD)
        values["DISCORD_TOKEN"] = _secret("DISCORD_TOKEN")
    out.print(_MODEL)
    values["MODEL_ENDPOINT"] = _one_line(typer.prompt("MODEL_ENDPOINT", default=defaults["model_endpoint"]))
    if values["MODEL_ENDPOINT"].startswith("http"):
        asked = typer.prompt("MODEL_NAME (empty: the server's own choice)", default="", show_default=False)
        values["MODEL_NAME"] = _one_line(asked)
    values["HF_TOKEN"] = _secret("HF_TOKEN", optional=True)
    out.print("[bold]The database[/]: a file, or postgresql://USER:PASSWORD@HOST/NAME.")
    values["PLAUDIT_DATABASE_URL"] = _one_line(typer.prompt("PLAUDIT_DATABASE_URL", default=defaults["database_url"]))
    return values


def _secret(name: str, *, optional: bool = False) -> str:
    """A token as it is typed, unseen; asked again where it cannot be one."""
    beginning = _BEGINNINGS.get(name, "")
    while True:
        told = " (empty: none)" if optional else ""
        value = typer.prompt(f"{name}{told}", default="" if optional else None, hide_input=True, show_default=False)
        value = _one_line(value)
        if (optional and not value) or (value.startswith(beginning) and not any(each.isspace() for each in value)):
            return value
        out.print(f"That is none: {name} begins with {beginning}." if beginning else "A token has no spaces.")


def _one_line(value: str) -> str:
    return " ".join(str(value).split())


def _write_secretly(file: Path, text: str) -> None:
    """Write a file that nobody else can read, not even for a moment."""
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
    beside.replace(file)


def _token_in_settings() -> str:
    token = Settings.load().discord_token
    return token.get_secret_value() if token else ""


def _posts_charts() -> bool:
    """Whether plaudit.toml has a digest for Discord. What is wrong with it, `plaudit doctor` tells."""
    with contextlib.suppress(SettingsError):
        return bool(charts_on_discord(policies_from(Settings.load())))
    return False


def _application_in(token: str) -> str:
    """The id of the bot, which is its app's, from its token's first part; empty where it is not in there.

    docs.discord.com/developers/reference#authentication
    """
    first = token.partition(".")[0]
    try:
        return base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
