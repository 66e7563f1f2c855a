"""How sure one can be of a rate, beside what scipy and statsmodels say, and beside the truth."""

import random
from itertools import accumulate

import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from core.insight.distributions import beta_cdf, log_beta_density, t_quantile
from core.insight.statistics import ANYTHING, Interval, PeopleRate, confidence_sequence, people_rate, wilson


@pytest.mark.parametrize(("a", "b", "x"), [(1, 1, 0.3), (0.5, 0.5, 0.01), (100, 20, 0.8), (1e5, 2e4, 0.83), (3, 2, 1)])
def test_the_beta_distribution_is_scipys(a, b, x):
    assert beta_cdf(x, a, b) == pytest.approx(stats.beta.cdf(x, a, b), rel=1e-9)
    assert log_beta_density(x, a, b) == pytest.approx(stats.beta.logpdf(x, a, b), rel=1e-9)


@pytest.mark.parametrize("freedom", [1, 2, 5, 29, 1000, 1e7])
@pytest.mark.parametrize("probability", [0.01, 0.5, 0.6, 0.975, 0.9999])
def test_students_t_is_scipys(probability, freedom):
    assert t_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(("successes", "trials"), [(9, 10), (0, 10), (10, 10), (160, 200), (1, 1)])
def test_wilsons_interval_is_statsmodels(successes, trials):
    low, high = proportion_confint(successes, trials, method="wilson")

    assert wilson(successes, trials) == Interval(pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


def test_nothing_is_known_before_anything_was_seen():
    assert wilson(0, 0) == confidence_sequence(0, 0) == ANYTHING
    assert people_rate([]) == people_rate([(0, 0)]) == PeopleRate(0, ANYTHING, ANYTHING, 0, 0, 0)
    assert people_rate([(40, 0)]) == PeopleRate(1, ANYTHING, ANYTHING, 1, 40, 1)


def test_each_person_counts_alike_however_often_they_voted():
    loud, quiet = (0, 1000), [(1, 0)] * 9

    found = people_rate([loud, *quiet])

    assert (found.rate, found.people, found.votes) == (0.9, 10, 1009)
    assert 0.5 < found.interval.low < 0.9 < found.interval.high < 1


@pytest.mark.parametrize("people", [[(1, 0)] * 2, [(3, 0)] * 30, [(0, 7)] * 30, [(99, 1)] + [(100, 0)] * 9])
def test_a_few_who_agree_are_not_certain(people):
    found = people_rate(people)

    assert 0 <= found.interval.low <= found.rate <= found.interval.high <= 1
    assert found.interval.high - found.interval.low > 0.02


def test_the_interval_of_people_holds_the_truth_where_the_one_of_votes_does_not():
    dice = random.Random(7)
    by_people = by_votes = 0

    for _ in range(300):
        people = voters(dice, 30)
        by_people += holds(people_rate(people).interval, 0.85)
        by_votes += holds(wilson(sum(likes for likes, _ in people), sum(map(sum, people))), 0.85)

    assert by_people / 300 > 0.92
    assert by_votes / 300 < 0.7


def test_the_sequence_of_a_rate_is_what_the_paper_gives():
    # 160 of 200, by the ratio of the densities of Beta(1, 1) and Beta(161, 41).
    assert confidence_sequence(160, 40) == Interval(pytest.approx(0.6949, abs=1e-4), pytest.approx(0.8830, abs=1e-4))
    assert confidence_sequence(0, 5).low == 0
    assert confidence_sequence(5, 0).high == 1


def test_whoever_looks_after_every_vote_is_misled_by_the_interval_and_not_by_the_sequence():
    dice = random.Random(3)
    by_interval = by_sequence = 0

    for _ in range(100):
        likes = list(accumulate(dice.random() < 0.8 for _ in range(300)))
        looks = [(likes[trials - 1], trials) for trials in range(10, 301, 10)]
        by_interval += not all(holds(wilson(good, trials), 0.8) for good, trials in looks)
        by_sequence += not all(holds(confidence_sequence(good, trials - good), 0.8) for good, trials in looks)

    assert by_sequence <= 5 < by_interval


def voters(dice: random.Random, number: int) -> list[tuple[int, int]]:
    """People of whom a few vote very often, each with a rate of their own; 0.85 on the average."""
    people = []
    for _ in range(number):
        votes, own = min(int(dice.paretovariate(0.8)), 1000), dice.betavariate(17 / 4, 3 / 4)
        likes = sum(dice.random() < own for _ in range(votes))
        people.append((likes, votes - likes))
    return people


def holds(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high
