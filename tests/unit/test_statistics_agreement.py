"""Whether those who judge agree, beside what krippendorff and statsmodels say."""

from collections import Counter

import krippendorff
import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from core.insight.agreement import Alpha, Kappa, Level, Weights, cohen_kappa, krippendorff_alpha

DICE = np.random.default_rng(1)
GIVEN = DICE.integers(1, 6, size=(4, 60)).astype(float)
GIVEN[1:] = np.where(DICE.random((3, 60)) < 0.6, GIVEN[0], GIVEN[1:])
GIVEN[DICE.random((4, 60)) < 0.4] = np.nan


@pytest.mark.parametrize("level", Level)
def test_alpha_is_that_of_the_reference(level):
    units = [Counter(each[~np.isnan(each)].tolist()) for each in GIVEN.T]

    found = krippendorff_alpha(units, level)

    assert found.alpha == pytest.approx(krippendorff.alpha(GIVEN, level_of_measurement=level.value))
    assert found.units == sum(each.total() > 1 for each in units)


def test_alpha_is_unknown_where_there_is_nothing_to_compare():
    assert krippendorff_alpha([]) == Alpha(None, 0, 0)
    assert krippendorff_alpha([{1: 1}, {0: 1}]) == Alpha(None, 0, 0)
    assert krippendorff_alpha([{1: 3}, {1: 2}]) == Alpha(None, 2, 5)


def test_alpha_is_one_where_all_agree_and_below_zero_where_nobody_does():
    assert krippendorff_alpha([{1: 2}, {0: 3}]).alpha == 1
    assert krippendorff_alpha([{1: 1, 0: 1}] * 5).alpha < 0


@pytest.mark.parametrize("weights", Weights)
def test_kappa_and_its_interval_are_those_of_statsmodels(weights):
    judge = DICE.integers(1, 6, 200)
    people = np.where(DICE.random(200) < 0.5, judge, DICE.integers(1, 6, 200))
    table = np.zeros((5, 5))
    np.add.at(table, (judge - 1, people - 1), 1)

    found = cohen_kappa(zip(judge.tolist(), people.tolist(), strict=True), weights)

    expected = cohens_kappa(table, wt=None if weights is Weights.NONE else weights.value)
    assert found.kappa == pytest.approx(expected.kappa)
    assert (found.low, found.high) == (pytest.approx(expected.kappa_low), pytest.approx(expected.kappa_upp))


def test_kappa_is_unknown_where_there_is_nothing_to_compare():
    assert cohen_kappa([]) == Kappa(None, None, None, 0)
    assert cohen_kappa([(1, 1)] * 4) == Kappa(None, None, None, 4)
    assert cohen_kappa([(1, 1), (0, 0)]).kappa == 1
