"""The chart's specification."""

from core.insight.charts import Theme, day_chart
from core.insight.report import ALL, BETWEEN_NAMES, report
from core.store.counts import PartCounts, PersonVotes, Tally


def test_a_day_is_a_point_with_its_interval_and_days_without_votes_are_gaps():
    votes = tuple(PersonVotes((), str(who), by_asker=False, positive=3, negative=who % 2) for who in range(10))
    voted, silent = report(Tally((PartCounts((), 9, 9),), votes)), report(Tally((PartCounts((), 9, 0),), ()))
    days = {"2026-01-01": voted, BETWEEN_NAMES.join(["org/a", "2026-01-02"]): voted, "2026-01-03": silent, ALL: voted}

    rows = day_chart(days)["data"]["values"]

    assert [(each["name"], each["day"]) for each in rows] == [("all replies", "2026-01-01"), ("org/a", "2026-01-02")]
    assert 0 <= rows[0]["low"] < rows[0]["rate"] == 0.875 < rows[0]["high"] <= 1
    assert rows[0]["people"] == 10


def test_the_chart_has_ink_for_light_and_for_dark():
    light, dark = (day_chart({}, theme)["config"]["axis"]["labelColor"] for theme in Theme)

    assert light != dark
