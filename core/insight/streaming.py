"""How replies felt to those who watched them grow, over many replies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Final

from core.store.counts import ResponseTime

_MEDIAN: Final = 50
_HIGH: Final = 95
NEWEST: Final = 10_000
"""Replies of a window whose times are looked at: more would keep a report waiting, and tell no more."""


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


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """How long answers took, from when their turn had come."""

    replies: int
    first_token: Spread
    """Until the model's first word."""
    whole: Spread
    """Until its last."""


def response_times(times: Sequence[ResponseTime]) -> ResponseTimes:
    """The times of replies, of which each has as many as are known."""
    first_token, whole = (each.first_token for each in times), (each.whole for each in times)
    return ResponseTimes(len(times), _of(first_token), _of(whole))


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
    return _of(each.get(name) for each in figures)


def _of(figures: Iterable[float | None]) -> Spread:
    values = [float(each) for each in figures if each is not None]
    if not values:
        return Spread(None, None)
    if len(values) == 1:
        return Spread(values[0], values[0])
    steps = quantiles(values, n=100, method="inclusive")
    return Spread(round(steps[_MEDIAN - 1], 4), round(steps[_HIGH - 1], 4))
