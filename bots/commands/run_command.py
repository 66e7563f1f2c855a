"""`plaudit run`, and nothing of the other commands: what a bot that runs never needs costs it no memory."""

from typing import Annotated

import typer

from bots.chosen import LISTENING, at_address, check_http, policies_from, tokens_of
from bots.commands import commanding
from bots.commands.commanding import run, settings_chosen
from bots.discord.shards import ALONE, read_shards
from bots.loading import loading
from core import logs
from core.errors import SettingsError

app = typer.Typer(
    name="plaudit",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def choose(
    database_url: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="In place of PLAUDIT_DATABASE_URL.")
    ] = None,
) -> None:
    """Options of every command."""
    commanding.database_url.set(database_url)


@app.command("run")
def run_bot(
    platforms: Annotated[list[str], typer.Argument(help=f"Where to listen: {', '.join(LISTENING)}.")],
    shards: Annotated[
        str | None,
        typer.Option(
            metavar="0,1/4|auto",
            help="Of Discord's servers, hear these shards of so many; auto: all, in as many as Discord advises.",
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Where the web listens, in place of PLAUDIT_WEB_HOST.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Its port, in place of PLAUDIT_WEB_PORT.")] = None,
) -> None:
    """Run the bot until it is stopped (Ctrl-C, SIGTERM, its terminal closed); replies in flight get their grace.

    SIGHUP makes it read plaudit.toml again.
    """
    settings = settings_chosen()
    logs.configure(level=settings.log_level, as_json=settings.log_format == "json")
    if shards is not None and "discord" not in platforms:
        raise SettingsError("--shards is about Discord's servers: leave it away, or run discord.")
    settings = at_address(settings, platforms, host, port)
    some = ALONE if shards is None else read_shards(shards)
    policies_from(settings)
    tokens_of(settings, platforms)
    check_http(settings, platforms)
    with loading():
        from bots.running import run_until_stopped  # noqa: PLC0415 - once nothing is missing: it takes a second

    run(run_until_stopped(settings, platforms, some))
