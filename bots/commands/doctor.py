"""`plaudit doctor`: looks at everything the bot needs, one thing after another, and says how to mend what is not right.

It changes nothing and posts nothing; the model is asked for one word.
"""

import asyncio
import os
import shutil
import stat
import time
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Final

import typer

from bots.chosen import (
    PLATFORMS,
    charts_on_discord,
    is_slack_by_oauth,
    is_slack_over_http,
    policies_from,
    tokens_of,
)
from bots.commands.terminal import out, run, settings_chosen
from bots.findings import Finding, State, bad, good, odd
from core.errors import DatabaseUnavailableError, ModelFailedError, SchemaMismatchError, SettingsError
from core.language_models.hub import HubModel
from core.messages import Role
from core.ports import PromptMessage
from core.settings import Settings
from core.store import database
from core.store.sealing import Seal, keys_in

_LITTLE, _TOO_LITTLE = 1_000_000_000, 100_000_000
"""Free bytes on the disk."""
_PATIENCE: Final = 30.0
"""Seconds in which the model should say a word."""
_SLOW: Final = 5.0
_SIGNS: Final = {State.GOOD: "[green]✔[/]", State.ODD: "[yellow]![/]", State.BAD: "[red]✘[/]"}


def doctor(
    platforms: Annotated[
        list[str] | None, typer.Argument(help="Where the bot is to listen; else wherever a token is set.")
    ] = None,
) -> None:
    """Look at tokens, scopes, intents, permissions, database, model, clock and disk; each line says how to mend it."""
    run(_print(platforms or []))


async def _print(platforms: Sequence[str]) -> None:
    worst = 0
    async with aclosing(examined(platforms)) as findings:
        async for each in findings:
            out.print(_SIGNS[each.state], f"[bold]{each.what}[/]:", end=" ")
            out.print(each.said, markup=False, highlight=False, soft_wrap=True)
            if each.fix:
                out.print("    →", each.fix, markup=False, highlight=False, soft_wrap=True)
            worst += each.state is State.BAD
    if worst:
        raise SettingsError(f"{worst} thing{'s are' if worst > 1 else ' is'} not as the bot needs it: see above.")
    out.print("The bot can run.")


async def examined(platforms: Sequence[str]) -> AsyncGenerator[Finding, None]:
    """Everything that was looked at, as soon as it was."""
    try:
        settings = settings_chosen()
        policies = policies_from(settings)
    except SettingsError as error:
        yield bad("the settings", str(error))
        return
    yield _secrets_file()
    for each in _disk(settings):
        yield each
    yield await _tables(settings)
    yield await _model(settings)
    chosen = list(platforms) or _with_tokens(settings)
    if not chosen:
        yield bad("the platforms", "no platform has its tokens", "`plaudit init` asks for them and writes .env.")
    for platform in chosen:
        for each in await _platform(settings, platform, charts_on_discord(policies)):
            yield each


def _secrets_file() -> Finding:
    file = Path(".env")
    if not file.exists():
        return good("the settings", "from the environment; there is no .env here")
    if stat.S_IMODE(file.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        return odd("the settings", "others on this machine can read the tokens in .env", "chmod 600 .env")
    return good("the settings", "from the environment and .env, which only you can read")


def _disk(settings: Settings) -> list[Finding]:
    path = database.sqlite_path(settings.database_url)
    if path is None:
        return []
    there = path.absolute().parent
    if not there.is_dir():
        return [bad("the disk", f"there is no directory {there}", f"mkdir -p {there}, or set PLAUDIT_DATABASE_URL")]
    if not os.access(path if path.exists() else there, os.W_OK) or not os.access(there, os.W_OK):
        return [
            bad("the disk", f"{path.absolute()} cannot be written", f"chown it and {there} to whoever runs the bot")
        ]
    free = shutil.disk_usage(there).free
    said = f"{free / 1e9:,.1f} GB free in {there}"
    if free < _TOO_LITTLE:
        return [bad("the disk", said, "Make room: the log cannot grow, and nothing can be answered without it.")]
    return [odd("the disk", said, "Make room before long.") if free < _LITTLE else good("the disk", said)]


async def _tables(settings: Settings) -> Finding:
    what = "the database"
    try:
        path = database.sqlite_path(settings.database_url)
        if path is not None and not path.exists():
            return good(what, f"{path} is made at the first start")
        await database.check(settings.database_url)
    except (SettingsError, DatabaseUnavailableError, SchemaMismatchError) as error:
        return bad(what, str(error))
    return good(what, "it can be opened, and its tables are of this version")


async def _model(settings: Settings) -> Finding:
    what = f"the model {settings.model_name or settings.model_endpoint}"
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    parameters = {**settings.model_parameters, "max_tokens": 8}
    begun = time.monotonic()
    model = HubModel(settings.model_endpoint, name=settings.model_name, token=token, parameters=parameters)
    try:
        async with model, asyncio.timeout(_PATIENCE), aclosing(model.reply([_HELLO])) as chunks:
            async for _ in chunks:
                break
    except ModelFailedError as error:
        # What follows its first sentence is for people in the chat.
        said, _, _ = str(error).partition(". ")
        return bad(what, said, _MODEL_FIXES.get(error.reason, _OTHER_FIX))
    except TimeoutError:
        return bad(
            what, f"it said nothing for {_PATIENCE:.0f} s", "Look whether its server is loaded, or still loading."
        )
    took = time.monotonic() - begun
    said = f"its first token came after {took:.1f} s"
    return good(what, said) if took < _SLOW else odd(what, said, "People wait this long before anything shows.")


_KEY: Final = "Set HF_TOKEN: the Hub's token, or the key of your own server (docs/models.md)."
_MODEL_FIXES: Final = {
    "unreachable": "Start its server, or mend MODEL_ENDPOINT (docs/models.md).",
    "no_token": _KEY,
    "http_401": _KEY,
    "http_403": _KEY,
    "http_404": "Mend MODEL_NAME, or the id in MODEL_ENDPOINT (docs/models.md).",
}
_OTHER_FIX: Final = "docs/models.md has the setting for each kind of server."
_HELLO: Final = PromptMessage(Role.USER, "Say hello.")


def _with_tokens(settings: Settings) -> list[str]:
    found = []
    for each in PLATFORMS:
        try:
            tokens_of(settings, [each])
        except SettingsError:
            continue
        found.append(each)
    return found


async def _platform(settings: Settings, platform: str, charts_in: Collection[str] = ()) -> list[Finding]:
    try:
        tokens = tokens_of(settings, [platform])[platform]
    except SettingsError as error:
        return [bad(f"the tokens of {platform}", str(error))]
    if platform == "slack" and is_slack_by_oauth(settings):
        return [_by_oauth(settings, tokens[3])]
    if platform == "slack":
        from bots.slack.doctor import check as check_slack  # noqa: PLC0415 - its SDK takes a while to load

        app_token = "" if is_slack_over_http(settings) else tokens[1]
        return await check_slack(tokens[0], app_token, settings.slack_api_url)
    if platform == "discord":
        from bots.discord.doctor import check as check_discord  # noqa: PLC0415 - the same

        return await check_discord(tokens[0], settings.discord_api_url, charts_in)
    return []


def _by_oauth(settings: Settings, secret_key: str) -> Finding:
    what = "Slack by OAuth"
    try:
        Seal(keys_in(secret_key))
    except SettingsError as error:
        return bad(what, str(error))
    where = f"http://{settings.web_host}:{settings.web_port}/slack/install"
    return good(what, f"tokens can be kept; `plaudit run slack web`, and people install it where {where} is reached")
