"""What got better or worse, and whether that can be said."""

import random

import pytest

from core.insight.changes import Direction, Estimate, change, changes, credible
from core.insight.statistics import wilson


def proportion(positive, trials):
    return Estimate(positive / trials, wilson(positive, trials))


def test_the_interval_of_a_difference_is_the_published_one():
    # Newcombe 1998, Stat. Med. 17:873–890, table II, method 10: 56/70 less 48/80, and 9/10 less 3/10.
    first = change("", proportion(48, 80), proportion(56, 70))
    second = change("", proportion(3, 10), proportion(9, 10))

    assert (first.difference, first.interval.low, first.interval.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert (second.interval.low, second.interval.high) == pytest.approx((0.1705, 0.8090), abs=5e-5)


def test_only_what_is_all_on_one_side_is_better_or_worse():
    worse, better, open_ = (
        change("", proportion(90, 100), proportion(60, 100)),
        change("", proportion(60, 100), proportion(90, 100)),
        change("", proportion(60, 100), proportion(65, 100)),
    )

    assert [each.direction for each in (worse, better, open_)] == [Direction.WORSE, Direction.BETTER, Direction.OPEN]
    assert credible([open_, worse]) == [worse]


def test_parts_without_votes_in_one_of_the_spans_are_left_out_and_the_surest_comes_first():
    many = [(9, 1)] * 30
    before = {"a": many, "b": many, "gone": many, "silent": []}
    now = {"a": [(8, 2)] * 30, "b": [(1, 9)] * 30, "new": many, "silent": many}

    assert [each.name for each in changes(before, now)] == ["b", "a"]
    assert changes({}, {}) == []


def test_of_many_parts_that_do_not_change_hardly_one_seems_to():
    dice = random.Random(1)
    logs, seeming = 200, 0

    for _ in range(logs):
        parts = [{name: [_votes(dice) for _ in range(25)] for name in "abcdefgh"} for _ in range(2)]
        seeming += bool(credible(changes(*parts)))

    assert seeming / logs <= 0.05


def _votes(dice):
    taste, number = dice.betavariate(4, 1), dice.randint(1, 8)
    likes = sum(dice.random() < taste for _ in range(number))
    return likes, number - likes
