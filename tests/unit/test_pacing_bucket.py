"""What a rate bucket is believed to allow, after answers sensible and not."""

import math

import pytest

from core.pacing.bucket import RateBucket
from core.ports import Budget, Rate


def a_call(bucket: RateBucket, began: float, budget: Budget | None = None, took: float = 0.1) -> None:
    bucket.began(began)
    bucket.ended(began, began + took, budget)


def test_a_silent_bucket_never_gets_more_than_assumed_in_any_window() -> None:
    bucket = RateBucket(Rate(3, 60.0))
    for moment in (1.0, 2.0, 3.0):
        a_call(bucket, moment)

    room = bucket.has_room(4.0, 1)

    assert bucket.left(4.0) == 0
    assert room == pytest.approx(61.1)  # the first may have been counted as late as its answer came


def test_the_limit_and_the_window_are_learned_from_the_answers() -> None:
    bucket = RateBucket(Rate(5, 5.0))

    a_call(bucket, 1.0, Budget(7, 6, 1.0))

    assert bucket.limit(1.1) == 7
    assert bucket.left(1.1) == 6
    assert bucket.window == pytest.approx(1.0)
    assert bucket.left(2.2) == 7


def test_of_several_answers_the_earliest_reset_holds() -> None:
    bucket = RateBucket(Rate(5, 5.0))

    a_call(bucket, 1.0, Budget(5, 4, 4.95), took=0.4)
    a_call(bucket, 2.0, Budget(5, 3, 3.95), took=0.1)
    a_call(bucket, 3.0, Budget(5, 2, 2.95), took=0.3)

    assert bucket.reset(4.0) == pytest.approx(6.05)


def test_calls_in_flight_are_not_left() -> None:
    bucket = RateBucket(Rate(5, 5.0))
    a_call(bucket, 1.0, Budget(5, 4, 4.95))

    bucket.began(2.0)

    assert bucket.left(2.0) == 3


@pytest.mark.parametrize(
    "budget",
    [
        Budget(0, 0, 5.0),
        Budget(-3, 2, 1.0),
        Budget(5, 4, math.nan),
        Budget(5, 4, math.inf),
        Budget(5, 4, -1.0),
    ],
)
def test_a_budget_that_cannot_be_is_no_budget(budget: Budget) -> None:
    bucket = RateBucket(Rate(5, 5.0))

    a_call(bucket, 1.0, budget)

    assert not bucket.tells
    assert bucket.left(1.1) == 4


def test_more_left_than_the_limit_is_the_limit() -> None:
    bucket = RateBucket(Rate(5, 5.0))

    a_call(bucket, 1.0, Budget(5, 500, 4.0))

    assert bucket.left(1.1) == 5


def test_an_absurd_reset_does_not_stop_a_bucket_for_ever() -> None:
    bucket = RateBucket(Rate(5, 5.0))

    a_call(bucket, 1.0, Budget(5, 0, 1e9))

    assert bucket.has_room(1.1, 1) < 200.0


def test_a_refusal_pauses_as_long_as_it_says_and_is_not_counted() -> None:
    bucket = RateBucket(Rate(5, 5.0))
    bucket.began(1.0)

    bucket.refused(1.0, 1.1, 3.0)

    assert bucket.left(2.0) == 0
    assert bucket.has_room(2.0, 1) == pytest.approx(4.1)
    assert bucket.left(4.2) > 0


def test_refusals_in_a_row_pause_ever_longer_whatever_they_say() -> None:
    bucket = RateBucket(Rate(5, 5.0))
    pauses, now = [], 1.0

    for _ in range(4):
        bucket.began(now)
        bucket.refused(now, now, 0.0)
        pauses.append(bucket.has_room(now, 1) - now)
        now += pauses[-1]

    assert pauses == sorted(pauses)
    assert pauses[-1] >= 2.0


def test_an_unexpected_refusal_teaches_how_many_calls_went_well_and_is_forgotten_slowly() -> None:
    bucket = RateBucket(Rate(50, 60.0))
    for number in range(30):
        a_call(bucket, number * 0.5)
    bucket.began(20.0)

    bucket.refused(20.0, 20.1, 40.0)

    assert bucket.limit(61.0) == 30
    assert bucket.limit(60.1 + 150.0) == 33
    assert bucket.limit(60.1 + 1000.0) == 50


def test_a_refused_burst_costs_half_of_the_trust_at_the_most_and_makes_wary() -> None:
    bucket = RateBucket(Rate(50, 60.0))
    for number in range(5):
        a_call(bucket, number * 0.2)
    bucket.began(1.0)

    bucket.refused(1.0, 1.1, 1.0)

    assert bucket.limit(2.2) == 25
    assert bucket.wary(2.2)


def test_a_refusal_that_a_told_budget_denied_makes_the_next_windows_smaller() -> None:
    bucket = RateBucket(Rate(5, 5.0))
    a_call(bucket, 1.0, Budget(5, 4, 4.95))
    a_call(bucket, 2.0, Budget(5, 3, 3.95))
    bucket.began(3.0)

    bucket.refused(3.0, 3.1, 1.0)

    assert bucket.limit(4.2) < 5


def test_a_call_that_failed_may_have_counted() -> None:
    told, silent = RateBucket(Rate(5, 5.0)), RateBucket(Rate(5, 5.0))
    a_call(told, 1.0, Budget(5, 4, 4.95))
    told.began(2.0)
    silent.began(2.0)

    told.failed(2.1)
    silent.failed(2.1)

    assert told.left(2.1) == 3
    assert silent.left(2.1) == 4


def test_an_answer_handed_over_after_its_window_does_not_close_the_next() -> None:
    bucket = RateBucket(Rate(5, 5.0))
    for number in range(4):
        a_call(bucket, 1.0 + number, Budget(5, 4 - number, 4.95 - number))
    bucket.began(4.5)

    bucket.ended(4.5, 6.0, Budget(5, 0, 1.45))

    assert bucket.left(6.1) == 5


def test_calls_that_fail_outside_any_window_are_given_back_when_one_would_be_over():
    bucket = RateBucket(Rate(5, 5.0))
    bucket.began(0.0)
    bucket.ended(0.0, 0.1, Budget(5, 4, 4.9))

    for moment in (10.0, 10.1, 10.2, 10.3, 10.4):
        bucket.began(moment)
        bucket.failed(moment + 0.05)

    assert bucket.left(10.5) == 0
    assert bucket.left(16.0) == 5
    assert bucket.has_room(16.0, 1) == 16.0
