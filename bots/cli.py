"""The command line, with all its commands. `bots.entry` begins here, or at `run` alone."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from bots.chosen import PLATFORMS, policies_from
from bots.commands import (
    checking,
    digest,
    doctor,
    evaluating,
    exporting,
    keeping,
    mlflow,
    outward,
    reports,
    run_command,
    setting_up,
    terminal,
)
from bots.commands.presenting import opinion_line
from bots.commands.terminal import AsJson, opened, out, point, run, settings_chosen
from bots.commands.web_keys import keys
from bots.ending import told
from core import logs
from core.errors import SchemaMismatchError, SettingsError
from core.messages import PlaceRef
from core.policy.example import as_toml, example
from core.settings import env_example
from core.store import database as store_database
from core.store.explaining import Reason
from core.store.refolding import Difference
from core.store.sql import SqlStore

app = typer.Typer(
    name="plaudit",
    help="A self-hosted assistant for Slack and Discord whose replies people judge where they read them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
database = typer.Typer(help="Look after the database's tables.", no_args_is_help=True)
app.add_typer(database, name="db")
config = typer.Typer(
    help="Look after plaudit.toml: what reactions mean, who is heard, what is offered, and where.", no_args_is_help=True
)
app.add_typer(config, name="config")
app.command("init")(setting_up.init)
app.add_typer(setting_up.manifests, name="manifest")
app.command("doctor")(doctor.doctor)
app.add_typer(exporting.exports, name="export")
app.add_typer(keys, name="keys")
app.add_typer(mlflow.commands, name="mlflow")
app.add_typer(outward.webhooks, name="webhooks")


def main() -> None:
    """Run the command line."""
    told(app)


def _tell_version(*, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        sys.stdout.write(f"plaudit {version('plaudit')}\n")
        raise typer.Exit


@app.callback()
def choose(
    database_url: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="In place of PLAUDIT_DATABASE_URL.")
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=lambda it: _tell_version(asked=it)
        ),
    ] = False,
) -> None:
    """Options of every command."""
    del version
    terminal.database_url.set(database_url)


@app.command()
def demo(
    directory: Annotated[Path, typer.Option("--dir", help="Where everything is written; made anew each time.")] = Path(
        ".plaudit-demo"
    ),
    fast: Annotated[bool, typer.Option("--fast", help="Without the pauses.")] = False,
    in_browser: Annotated[
        bool, typer.Option("--chat", help="Without the scene: a chat in the browser, for you to play all parts.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where the browser finds it, on this machine alone.")
    ] = 8765,
) -> None:
    """Watch the main job with no token and no service: a chat in a box, the real bot, a scene with three people."""
    from bots.demo import play, with_bot

    logs.configure(level="warning")
    run(with_bot(directory, port=port) if in_browser else play(directory, fast=fast, port=port))


@app.command()
def box(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where it is served, on this machine alone.")] = 8765,
    slack_url: Annotated[
        str, typer.Option(metavar="http://HOST:PORT", help="Where its Slack finds the bot. Else: Socket Mode.")
    ] = "",
) -> None:
    """Serve a Slack, a Discord and a model in a box, and print the settings that lead your own bot there."""
    from bots.demo import without_bot

    logs.configure(level="warning")
    run(without_bot(port=port, slack_url=slack_url))


app.command("run")(run_command.run_bot)
app.command("events")(keeping.events)
app.command("consumers")(keeping.consumers)
app.command("forget")(keeping.forget)


@app.command()
def conversation(
    conversation_id: Annotated[str, typer.Argument(metavar="ID", help="As `plaudit events` prints it.")],
    as_of: Annotated[
        str | None, typer.Option(help="A sequence number, or a moment such as 2026-01-31T12:00:00Z.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a conversation with what people think of its replies, now or as of any moment, from the log alone."""
    at = point(as_of) if as_of else None

    async def tell() -> None:
        async with opened() as store:
            view = await store.conversation_view(conversation_id, as_of=at)
        if as_json:
            sys.stdout.write(orjson.dumps(view, option=orjson.OPT_INDENT_2).decode() + "\n")
            return
        from rich.markdown import Markdown  # it loads lexers for every language

        out.print(Text.assemble((view.username, "bold"), f" and {view.model.id}   ", (view.id, "dim")))
        for message in view.messages:
            judged = "  ".join(str(each) for each in (message.rating, message.feedback) if each not in ("", None))
            out.print(Text.assemble("\n", (message.role, "bold cyan"), "  ", (judged, "yellow")))
            out.print(Markdown(message.content))
            for change in message.history:
                out.print(opinion_line(change))

    run(tell())


app.command("report")(reports.report)
app.command("evaluate")(evaluating.evaluate)
app.command("judge")(evaluating.judge)
app.command("evaluations")(evaluating.evaluations)
app.command("check")(checking.check)
app.command("digest")(digest.command)


@app.command("settings")
def print_settings() -> None:
    """Print every setting with its meaning and default, as a file for .env."""
    sys.stdout.write(env_example())


@database.command()
def upgrade() -> None:
    """Bring the tables to this version's form. SQLite files are upgraded whenever they are opened."""
    url = settings_chosen().database_url
    run(store_database.upgrade(url))
    out.print("The tables are up to date.")


@database.command()
def check() -> None:
    """Say whether the tables are as this version needs them, and whether they are what the log says, row by row."""

    async def compare() -> list[Difference]:
        await store_database.check(settings_chosen().database_url)
        async with opened() as store, _progress(store) as reached:
            return await store.check(reached)

    differences = run(compare())
    for each in differences:
        shown = ", ".join(each.keys) + (", …" if each.count > len(each.keys) else "")
        out.print(f"{each.table}: {each.count} rows are {each.what}: {shown}", markup=False)
    if differences:
        raise SchemaMismatchError("The tables are not what the log says: run `plaudit rebuild`.")
    out.print("The tables are as they should be, and as the log says.")


@app.command()
def rebuild() -> None:
    """Fold the tables anew from the log and mend what differs; the bot may run meanwhile. Broken off, it goes on."""

    async def fold() -> None:
        async with opened() as store, _progress(store) as reached:
            await store.rebuild(reached)

    run(fold())
    out.print("The tables are as the log says.")


@app.command()
def explain(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE_ID", help="As `plaudit conversation` prints it.")],
    as_json: AsJson = False,
) -> None:
    """Print the records behind a message and what people think of it, in words."""

    async def reasons() -> list[Reason]:
        async with opened() as store:
            return await store.explain(message_id)

    found = run(reasons())
    if as_json:
        sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    for each in found:
        out.print(
            f"{each.seq:>8}  {each.at:%Y-%m-%d %H:%M:%S}  {each.what}", markup=False, highlight=False, soft_wrap=True
        )


@asynccontextmanager
async def _progress(store: SqlStore) -> AsyncIterator[Callable[[int], None]]:
    """A bar on the terminal's error stream, which is moved by each seq that is reached."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading the log", total=await store.newest())
        yield lambda reached: bar.update(task, completed=reached)


@config.command("check")
def check_config(
    at: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="Print what holds there: slack, slack:T0123ABCD, slack:T0123ABCD:C0123ABCD."
        ),
    ] = None,
) -> None:
    """Say whether the file is as it should be, and what to mend where it is not."""
    settings = settings_chosen()
    policies = policies_from(settings)
    if at is not None:
        sys.stdout.write(as_toml(policies.at(_place(at))))
    elif Path(settings.config).exists():
        out.print(f"{settings.config} is fine.", highlight=False)
    else:
        out.print(f"There is no {settings.config}: the defaults hold everywhere.", highlight=False)


@config.command("example")
def print_example() -> None:
    """Print every key with its meaning and default, as a file for plaudit.toml."""
    sys.stdout.write(example())


def _place(text: str) -> PlaceRef:
    platform, *rest = text.split(":")
    if platform not in PLATFORMS or len(rest) > 2:  # noqa: PLR2004 - a workspace and a channel
        raise SettingsError(
            f"{text!r} is no place; write {' or '.join(PLATFORMS)}, then :WORKSPACE and :CHANNEL where you mean one."
        )
    workspace, channel = (*rest, "", "")[:2]
    return PlaceRef(platform, workspace, channel)


if __name__ == "__main__":
    main()
