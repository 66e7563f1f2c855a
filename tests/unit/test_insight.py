"""Figures from counts."""

from core.insight.report import report
from core.insight.statistics import ANYTHING, people_rate
from core.insight.streaming import Spread, streaming_report
from core.store.counts import PartCounts, PersonVotes, Tally


def test_every_figure_is_safe_where_there_is_nothing():
    figures = report(Tally((), ()))

    assert (figures.feedback_rate, figures.positive_rate, figures.total_traces) == (0, 0, 0)
    assert figures.by_people == figures.by_askers == figures.by_bystanders == people_rate([])
    assert figures.feedback_rate_interval == ANYTHING


def test_votes_are_counted_and_each_person_counts_alike_beside():
    votes = (votes_of("ann", 8, 0), votes_of("ann", 0, 2, by_asker=True), votes_of("bob", 0, 1))

    figures = report(Tally((PartCounts((), 20, 10),), votes))

    assert (figures.positive_count, figures.negative_count, figures.positive_rate) == (8, 3, 8 / 11)
    assert (figures.by_people.rate, figures.by_people.people) == (0.4, 2)
    assert (figures.by_askers.rate, figures.by_askers.votes) == (0, 2)
    assert figures.feedback_rate == 0.5
    assert 0.25 < figures.feedback_rate_interval.low < 0.5 < figures.feedback_rate_interval.high < 0.75


def votes_of(person: str, positive: int, negative: int, *, by_asker: bool = False) -> PersonVotes:
    return PersonVotes((), person, by_asker=by_asker, positive=positive, negative=negative)


def test_the_spread_of_a_figure_leaves_out_replies_that_lack_it():
    replies = [{"first_text": value / 100, "edits": 2, "rate_limited": 0} for value in range(101)]

    grown = streaming_report([*replies, {"first_text": None, "edits": 1, "rate_limited": 1}])

    assert grown.first_text == Spread(0.5, 0.95)
    assert grown.mean_lag == Spread(None, None)
    assert (grown.replies, grown.edits, grown.rate_limited) == (102, 203, 1)
    assert streaming_report([]).replies == 0
