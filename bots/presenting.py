"""Figures as people read them in a terminal."""

from collections.abc import Iterable, Mapping
from typing import Final

from rich.table import Table
from rich.text import Text

from core.feedback import EXPECTED_RESPONSE, USER_CATEGORY, USER_COMMENT, USER_FEEDBACK, Value
from core.insight.report import ALL, Report, Score
from core.insight.streaming import Spread, StreamingReport
from core.store.counts import CategoryCounts
from core.store.opinions_told import OpinionChange

_ROWS: Final = ("replies", "with feedback", "👍 by people", "👎 by people", "positive rate")


def report_table(reports: Mapping[str, Report], window: str) -> Table:
    """The figures as a small table, a column for each report."""
    table = Table("", *reports, title=f"Replies of {window}", title_justify="left", show_header=len(reports) > 1)
    columns = [_column(each) for each in reports.values()]
    for name, *cells in zip(_ROWS, *columns, strict=True):
        table.add_row(name, *cells)
    return table


def parts_table(reports: Mapping[str, Report], window: str) -> Table:
    """The figures of many parts, a row for each."""
    table = Table("", *_ROWS, title=f"Replies of {window}", title_justify="left")
    for name, each in reports.items():
        table.add_row(name or "elsewhere", *_column(each), end_section=name != ALL and name == [*reports][-2])
    return table


def scores_table(scores: Mapping[str, Score], window: str) -> Table:
    """What people make of each dimension, as the mean of each person's mean."""
    table = Table("", "average", "people", title=f"Scores of the replies of {window}", title_justify="left")
    for name, each in scores.items():
        table.add_row(name, f"{each.average:.2f}/1.0", str(each.people))
    return table


def categories_table(counts: Iterable[CategoryCounts], window: str) -> Table:
    """Which reasons people chose."""
    table = Table("", "people", "replies", title=f"What people chose for the replies of {window}", title_justify="left")
    for each in counts:
        table.add_row(each.name, str(each.people), str(each.replies))
    return table


def opinion_line(change: OpinionChange) -> Text:
    """One step of what someone thought of a message: when, who, and what it came to."""
    before, after = (_in_words(change.name, each) for each in (change.before, change.after))
    if change.withdrawn:
        what = (
            f"{before} taken back"
            if before and not after
            else f"{before} → {after}"
            if before != after
            else "no change"
        )
    else:
        what = after if before in ("", after) else f"{before} → {after}"
    late = "  found later" if change.found_later else ""
    return Text.assemble(f"  {change.at:%Y-%m-%d %H:%M:%S}  ", (change.person, "cyan"), f"  {what}", (late, "dim"))


def _in_words(name: str, value: Value) -> str:
    if value is None:
        return ""
    if name == USER_FEEDBACK:
        return "👍" if value else "👎"
    if name == EXPECTED_RESPONSE:
        return f"should have said “{value}”"
    if name in {USER_COMMENT, USER_CATEGORY}:
        return f"“{value}”"
    return f"{name.removeprefix('user_')} {value}"


def _column(result: Report) -> tuple[str, ...]:
    votes = result.positive_count + result.negative_count
    return (
        str(result.total_traces),
        f"{result.traces_with_feedback}  ({result.feedback_rate:.0%})",
        str(result.positive_count),
        str(result.negative_count),
        f"{result.positive_rate:.0%}" if votes else "no votes yet",
    )


def streaming_table(result: StreamingReport, window: str) -> Table:
    """How the replies streamed, as a small table."""
    table = Table("", "median", "95 of 100", title=f"How {result.replies} replies of {window} grew, in seconds")
    table.title_justify = "left"
    for name, spread in (
        ("first text, after the model's", result.first_text),
        ("mean lag of a character", result.mean_lag),
        ("longest freeze", result.longest_freeze),
        ("whole text, after the model's", result.final_lag),
    ):
        table.add_row(name, *_both(spread))
    table.add_row("edits", str(result.edits), "")
    table.add_row("refused for the rate (429)", str(result.rate_limited), "")
    return table


def _both(spread: Spread) -> tuple[str, str]:
    return tuple("–" if value is None else f"{value:.2f}" for value in (spread.median, spread.p95))  # type: ignore[return-value]  # two of them
