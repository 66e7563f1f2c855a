"""Figures as people read them in a terminal."""

from rich.table import Table

from core.insight.report import Report
from core.insight.streaming import Spread, StreamingReport


def report_table(result: Report, window: str) -> Table:
    """The figures as a small table."""
    table = Table(title=f"Replies of {window}", show_header=False, title_justify="left")
    table.add_row("replies", str(result.total_traces))
    table.add_row("with feedback", f"{result.traces_with_feedback}  ({result.feedback_rate:.0%})")
    table.add_row("👍 by people", str(result.positive_count))
    table.add_row("👎 by people", str(result.negative_count))
    votes = result.positive_count + result.negative_count
    table.add_row("positive rate", f"{result.positive_rate:.0%}" if votes else "no votes yet")
    return table


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
