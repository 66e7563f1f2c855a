"""Charts of the dashboard: where what is drawn, what is said beside it; and what a page's address chooses."""

from datetime import UTC, date, datetime

from bots.web.pages.charts import Chart, charts, small_line, whisker
from bots.web.pages.filtering import Filter
from bots.web.pages.rendering import markdown, moment, percent, place, plain, said, seconds, size, span
from core.insight.overview import Point, View
from core.insight.report import report
from core.insight.statistics import Interval, people_rate, wilson
from core.messages import PlaceRef
from core.store.browsing import Judged, Order
from core.store.counts import Division, PartCounts, Tally

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 10)


def view(points: list[Point], *, step: int = 1) -> View:
    whole = report(Tally((PartCounts((), 0, 0),), ()))
    return View(whole, tuple(points), {}, {}, FIRST, LAST, step)


def point(day: int, *votes: tuple[int, int], replies: int = 10, judged: int = 2) -> Point:
    return Point(date(2026, 6, day), replies, judged, wilson(judged, replies), people_rate(votes))


def liked(points: list[Point]) -> Chart:
    return charts(view(points))[0]


def test_a_day_on_which_nobody_voted_is_a_gap_and_a_lone_day_a_box() -> None:
    voted = ((1, 0), (0, 1))

    chart = liked([point(1, *voted), point(2, *voted), point(3), point(4, *voted)])

    assert chart.line == "M50.0,50.0L150.0,50.0"
    assert chart.dots == "M50.0,50.0h0M150.0,50.0h0M350.0,50.0h0"
    assert chart.band.count("M") == 2
    assert "H366.67" in chart.band
    assert [each.tip.split(":")[0] for each in chart.columns] == ["Mon 1 Jun", "Tue 2 Jun", "Thu 4 Jun"]


def test_a_chart_says_its_figures_beside_it_and_as_a_table() -> None:
    chart = liked([point(10, (3, 1), (0, 2))])

    assert chart.columns[0].tip.startswith("Wed 10 Jun: 38% (")
    assert chart.columns[0].tip.endswith(", 2 people")
    assert chart.rows[0][0] == "Wed 10 Jun"
    assert chart.rows[0][-2:] == ("2", "6")
    assert chart.xs == ("4 Jun", "6 Jun", "7 Jun", "8 Jun", "10 Jun")


def test_an_axis_begins_with_the_first_replies_and_has_a_week_at_least() -> None:
    assert liked([point(9)]).xs[0] == "4 Jun"
    assert liked([point(2), point(9)]).xs[0] == "2 Jun"
    assert liked([]).xs[0] == "1 Jun"


def test_the_axis_of_a_small_rate_ends_soon_above_it_and_counts_end_at_a_round_one() -> None:
    _, judged, replies = charts(view([point(1, replies=1_000, judged=60)]))

    assert judged.ys == ("10%", "5.0%", "0%")
    assert replies.ys == ("1,000", "500", "0")
    assert replies.bars == ((15.0, 70.0, 100.0),)


def test_nothing_at_all_is_drawn_as_nothing() -> None:
    assert all((each.line, each.columns, each.rows) == ("", (), ()) for each in charts(view([])))


def test_weeks_begin_on_mondays() -> None:
    chart = charts(view([point(8, (1, 0), (1, 1))], step=7))[0]

    assert chart.columns[0].tip.startswith("week of 8 Jun 2026:")
    assert (chart.columns[0].x, chart.columns[0].width) == (500.0, 500.0)


def test_small_lines_and_intervals_are_in_the_same_box() -> None:
    rates = {date(2026, 6, 1): 1.0, date(2026, 6, 2): 0.0, date(2026, 6, 5): 0.5}

    line, dots = small_line(rates, view([]))

    assert (line, dots) == ("M50.0,0.0L150.0,100.0", "M450.0,50.0h0")
    assert whisker(0.5, Interval(0.25, 0.75)) == (250.0, 750.0, 500.0)


def test_an_address_chooses_what_there_is_and_links_change_one_thing() -> None:
    chosen = Filter.of({"days": "90", "judged": "liked", "by": "channel", "q": " ünï ", "channel": "slack:T1:C1"})
    wrong = Filter.of({"days": "31", "judged": "loved", "by": "day", "page": "0", "order": "x"})

    assert (chosen.days, chosen.judged, chosen.by, chosen.q) == (90, Judged.LIKED, Division.CHANNEL, "ünï")
    assert chosen.place == "slack:T1:C1:"
    assert Filter.of({"platform": "slack"}).place == "slack:"
    assert wrong == Filter()
    assert chosen.link(page=2).endswith("&page=2")
    assert "page" not in Filter(page=3, order=Order.VOTES).link(days=7)
    assert Filter().link() == "?"


def test_figures_and_words_are_written_for_people() -> None:
    assert [percent(each) for each in (0.0, 0.0634, 0.5, 1.0)] == ["0%", "6.3%", "50%", "100%"]
    assert span(Interval(0.05, 0.25)) == "5.0–25%"
    assert [seconds(each) for each in (None, 0.35, 2.44)] == ["–", "350 ms", "2.4 s"]
    assert [size(each) for each in (12, 2048, 5 * 1024**3)] == ["12 B", "2.0 KiB", "5.0 GiB"]
    assert moment(datetime(2026, 6, 1, 9, 5, tzinfo=UTC)) == "2026-06-01 09:05"
    assert [place(each) for each in (PlaceRef("slack", "T1", "C1", "1.0"), "discord", None)] == [
        "slack · C1",
        "discord",
        "elsewhere",
    ]
    assert [said(each) for each in (True, False, None, 4)] == ["for", "against", "nothing", "4"]


def test_markdown_is_shown_and_html_stays_text() -> None:
    assert markdown("**so** <b>x</b>") == "<p><strong>so</strong> &lt;b&gt;x&lt;/b&gt;</p>\n"
    assert "<img" not in markdown("![x](https://example.org/x.png)")
    assert "href" not in markdown("[x](javascript:alert(1))")
    assert plain("**so** `x`\n\n- <b>") == "so x <b>"
