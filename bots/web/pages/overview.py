"""The overview: how many replies there are, how many are judged, and how; over time, and by what they differ in."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from bots.web.access import Caller
from bots.web.pages.charts import charts, small_line, whisker
from bots.web.pages.desk import WAIT, Desk
from bots.web.pages.filtering import DIVISIONS, PERIODS, Filter
from bots.web.pages.rendering import place
from core.insight.overview import View
from core.insight.report import Report
from core.store.counts import Division

PATIENCE: Final = 0.15
"""Seconds that the first look waits for figures; then the page goes without, and its script fetches them."""
_MOST: Final = 40
"""Parts that are listed."""


@dataclass(frozen=True, slots=True)
class Row:
    """A part of the replies."""

    name: str
    link: str
    """The query that shows this part alone; empty where it shows already."""
    report: Report
    whisker: tuple[float, float, float]
    line: tuple[str, str]


async def overview(desk: Desk, request: Request, caller: Caller) -> HTMLResponse:
    """The page; without figures, where they are not counted yet and nobody asked to wait for them."""
    wanted = Filter.of(request.query_params)
    counting = asyncio.create_task(_view(desk, wanted), name="overview")
    # Not cancelled where it takes too long: whoever asks next profits from it.
    await asyncio.wait({counting}, timeout=None if WAIT in request.headers else PATIENCE)
    counting.add_done_callback(_retrieved)
    figures = _figures(counting.result(), wanted) if counting.done() else {"view": None}
    models, channels = desk.figures.names()
    return await desk.page(
        request,
        caller,
        "overview.html",
        active="overview",
        filter=wanted,
        periods=PERIODS,
        divisions=[each.value for each in DIVISIONS],
        models=models,
        channels=channels,
        platforms=sorted({each.split(":")[0] for each in channels}),
        pending=not counting.done(),
        **figures,
    )


async def _view(desk: Desk, wanted: Filter) -> View:
    await asyncio.shield(desk.figures.refresh())
    while not desk.figures.covers(wanted.scope):
        await asyncio.shield(desk.figures.refresh())
    return await desk.figures.view(wanted.scope, wanted.by)


def _retrieved(task: asyncio.Task[Any]) -> None:
    """An error is raised where the figures are asked for again; here it would only be complained about."""
    if not task.cancelled():
        task.exception()


def _figures(view: View, wanted: Filter) -> dict[str, Any]:
    return {
        "view": view,
        "charts": charts(view),
        "rows": [_row(name, each, view, wanted) for name, each in list(view.parts.items())[:_MOST]],
        "more": max(0, len(view.parts) - _MOST),
        "whole_whisker": whisker(view.whole.by_people.rate, view.whole.by_people.interval),
    }


def _row(name: str, report: Report, view: View, wanted: Filter) -> Row:
    chosen = wanted.by.value
    told = name if wanted.by is Division.MODEL else place(name)
    link = wanted.link(**{chosen: name}) if name and getattr(wanted, chosen) != name else ""
    rate = report.by_people
    return Row(told or "elsewhere", link, report, whisker(rate.rate, rate.interval), small_line(view.lines[name], view))
