"""The command line's reports: how many replies were judged, and how; now, or as of any moment."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType
from rich.text import Text

from bots.commands import pages
from bots.commands.evaluation_tables import sources_table
from bots.commands.presenting import (
    agreement_table,
    categories_table,
    comparison_table,
    opened_at,
    parts_table,
    report_table,
    scores_table,
    streaming_table,
    times_table,
    worst_lines,
)
from bots.commands.terminal import AsJson, moment, opened, point, run, settings_chosen, show
from core.errors import NotFoundError, SettingsError
from core.feedback import SourceType
from core.insight import raters
from core.insight.report import ALL, BETWEEN_NAMES, reports_by, scores
from core.insight.streaming import NEWEST, response_times, streaming_report
from core.insight.window import Window
from core.insight.worst import DislikedReply
from core.insight.worst import worst as least_liked
from core.messages import MessageRef, PlaceRef
from core.store.counts import Division
from core.store.past import Past
from core.store.sql import SqlStore


class By(StrEnum):
    """What a report can be divided by."""

    PLATFORM = "platform"
    CHANNEL = "channel"
    MODEL = "model"
    DAY = "day"
    SEGMENT = "segment"
    DIMENSION = "dimension"
    CATEGORY = "category"
    JUDGE = "judge"
    CODE = "code"

    @property
    def division(self) -> Division | None:
        """What divides replies, or their raters; scores, reasons and what judges say do not."""
        return None if self in _SAID else Division(self.value)

    @property
    def source(self) -> SourceType | None:
        """Who judges that is nobody: a model, or code."""
        return {By.JUDGE: SourceType.LLM_JUDGE, By.CODE: SourceType.CODE}.get(self)


_SAID: Final = frozenset({By.DIMENSION, By.CATEGORY, By.JUDGE, By.CODE})
"""What is said of replies divides none of them."""
_COLONS: Final = 2
"""In the key of a channel: platform:workspace:channel."""


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
    by: Annotated[
        list[By] | None,
        typer.Option(
            help="A report for each, and one for all (several times: for each pair); scores; reasons; or what "
            "judges and code say."
        ),
    ] = None,
    compare: Annotated[
        tuple[str, str] | None, typer.Option(metavar="MODEL MODEL", help="Which of two models people like better.")
    ] = None,
    worst: Annotated[int, typer.Option(min=0, help="So many replies that people like least, with their reasons.")] = 0,
    streaming: Annotated[bool, typer.Option("--streaming", help="How the replies grew, instead.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Everything, as a page that needs nothing but itself.")
    ] = None,
    chart: Annotated[Path | None, typer.Option(metavar="FILE", help="Day by day, as .svg or .png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print how many replies were judged, and how; how sure that is, and how long they took; or how they grew."""
    if chart is not None and chart.suffix not in {".svg", ".png"}:
        raise SettingsError(f"A chart is an .svg or a .png, not {chart.name}.")
    asked = _Asked(
        hours=hours,
        since=moment(since) if since else None,
        until=moment(until) if until else None,
        as_of=point(as_of) if as_of else None,
    )
    what = _What(tuple(by or ()), compare, worst, streaming=streaming, as_json=as_json)

    async def figures() -> tuple[Any, tuple[RenderableType, ...], dict[Path, bytes]]:
        async with _counts(asked) as (counts, window):
            numbers, shown = await _figures(counts, window, what)
            return numbers, shown, await _files(counts, window, what, html, chart)

    numbers, shown, files = run(figures())
    for path, content in files.items():
        path.write_bytes(content)
    for each in (numbers,) if as_json else shown:
        show(each)


@dataclass(frozen=True, slots=True)
class _What:
    by: tuple[By, ...]
    compare: tuple[str, str] | None
    worst: int
    streaming: bool

    as_json: bool

    @property
    def shows_channels(self) -> bool:
        """Whether somebody reads the names of channels: programs take their keys."""
        return By.CHANNEL in self.by and not self.as_json

    @property
    def divisions(self) -> list[Division]:
        return [each.division for each in self.by if each.division]


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


async def _figures(counts: SqlStore | Past, window: Window, what: _What) -> tuple[Any, tuple[RenderableType, ...]]:
    """What is asked for, for programs and for people."""
    span = (window.since, window.until)
    if what.streaming:
        grown = streaming_report(await counts.streaming_figures(*span))
        return asdict(grown), (streaming_table(grown, window.name),)
    if what.compare is not None:
        compared = await raters.compare(counts, *what.compare, since=window.since, until=window.until)
        return asdict(compared), (comparison_table(compared, window.name),)
    if what.worst:
        disliked = await least_liked(counts, what.worst, since=window.since, until=window.until)
        links = await _links(disliked)
        return [asdict(each) | {"link": opened_at(each, links)} for each in disliked], (worst_lines(disliked, links),)
    if not _SAID.isdisjoint(what.by):
        return await _said(counts, window, what)
    return await _judged(counts, window, what)


async def _said(counts: SqlStore | Past, window: Window, what: _What) -> tuple[Any, tuple[RenderableType, ...]]:
    """What is said of the replies: scores, reasons, or what judges and code say."""
    span = (window.since, window.until)
    if By.DIMENSION in what.by:
        scored = scores(await counts.dimension_counts(*span))
        shown = scores_table(scored, window.name) if scored else Text(f"Nobody scored a reply of {window.name}.")
        return {name: asdict(each) for name, each in scored.items()}, (shown,)
    if source := next((each.source for each in what.by if each.source), None):
        by_source = await counts.source_counts(source, *span)
        return [asdict(each) for each in by_source], (sources_table(by_source, source, window.name),)
    said = await counts.category_counts(*span)
    numbers = {each.name: {"people": each.people, "replies": each.replies} for each in said}
    table = categories_table(said, window.name) if said else Text(f"Nobody gave a reason for a reply of {window.name}.")
    return numbers, (table,)


async def _links(disliked: Sequence[DislikedReply]) -> dict[MessageRef, str]:
    """Where they are opened."""
    from bots.speaking import links  # noqa: PLC0415 - the platforms' SDKs, which other reports do without

    return await links(settings_chosen(), disliked)


async def _judged(
    counts: SqlStore | Past, window: Window, what: _What
) -> tuple[dict[str, Any], tuple[RenderableType, ...]]:
    """How many replies were judged, and how."""
    reports = await reports_by(counts, *what.divisions, since=window.since, until=window.until)
    if what.by:
        names = await _channel_names(reports) if what.shows_channels else {}
        table = parts_table({_called(name, names): each for name, each in reports.items()}, window.name)
        return {name: asdict(each) for name, each in reports.items()}, (table,)
    agreed = await raters.agreement(counts, since=window.since, until=window.until)
    times = response_times(await counts.response_times(window.since, window.until, limit=NEWEST))
    numbers = asdict(reports[ALL]) | {
        "agreement": {name: asdict(each) for name, each in agreed.items()},
        "response_times": asdict(times),
    }
    tables = [report_table(reports, window.name)]
    tables += [times_table(times)] if times.replies else []
    tables += [agreement_table(agreed)] if agreed else []
    return numbers, tuple(tables)


async def _channel_names(reports: Iterable[str]) -> dict[str, str]:
    """What the channels among the parts are called, by their keys."""
    from bots.speaking import channel_names  # noqa: PLC0415 - the platforms' SDKs, which other reports do without

    keys = {each for name in reports for each in name.split(BETWEEN_NAMES) if each.count(":") == _COLONS}
    places = {each: PlaceRef(*each.split(":")) for each in keys}
    names = await channel_names(settings_chosen(), list(places.values()))
    return {key: names[place] for key, place in places.items() if place in names}


def _called(part: str, names: Mapping[str, str]) -> str:
    """A part's name, with what its channel is called before the key that settings know it by."""
    return BETWEEN_NAMES.join(f"{names[each]} {each}" if each in names else each for each in part.split(BETWEEN_NAMES))


async def _files(
    counts: SqlStore | Past, window: Window, what: _What, html: Path | None, chart: Path | None
) -> dict[Path, bytes]:
    """What is to be written, by where."""
    files = {}
    if html is not None:
        files[html] = await pages.page(counts, window, what.divisions, _links)
    if chart is not None:
        files[chart] = await pages.chart(counts, window, what.divisions, chart.suffix)
    return files
