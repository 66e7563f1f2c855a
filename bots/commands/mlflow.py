"""The command line's way to MLflow: to send what the log says, and to say how far that is."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from bots.chosen import policies_from
from bots.commands.terminal import AsJson, opened, out, run, settings_chosen, show
from core import logs
from core.errors import PlauditError
from core.store.sql import SqlStore

if TYPE_CHECKING:
    from core.exports.mlflow.sending import Sent

logger = logging.getLogger(__name__)

commands = typer.Typer(help="Keep replies and what people think of them in MLflow 3.", no_args_is_help=True)
_PAUSE: Final = 10.0
"""Seconds between two looks for what is new."""


@commands.command()
def sync(
    *,
    once: Annotated[bool, typer.Option("--once", help="End when all that there is was sent.")] = False,
    since: Annotated[
        int | None, typer.Option(min=0, metavar="SEQ", help="Send again what came behind this sequence number; 0: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send what is new to MLflow (MLFLOW_TRACKING_URI), and take back there what was taken back here.

    Goes on until it is stopped: it waits for what comes, and for MLflow where that is away. Broken off, it goes on
    where it was; sent twice is there once.
    """
    settings = settings_chosen()
    logs.configure(level=settings.log_level, as_json=settings.log_format == "json")

    async def work() -> "Sent | None":
        from bots.mlflow_sync import address_from  # noqa: PLC0415 - an HTTP client, which other commands do without

        address_from(settings)  # what cannot work is refused before anything is opened
        async with opened() as store, _alone(store):
            if once:
                return await _once(store, since)
            await _for_ever(store, since)
            return None

    sent = run(work())
    if sent is not None:
        show(asdict(sent) if as_json else _summary(sent))


@commands.command()
def status(*, as_json: AsJson = False) -> None:
    """Say how far MLflow is behind the log, whether it is there, and whether anything is still to be erased in it."""
    from bots.mlflow_sync import address_from  # noqa: PLC0415 - as above
    from core.exports.mlflow.client import connected  # noqa: PLC0415
    from core.exports.mlflow.entries import entries  # noqa: PLC0415

    async def work() -> dict[str, Any]:
        address = address_from(settings_chosen())
        async with opened() as store:
            newest, consumers = await store.newest(), store.consumers()
            sent = [
                (each, seq)
                async for target, each in entries(store.ledger())
                if (seq := await consumers.position(target.reader)) is not None
            ]
        told: dict[str, Any] = {"server": address.base, "version": None, "fault": None}
        try:
            async with connected(address, pauses=()) as mlflow:
                told["version"] = await mlflow.version()
        except PlauditError as error:
            told["fault"] = str(error)
        experiments = [
            {
                "experiment": each.target,
                "seq": seq,
                "lag": max(newest - seq, 0),
                "to_erase": each.stale_since is not None,
                "error": each.options.get("error"),
                "since": each.options.get("since"),
            }
            for each, seq in sent
        ]
        return told | {"newest": newest, "experiments": experiments}

    told = run(work())
    if as_json:
        show(told)
        return
    out.print(
        told["fault"] or f"MLflow {told['version']} at {told['server']}.", highlight=False, markup=False, soft_wrap=True
    )
    if not told["experiments"]:
        line = f"Nothing was sent yet: the log has {told['newest']} records. `plaudit mlflow sync --once` sends it."
        out.print(line, highlight=False, soft_wrap=True)
        return
    table = Table("experiment", "sent up to", "behind", "to be erased", "last error", "since")
    for each in told["experiments"]:
        figures = (str(each["seq"]), str(each["lag"]), "yes" if each["to_erase"] else "")
        table.add_row(each["experiment"], *figures, each["error"], each["since"])
    show(table)


@asynccontextmanager
async def _alone(store: SqlStore) -> AsyncIterator[None]:
    """Be the one process that sends. Raises PlauditError where another does; on SQLite nobody else is known."""
    from bots.mlflow_sync import LEASE  # noqa: PLC0415 - as above

    async with store.leases() as leases:
        if not await leases.take(LEASE):
            raise PlauditError(
                "Another process sends to MLflow already: a bot whose plaudit.toml has [mlflow], or another sync."
            )
        yield


async def _once(store: SqlStore, since: int | None) -> "Sent":
    from bots.mlflow_sync import note_trouble, one_pass, opened_sync  # noqa: PLC0415 - as above
    from core.exports.mlflow.client import MlflowAwayError  # noqa: PLC0415

    settings = settings_chosen()
    try:
        async with opened_sync(settings, store, policies_from(settings).mlflow) as sync:
            with _bar(await store.newest()) as go_on:
                return await one_pass(store, sync, since=since, go_on=go_on)
    except MlflowAwayError as error:
        await note_trouble(settings, store, error)
        raise MlflowAwayError(f"{error} Nothing is lost: the next sync goes on where this one was.") from error


async def _for_ever(store: SqlStore, since: int | None) -> None:
    from bots.mlflow_sync import note_trouble, one_pass, opened_sync, pause_before  # noqa: PLC0415 - as above
    from core.exports.mlflow.client import MlflowAwayError  # noqa: PLC0415

    settings = settings_chosen()
    failures = 0
    while True:
        try:
            async with opened_sync(settings, store, policies_from(settings).mlflow) as sync:
                sent = await one_pass(store, sync, since=since)
        except MlflowAwayError as error:
            failures += 1
            pause = pause_before(failures)
            await note_trouble(settings, store, error)
            logger.warning("mlflow_away", extra={"error": str(error), "again_in_seconds": pause})
        else:
            if failures:
                logger.info("mlflow_back", extra={"server": sync.target.server})
            failures, since, pause = 0, None, _PAUSE
            if sent.traces or sent.deleted:
                logger.info("mlflow_synced", extra={**asdict(sent), "refused": len(sent.refused)})
        await asyncio.sleep(pause)


@contextmanager
def _bar(newest: int) -> Iterator[Callable[[int], Awaitable[bool]]]:
    """A bar on the terminal's error stream, which is moved by each seq that is reached."""
    console = Console(stderr=True)
    columns = (TextColumn("sending the log"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=newest)

        async def go_on(reached: int) -> bool:
            bar.update(task, completed=reached, total=max(newest, reached))
            return True

        yield go_on


def _summary(sent: "Sent") -> Table:
    table = Table(title="Sent to MLflow", title_justify="left", show_header=False)
    table.add_row("traces", str(sent.traces))
    table.add_row("assessments", str(sent.assessments))
    table.add_row("of people who are erased, or want nothing kept: not there", str(sent.deleted))
    if sent.refused:
        table.add_row("refused by MLflow", ", ".join(sent.refused[:5]) + (", …" if len(sent.refused) > 5 else ""))  # noqa: PLR2004 - the first few
    return table
