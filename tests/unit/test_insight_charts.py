"""The chart's specification."""

from core.insight.charts import Theme, day_chart
from core.insight.report import ALL, BETWEEN_NAMES, report
from core.store.counts import PartCounts, PersonVotes, Tally


def test_a_day_is_a_point_with_its_interval():
    votes = tuple(PersonVotes((), str(who), by_asker=False, positive=3, negative=who % 2) for who in range(10))
    voted, silent = report(Tally((PartCounts((), 9, 9),), votes)), report(Tally((PartCounts((), 9, 0),), ()))
    days = {"2026-01-01": voted, BETWEEN_NAMES.join(["org/a", "2026-01-02"]): voted, "2026-01-03": silent, ALL: voted}

    rows = [each for each in day_chart(days)["data"]["values"] if each["rate"] is not None]

    assert [(each["name"], each["day"]) for each in rows] == [("all replies", "2026-01-01"), ("org/a", "2026-01-02")]
    assert 0 <= rows[0]["low"] < rows[0]["rate"] == 0.875 < rows[0]["high"] <= 1
    assert rows[0]["people"] == 10


def test_a_day_on_which_nobody_voted_breaks_the_line():
    votes = tuple(PersonVotes((), str(who), by_asker=False, positive=3, negative=0) for who in range(3))
    voted, silent = report(Tally((PartCounts((), 9, 9),), votes)), report(Tally((PartCounts((), 9, 0),), ()))
    first, third, fourth = "2026-02-27", "2026-03-01", "2026-03-02"

    chart = day_chart({first: voted, third: silent, fourth: voted, ALL: voted})

    rates = {each["day"]: each["rate"] for each in chart["data"]["values"]}
    assert rates == {first: 1.0, "2026-02-28": None, third: None, fourth: 1.0}


def test_one_line_needs_no_legend():
    votes = tuple(PersonVotes((), str(who), by_asker=False, positive=3, negative=0) for who in range(3))
    voted = report(Tally((PartCounts((), 9, 9),), votes))

    one, two = day_chart({"2026-01-01": voted}), day_chart({"a · 2026-01-01": voted, "b · 2026-01-01": voted})

    assert one["vconcat"][0]["encoding"]["color"]["legend"] is None
    assert two["vconcat"][0]["encoding"]["color"]["legend"]


def test_the_chart_has_ink_for_light_and_for_dark():
    light, dark = (day_chart({}, theme)["config"]["axis"]["labelColor"] for theme in Theme)

    assert light != dark
