"""`plaudit check`: what code says of the replies in the log."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bots.checking_timer import checks_from
from bots.chosen import policies_from
from bots.commands.evaluation_tables import checks_table, sources_table
from bots.commands.terminal import AsJson, moment, opened, out, run, settings_chosen, show
from core.clock import SystemClock
from core.evaluating.checking import Checker
from core.evaluating.checks import Check
from core.evaluating.records import Records
from core.feedback import SourceType
from core.settings import Settings
from core.store.counts import SourceCounts


def check(
    *,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Replies from this moment on; else all.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Replies before this moment.")] = None,
    only_list: Annotated[bool, typer.Option("--list", help="Print which checks there are.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the replies in the log that are not checked yet, and print what the checks say of all of them."""
    settings = settings_chosen()
    checks = checks_from(policies_from(settings).checks)
    if only_list:
        listed = [{"name": each.name, "version": each.version, "meaning": each.meaning} for each in checks]
        show(listed if as_json else checks_table(checks))
        return
    span = (moment(since) if since else None, moment(until) if until else None)
    checked, broken, counts = run(_check(settings, checks, span))
    if as_json:
        told = [asdict(each) for each in counts]
        show({"checked": checked, "broken": broken, "checks": told})
        return
    show(sources_table(counts, SourceType.CODE, "the log" if span == (None, None) else "that time"))
    out.print(f"{checked} replies were checked now.")
    for name, error in broken.items():
        out.print(f"The check {name} fails itself: {error}", style="yellow", markup=False)


async def _check(
    settings: Settings, checks: list[Check], span: tuple[datetime | None, datetime | None]
) -> tuple[int, dict[str, str], list[SourceCounts]]:
    async with opened() as store:
        checker = Checker(store.database, store, Records(settings.environment), SystemClock(), checks)
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("checking replies", total=await checker.count(*span))
            checked = await checker.check_all(*span, lambda looked: bar.update(task, completed=looked))
        return checked, checker.broken, await store.source_counts(SourceType.CODE, *span)
