"""Figures from counts."""

from core.insight.report import report
from core.insight.streaming import Spread, streaming_report
from core.store.counts import ReplyVotes, ReportCounts


def test_every_figure_is_safe_where_there_is_nothing():
    figures = report(ReportCounts(0, 0, ()))

    assert (figures.feedback_rate, figures.positive_rate, figures.total_traces) == (0, 0, 0)


def test_people_are_counted_and_no_rate_exceeds_one():
    figures = report(ReportCounts(2, 1, (ReplyVotes("m", positive=3, negative=1),)))

    assert (figures.positive_count, figures.negative_count) == (3, 1)
    assert figures.positive_rate == 0.75
    assert figures.feedback_rate == 0.5


def test_the_spread_of_a_figure_leaves_out_replies_that_lack_it():
    replies = [{"first_text": value / 100, "edits": 2, "rate_limited": 0} for value in range(101)]

    grown = streaming_report([*replies, {"first_text": None, "edits": 1, "rate_limited": 1}])

    assert grown.first_text == Spread(0.5, 0.95)
    assert grown.mean_lag == Spread(None, None)
    assert (grown.replies, grown.edits, grown.rate_limited) == (102, 203, 1)
    assert streaming_report([]).replies == 0
