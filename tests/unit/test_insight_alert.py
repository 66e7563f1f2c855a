"""Whether people like the replies less than they did: seen soon, told once, and seldom where nothing changed."""

from datetime import date, timedelta

import pytest

from core.insight.alert import REACH, GivenVote, fall
from tests.unit.fakes_voting import BEGIN, fallen, votes

ONCE = 1000


def look(given, day, **more):
    """What is seen at the end of a day (from 0)."""
    now = BEGIN + timedelta(days=day, hours=23, minutes=59)
    return fall([vote for vote in given if now - REACH <= vote.at <= now], now, once_in_days=ONCE, **more)


def the_day(number):
    return (BEGIN + timedelta(days=number)).date()


@pytest.mark.parametrize("new", [0.0, 0.4])
def test_a_fall_is_seen_within_days_and_its_beginning_is_found(new):
    given = fallen(votes(84, seed=1, new=new), on=70, to=0.5)

    seen = next(found for day in range(70, 84) if (found := look(given, day)))

    assert look(given, 69) is None
    assert abs((seen.since - the_day(70)).days) <= 3
    assert seen.evidence >= ONCE
    assert seen.before.interval.low > seen.after.interval.high
    assert seen.before.people > 10


def test_a_rise_is_no_fall():
    given = [GivenVote(each.person, each.at, not each.positive) for each in fallen(votes(84, seed=2), on=70, to=0.4)]

    assert look(given, 83) is None


def test_nobody_makes_a_fall_alone_nor_do_three():
    regular = [vote for _, vote in votes(84, seed=3)]
    gloomy = [
        GivenVote(f"gloomy {person}", BEGIN + timedelta(days=day, hours=person), day < 70)
        for day in range(84)
        for person in range(3)
        for _ in range(5)
    ]

    assert look(regular + gloomy, 83) is None


def test_who_is_hard_to_please_and_votes_more_than_before_makes_no_fall():
    regular = [vote for _, vote in votes(84, seed=4)]
    severe = [
        GivenVote(f"severe {number % 6}", BEGIN + timedelta(days=day, seconds=number), positive=False)
        for day in range(40, 84)
        for number in range(2 if day < 70 else 40)
    ]

    assert look(regular + severe, 83) is None


def test_a_fall_that_was_told_is_not_told_again_but_the_next_one_is():
    once = fallen(votes(150, seed=5), on=70, to=0.6)
    twice = fallen(((int((each.at - BEGIN).days), each) for each in once), on=120, to=0.4)
    seen = look(once, 76)

    told = {"last": seen.since, "told": the_day(76)}

    assert not any(look(once, day, **told) for day in range(76, 150, 4))
    again = next(found for day in range(120, 150) if (found := look(twice, day, **told)))
    assert again.since >= the_day(118)


def test_without_votes_there_is_nothing_to_see():
    assert fall([], BEGIN, once_in_days=ONCE) is None
    assert fall([GivenVote("ann", BEGIN, positive=False)], BEGIN, once_in_days=ONCE, last=date(2025, 1, 1)) is None


def test_where_nothing_changes_an_alert_is_rarer_than_was_asked_for():
    alerts = 0

    for seed in range(12):
        given = [vote for _, vote in votes(84 + 60, seed=100 + seed, people=12, a_day=8, new=0.1 * (seed % 2))]
        # Every fifth day will do: the evidence is the highest on the way.
        alerts += any(look(given, day) for day in range(84, 84 + 60, 5))

    # Of these 720 days less than one is expected.
    assert alerts <= 1
