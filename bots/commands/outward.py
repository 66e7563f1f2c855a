"""`plaudit webhooks`: the channels to other systems, tried, fed and let go on. What they are is `core.outward`'s."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Annotated

import typer
from rich.table import Table
from ulid import ULID

from bots.chosen import policies_from
from bots.commands.terminal import AsJson, opened, out, run, settings_chosen, show
from core.clock import SystemClock
from core.errors import NotFoundError, PlauditError
from core.outward.channel import Channel
from core.outward.channels import channels, sending
from core.outward.events import trial_event
from core.outward.sender import Sender
from core.outward.signing import new_secret
from core.outward.standing import out_of_trouble, standing_of, standings
from core.store.alone import alone
from core.store.database import sqlite_path
from core.store.sql import SqlStore

webhooks = typer.Typer(
    help="Look after what plaudit.toml sends to other systems: webhooks and NATS.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the webhook in plaudit.toml; `nats` for the stream.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="Only these.")]


@webhooks.command("list")
def list_channels(*, as_json: AsJson = False) -> None:
    """List them: how far each is, what is wrong and since when."""

    async def work() -> list[dict[str, object]]:
        async with _chosen([]) as found, opened() as store:
            newest = await store.newest()
            known = {each.name: each for each in reversed(await standings(store.ledger()))}
            rows: list[dict[str, object]] = []
            for each in found:
                position = await store.consumers().position(each.name)
                standing = known.get(each.name)
                rows.append(
                    {
                        "name": each.name,
                        "target": each.target,
                        "text": each.words,
                        "seq": position,
                        "lag": None if position is None else max(newest - position, 0),
                        "error": standing and standing.error,
                        "since": standing and standing.since,
                        "parked": bool(standing and standing.is_parked),
                    }
                )
            return rows

    rows = run(work())
    show(rows if as_json else _table(rows))


@webhooks.command()
def test(name: Name) -> None:
    """Send one event that says nothing, and say whether it arrived."""

    async def work() -> tuple[Channel, float]:
        async with _chosen([name]) as [channel]:
            settings, clock = settings_chosen(), SystemClock()
            event = trial_event(str(ULID.from_datetime(clock.now())), settings.environment, clock.now())
            begun = time.perf_counter()
            await channel.send(event)
            return channel, time.perf_counter() - begun

    channel, seconds = run(work())
    out.print(f"{channel.target} took it, in {seconds * 1_000:.0f} ms.", markup=False, highlight=False, soft_wrap=True)


@webhooks.command()
def send(
    *,
    names: Names = None,
    once: Annotated[bool, typer.Option("--once", help="Send what is there, then end.")] = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="A channel that was never fed begins with the first record.")
    ] = False,
) -> None:
    """Send what the log has for them, without the bot; `plaudit run` does it by itself. Ctrl-C ends it."""

    async def work() -> None:
        async with _chosen(names or []) as found, opened() as store, store.leases() as leases:
            with ExitStack() as stack:
                if (path := sqlite_path(settings_chosen().database_url)) is not None:
                    # The bot has the file to itself, and feeds them.
                    stack.enter_context(alone(path))
                if from_start:
                    await _begin_at_the_start(store, found)
                if once:
                    await _send_once(store, found)
                    return
                async with sending(found, store, leases, SystemClock()):
                    await asyncio.Event().wait()

    run(work())


@webhooks.command()
def resume(name: Name) -> None:
    """Let one that was parked go on with the record that was not taken. `plaudit consumers` can pass over that."""

    async def work() -> str:
        async with _chosen([name]) as [channel], opened() as store:
            standing = await standing_of(store.ledger(), channel)
            await out_of_trouble(store.ledger(), standing)
            return f"{channel.name} is tried again." if standing.is_parked else f"{channel.name} was not parked."

    out.print(run(work()), markup=False, highlight=False)


@webhooks.command()
def secret() -> None:
    """Make a key for signatures, by chance. Receivers need the same."""
    out.print(new_secret(), markup=False, highlight=False, soft_wrap=True)


async def _begin_at_the_start(store: SqlStore, found: Sequence[Channel]) -> None:
    for each in found:
        if await store.consumers().position(each.name) is None:
            await store.consumers().move(each.name, 0)


async def _send_once(store: SqlStore, found: Sequence[Channel]) -> None:
    """All of them, also where one of them does not take its events; the first fault is raised in the end."""
    faults: list[PlauditError] = []
    for each in found:
        try:
            count = await Sender(each, store, SystemClock()).once()
            out.print(f"{each.name}: {count} records are done with.", markup=False, highlight=False)
        except PlauditError as error:
            faults.append(error)
    if faults:
        raise faults[0]


@asynccontextmanager
async def _chosen(names: Sequence[str]) -> AsyncIterator[list[Channel]]:
    """The channels of these names; without any, all."""
    async with channels(policies_from(settings_chosen()).outward) as found:
        by_name = {_short(each): each for each in found} | {each.name: each for each in found}
        if unknown := [each for each in names if each not in by_name]:
            there = ", ".join(_short(each) for each in found) or "none yet: see docs/outward.md"
            raise NotFoundError(f"plaudit.toml has no webhook called {unknown[0]}; there is {there}.")
        if not found:
            raise NotFoundError("plaudit.toml has no [[webhooks]] and no [nats]: docs/outward.md says how they look.")
        yield [by_name[each] for each in dict.fromkeys(names)] or found


def _short(channel: Channel) -> str:
    return "nats" if channel.kind == "nats" else channel.name.removeprefix("webhook:")


def _table(rows: Sequence[dict[str, object]]) -> Table:
    table = Table("channel", "to", "text", "done up to", "behind", "trouble")
    for row in rows:
        trouble = f"{'parked: ' if row['parked'] else ''}{row['error']} (since {row['since']})" if row["error"] else ""
        told = [row["name"], row["target"], "yes" if row["text"] else "no", row["seq"], row["lag"]]
        table.add_row(*("–" if each is None else str(each) for each in told), trouble)
    return table
