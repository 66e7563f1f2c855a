"""A chart drawn in a process of its own."""

import sys

import pytest

from core.insight.charts import day_chart
from core.insight.drawing import NothingToDrawError, as_png, as_svg
from core.insight.drawn import drawn
from core.insight.report import report
from core.store.counts import PartCounts, PersonVotes, Tally


async def test_where_it_cannot_be_drawn_there_is_none(monkeypatch, tmp_path):
    without_it = tmp_path / "python"
    without_it.write_text("#!/bin/sh\ncat > /dev/null\nexit 1\n", encoding="utf-8")
    without_it.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(without_it))

    assert await drawn(day_chart({})) is None

    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    assert await drawn(day_chart({})) is None


async def test_what_takes_too_long_is_given_up(monkeypatch, tmp_path):
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setattr("core.insight.drawn._PATIENCE", 0.05)

    assert await drawn(day_chart({})) is None


async def test_a_picture_is_a_png():
    votes = tuple(PersonVotes((), str(who), by_asker=False, positive=3, negative=1) for who in range(5))

    picture = await drawn(day_chart({"2026-01-01": report(Tally((PartCounts((), 9, 9),), votes))}))

    assert picture is not None
    assert picture.startswith(b"\x89PNG")


def test_a_chart_without_a_point_says_so():
    for draw in (as_png, as_svg):
        with pytest.raises(NothingToDrawError, match="nobody voted"):
            draw(day_chart({}))
