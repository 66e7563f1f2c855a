"""The command line's way to the keys of the HTTP interface."""

from typing import Annotated

import typer
from rich.table import Table

from bots.commands.terminal import AsJson, opened, out, run, show
from core.store.web_keys import Scope, WebKey

keys = typer.Typer(help="Look after the keys of the HTTP interface and the dashboard.", no_args_is_help=True)


@keys.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is: an application, a person.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may be used for; several times for several.")],
) -> None:
    """Make a key and print it: it is shown this once, and only its digest is kept."""

    async def make() -> str:
        async with opened() as store:
            return await store.web_keys().add(name, frozenset(scope))

    typer.echo(run(make()))


@keys.command("list")
def show_all(*, as_json: AsJson = False) -> None:
    """List the keys: their names, and what each may be used for."""

    async def read() -> list[WebKey]:
        async with opened() as store:
            return await store.web_keys().all()

    found = run(read())
    if as_json:
        show([_row(each) for each in found])
        return
    table = Table("name", "for", "made", "revoked")
    for each in found:
        table.add_row(*_row(each).values())
    show(table)


@keys.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `plaudit keys list` prints it.")],
) -> None:
    """Let a key open nothing any more; a running server knows it within seconds."""

    async def end() -> None:
        async with opened() as store:
            await store.web_keys().revoke(name)

    run(end())
    out.print(f"The key {name} opens nothing any more.", markup=False, highlight=False)


def _row(key: WebKey) -> dict[str, str]:
    return {
        "name": key.name,
        "scopes": ", ".join(sorted(key.scopes)),
        "made_at": f"{key.made_at:%Y-%m-%d %H:%M}",
        "revoked_at": f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "",
    }
