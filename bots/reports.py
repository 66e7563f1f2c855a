"""The command line's reports: how many replies were judged, and how; now, or as of any moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table

from bots.presenting import categories_table, parts_table, report_table, scores_table, streaming_table
from bots.terminal import AsJson, moment, opened, point, run, show
from core.errors import NotFoundError
from core.insight.report import ALL, reports_by, scores
from core.insight.streaming import streaming_report
from core.insight.window import Window
from core.store.counts import Division
from core.store.past import Past
from core.store.sql import SqlStore


class By(StrEnum):
    """What a report can be divided by."""

    PLATFORM = "platform"
    CHANNEL = "channel"
    MODEL = "model"
    SEGMENT = "segment"
    DIMENSION = "dimension"
    CATEGORY = "category"


def report(
    *,
    hours: Annotated[
        float | None, typer.Option(min=0, max=1_000_000, help="How far to look back; 24 where nothing is said.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Replies from this moment on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Replies before this moment.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="SEQ|TIME",
            help="As the log was at a sequence number, or a moment such as 2026-01-31T12:00:00Z, which is then the "
            "end of --hours too.",
        ),
    ] = None,
    by: Annotated[By | None, typer.Option(help="A report for each, and one for all; scores; or reasons.")] = None,
    streaming: Annotated[bool, typer.Option("--streaming", help="How the replies grew, instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print how many replies were judged, and how; or how they grew."""
    asked = _Asked(
        hours=hours,
        since=moment(since) if since else None,
        until=moment(until) if until else None,
        as_of=point(as_of) if as_of else None,
    )

    async def figures() -> tuple[dict[str, Any], Table]:
        async with _counts(asked) as (counts, window):
            return await _figures(counts, window, by, streaming=streaming)

    numbers, table = run(figures())
    show(numbers if as_json else table)


@dataclass(frozen=True, slots=True)
class _Asked:
    hours: float | None
    since: datetime | None
    until: datetime | None
    as_of: int | datetime | None


@asynccontextmanager
async def _counts(asked: _Asked) -> AsyncIterator[tuple[SqlStore | Past, Window]]:
    """Where the counts come from, and the window that they are of."""
    async with opened() as store:
        now = await _end(store, asked.as_of)
        window = Window.of(now=now, hours=asked.hours, since=asked.since, until=asked.until)
        if asked.as_of is None:
            yield store, window
        else:
            counts = await store.as_of(asked.as_of, window.since, window.until)
            yield counts, replace(window, name=f"{window.name}, as of {asked.as_of}")


async def _end(store: SqlStore, as_of: int | datetime | None) -> datetime:
    if isinstance(as_of, int):
        if (kept_at := await store.moment_of(as_of)) is None:
            raise NotFoundError(f"The log has no record up to {as_of}.")
        return kept_at
    return as_of or datetime.now(UTC)


async def _figures(
    counts: SqlStore | Past, window: Window, by: By | None, *, streaming: bool
) -> tuple[dict[str, Any], Table]:
    """What is asked for, for programs and for people."""
    span = (window.since, window.until)
    if streaming:
        grown = streaming_report(await counts.streaming_figures(*span))
        return asdict(grown), streaming_table(grown, window.name)
    if by is By.DIMENSION:
        scored = scores(await counts.dimension_counts(*span))
        return {name: asdict(each) for name, each in scored.items()}, scores_table(scored, window.name)
    if by is By.CATEGORY:
        said = await counts.category_counts(*span)
        numbers = {each.name: {"people": each.people, "replies": each.replies} for each in said}
        return numbers, categories_table(said, window.name)
    reports = await reports_by(counts, *([] if by is None else [Division(by)]), since=window.since, until=window.until)
    if by is None:
        return asdict(reports[ALL]), report_table(reports, window.name)
    return {name: asdict(each) for name, each in reports.items()}, parts_table(reports, window.name)
