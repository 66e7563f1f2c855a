"""`plaudit export list, renew, settle`: what was exported, and what to do where something of it was erased since."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from rich.table import Column, Table

from bots.commands.erasers import opened_erasers
from bots.commands.exporting import exports
from bots.commands.terminal import AsJson, opened, out, run, settings_chosen, show
from core.errors import NotFoundError
from core.forgetting import Propagated, propagate, stale
from core.store.columns import to_iso_text
from core.store.ledger import Export

_ID: Final = 26
"""Characters of a ULID: it has to be read whole, to be copied."""


@exports.command("list")
def list_exports(
    *,
    only_stale: Annotated[bool, typer.Option("--stale", help="Only those that may have what is erased.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what was given records out of the log: files, MLflow, webhooks."""

    async def work() -> list[Export]:
        async with opened() as store:
            return await stale(store.ledger()) if only_stale else await store.ledger().exports()

    found = run(work())
    show([_as_json(each) for each in found] if as_json else _table(found))


@exports.command("renew")
def renew() -> None:
    """Erase in stale exports what was erased from the log: their files are made anew, without it."""

    async def work() -> tuple[list[Propagated], list[Export]]:
        async with opened() as store, opened_erasers(settings_chosen(), store) as erasers:
            return await propagate(store.ledger(), erasers), await stale(store.ledger())

    propagated, left = run(work())
    tell(propagated)
    if left:
        out.print(f"{len(left)} stay stale: run it again when what is said above is done.", highlight=False)
        raise typer.Exit(1)
    out.print("No export is stale.", highlight=False)


@exports.command("settle")
def settle(*, export: Annotated[str, typer.Argument(metavar="ID", help="From plaudit export list.")]) -> None:
    """Say that you have deleted a stale export, every copy of it, or erased in it yourself."""

    async def work() -> Export:
        async with opened() as store:
            ledger = store.ledger()
            found = next((each for each in await ledger.exports() if each.id == export), None)
            if found is None:
                raise NotFoundError(f"There is no export {export}: plaudit export list has the ids.")
            await ledger.settle(found, await ledger.erased_in(found))
            return found

    found = run(work())
    out.print(f"{found.kind} {found.target} is not stale any more.", highlight=False, markup=False, soft_wrap=True)


def tell(propagated: Sequence[Propagated]) -> None:
    """Say what became of an erasure in each export."""
    for each in propagated:
        what = each.fault or "erased there too."
        line = f"{each.export.kind} {each.export.target}: {what}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _as_json(export: Export) -> dict[str, Any]:
    return {
        "id": export.id,
        "kind": export.kind,
        "target": export.target,
        "made_at": to_iso_text(export.made_at),
        "records": {"from": export.seq_from, "to": export.seq_to},
        "options": export.options,
        "stale_since": export.stale_since and to_iso_text(export.stale_since),
    }


def _table(found: Sequence[Export]) -> Table:
    table = Table(Column("id", no_wrap=True, min_width=_ID), "kind", "where", "made", "records", "stale since")
    for each in found:
        since = f"{each.stale_since:%Y-%m-%d %H:%M}" if each.stale_since else ""
        records = f"{each.seq_from}–{each.seq_to}"
        table.add_row(each.id, each.kind, each.target, f"{each.made_at:%Y-%m-%d %H:%M}", records, since)
    return table
