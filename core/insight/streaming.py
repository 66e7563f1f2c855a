"""How replies felt to those who watched them grow, over many replies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Final

_MEDIAN: Final = 50
_HIGH: Final = 95


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the 95th percentile of a figure, in seconds; None where no reply has it."""

    median: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class StreamingReport:
    """The figures of `core.metering.Streaming`, over the replies of a time window."""

    replies: int
    first_text: Spread
    mean_lag: Spread
    longest_freeze: Spread
    final_lag: Spread
    edits: int
    rate_limited: int


def streaming_report(figures: Sequence[Mapping[str, Any]]) -> StreamingReport:
    """The report on `figures`, one mapping a reply."""
    return StreamingReport(
        replies=len(figures),
        first_text=_spread(figures, "first_text"),
        mean_lag=_spread(figures, "mean_lag"),
        longest_freeze=_spread(figures, "longest_freeze"),
        final_lag=_spread(figures, "final_lag"),
        edits=sum(each.get("edits") or 0 for each in figures),
        rate_limited=sum(each.get("rate_limited") or 0 for each in figures),
    )


def _spread(figures: Sequence[Mapping[str, Any]], name: str) -> Spread:
    values = [float(each[name]) for each in figures if each.get(name) is not None]
    if not values:
        return Spread(None, None)
    if len(values) == 1:
        return Spread(values[0], values[0])
    steps = quantiles(values, n=100, method="inclusive")
    return Spread(round(steps[_MEDIAN - 1], 4), round(steps[_HIGH - 1], 4))
