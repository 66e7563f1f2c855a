"""Figures as people read them in a terminal."""

from rich.table import Table

from core.insight.report import Report


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
