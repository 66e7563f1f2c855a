"""Figures in a terminal of 80 columns."""

from io import StringIO

from rich.console import Console

from bots.commands.presenting import parts_table
from core.insight.report import ALL, reports
from core.store.counts import PartCounts, Tally


def test_two_channels_can_be_told_apart_in_a_narrow_terminal():
    keys = ("slack:T0123ABCDEF:C0123ABCDEF", "slack:T0123ABCDEF:C0123ABCXYZ")
    [one, other] = reports(Tally(tuple(PartCounts((key,), 4, 1) for key in keys), ())).values()
    console = Console(width=80, file=StringIO())

    with console.capture() as shown:
        console.print(parts_table({keys[0]: one, keys[1]: other, ALL: one}, "the last day"))

    first = "".join(line.split("│")[1].strip() for line in shown.get().splitlines() if line.startswith("│"))
    assert all(key in first for key in keys)
