"""What is left of the scene: the report, a chart, the first row of each set that a model can be trained on."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten
from typing import Any, Final

import orjson
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from bots.commands import pages
from bots.commands.presenting import categories_table, rates_chart, report_table, scores_table
from bots.demo.bot import database_in
from core.clock import SystemClock
from core.exports.making import Source, make
from core.exports.options import Kind, Options
from core.insight.report import reports_by, scores
from core.insight.window import Window
from core.records import Record
from core.store.counts import Division
from core.store.database import connected, open_store
from core.store.sql import SqlStore

_TURNS: Final = ("prompt", "completion", "chosen", "rejected")
_LONGEST: Final = 110
_WEB: Final = "run web   # the dashboard, at http://127.0.0.1:8800/dashboard"
_BOTH: Final = ("slack", "discord")
"""Nobody's terms stand against training on what was said in a box."""


async def show_results(console: Console, directory: Path) -> None:
    """Print what the log in `directory` comes to, and how to look around in it."""
    async with open_store(database_in(directory)) as store:
        shown = [each async for each in _figures(store)]
        (directory / "report.html").write_bytes(await _page(store))
        shown += [_set(kind, *await _made(store, directory, kind)) for kind in Kind if kind.trains]
        wrong, *_ = [record async for record in store.records() if record.type == "log_expectation"]
    for each in shown:
        console.print()
        console.print(each)
    _tell_where(console, directory, wrong)


async def _figures(store: SqlStore) -> Any:
    reports = await reports_by(store, Division.PLATFORM)
    yield report_table(reports, "the demo")
    yield rates_chart(reports)
    yield scores_table(scores(await store.dimension_counts()), "the demo")
    yield categories_table(await store.category_counts(), "the demo")


async def _page(store: SqlStore) -> bytes:
    window = Window.of(now=SystemClock().now(), hours=None, since=None, until=None)
    return await pages.page(store, window, (Division.PLATFORM,))


async def _made(store: SqlStore, directory: Path, kind: Kind) -> tuple[int, dict[str, Any]]:
    """How many rows a set has, and the first of them."""
    url, out = database_in(directory), _sets(directory) / kind
    shutil.rmtree(out, ignore_errors=True)
    async with connected(url) as database:
        source = Source(url, database, store.ledger(), await store.pseudonyms(), _BOTH)
        manifest = await make(source, Options(kind, test_share=0), out)
    [first, *_] = (out / manifest["files"][0]["path"]).read_bytes().splitlines()
    return manifest["counts"]["train"]["rows"], orjson.loads(first)


def _set(kind: Kind, rows: int, first: dict[str, Any]) -> RenderableType:
    table = Table(title=f"{kind}: the first of {rows} rows", title_justify="left", show_header=False)
    for name, text in _columns(first):
        table.add_row(name, escape(shorten(text, _LONGEST, placeholder=" …")))
    return table


def _columns(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _TURNS:
        if name in row:
            yield name, row[name][-1]["content"]
    if "label" in row:
        yield "label", orjson.dumps(row["label"]).decode()


def _tell_where(console: Console, directory: Path, wrong: Record) -> None:
    everything, page = escape(str(directory / "plaudit.db")), escape(str(directory / "report.html"))
    console.print(f"\nEverything is in [bold]{everything}[/], the sets in [bold]{escape(str(_sets(directory)))}[/],")
    console.print(f"the report as a page in [bold]{page}[/]. Look around:")
    about = (f"conversation {wrong.conversation_id}", f"explain {wrong.message_id}")
    for each in ("events", *about, "report --by channel", "report --by category", "report --by judge", "digest", _WEB):
        console.print(f"  plaudit --database {database_in(directory)} {each}", soft_wrap=True, highlight=False)


def _sets(directory: Path) -> Path:
    return directory / "sets"
