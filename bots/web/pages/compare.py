"""Two models beside each other: which of them people like better, and whether that can be said by now."""

import asyncio
from datetime import timedelta
from functools import partial
from math import log
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from bots.web.access import Caller
from bots.web.pages.charts import whisker
from bots.web.pages.desk import Desk
from bots.web.pages.filtering import PERIODS, Filter
from bots.web.pages.rendering import percent
from core.insight.comparing import ALPHA, odds
from core.insight.daily import Scope
from core.insight.raters import comparison

_SHORT: Final = Scope(days=7)


async def compare(desk: Desk, request: Request, caller: Caller) -> HTMLResponse:
    """The page; where nothing is chosen, the two models with the most replies."""
    wanted = Filter.of(request.query_params)
    if not desk.figures.covers(_SHORT):
        await asyncio.shield(desk.figures.refresh())
    models, _ = desk.figures.names()
    view = await desk.figures.view(wanted.scope, wanted.by)
    common = [*[each for each in view.parts if each], *models]
    chosen = [request.query_params.get(name, "") for name in ("first", "second")]
    first = chosen[0] if chosen[0] in models else next((each for each in common if each != chosen[1]), "")
    second = chosen[1] if chosen[1] in models else next((each for each in common if each != first), "")
    figures = await _figures(desk, first, second, wanted.days) if first and second and first != second else {}
    return await desk.page(
        request,
        caller,
        "compare.html",
        active="compare",
        filter=wanted,
        periods=PERIODS,
        models=models,
        first=first,
        second=second,
        found=figures.get("found"),
        sides=figures.get("sides", ()),
        evidence=figures.get("evidence", 0.0),
        evidence_told=figures.get("evidence_told", ""),
        probability_told=figures.get("probability_told", ""),
        enough=1 / ALPHA,
    )


async def _figures(desk: Desk, first: str, second: str, days: int) -> dict[str, Any]:
    votes = await desk.store.model_votes([first, second], desk.clock.now() - timedelta(days=days))
    # Beside the loop: for many votes it takes a second.
    found = await asyncio.to_thread(partial(comparison, votes, first, second))
    rates = ((first, found.first_rate), (second, found.second_rate))
    return {
        "found": found,
        "sides": [(name, rate, whisker(rate.rate, rate.interval)) for name, rate in rates],
        "evidence": _share_of_enough(found.verdict.evidence),
        "evidence_told": odds(found.verdict.evidence),
        "probability_told": _probability(found.probability_second_better),
    }


def _probability(probability: float) -> str:
    """In whole per cents, never quite none or all."""
    sure = 0.99
    if probability > sure:
        return "over 99%"
    return "under 1%" if probability < 1 - sure else percent(probability)


def _share_of_enough(evidence: float) -> float:
    """How far the evidence is on its way from none (1) to enough (1/ALPHA), by its logarithm: 0 to 1."""
    return min(max(log(max(evidence, 1.0)) / log(1 / ALPHA), 0.0), 1.0)
