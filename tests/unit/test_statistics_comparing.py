"""Two models compared: what can be said, and how often it is wrong."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from scipy import integrate, stats

from core.insight.comparing import Better, Verdict, Vote, odds, probability_better, verdict, verdicts

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "second"), [((10, 10), (15, 5)), ((800, 200), (830, 170)), ((3.5, 0.2), (0, 0)), ((0, 0), (0, 0))]
)
def test_the_probability_of_being_better_is_the_integral(first, second):
    a, b = (stats.beta(likes + 1, dislikes + 1) for likes, dislikes in (first, second))

    expected, _ = integrate.quad(lambda rate: b.pdf(rate) * a.cdf(rate), 0, 1, limit=200)

    assert probability_better(first, second) == pytest.approx(expected, abs=1e-4)


def test_nothing_is_said_of_nothing():
    alone = [Vote(str(person), START, first=True, positive=True) for person in range(50)]

    assert verdict([]) == verdict(alone) == Verdict(Better.OPEN, 1.0)


@pytest.mark.parametrize(("odds", "expected"), [(4, Better.FIRST), (1 / 4, Better.SECOND)])
def test_a_real_difference_is_found(odds, expected):
    found = verdict(votes(random.Random(1), odds))

    assert found.better is expected
    assert found.evidence > 20


def test_people_who_vote_once_tell_models_apart_as_well():
    dice = random.Random(5)
    once = [
        Vote(f"{day}-{number}", START + timedelta(days=day), first=number % 2 == 0, positive=dice.random() < share)
        for day in range(30)
        for number, share in enumerate([0.9, 0.6] * 10)
    ]

    assert verdict(once).better is Better.FIRST


def test_looking_every_day_rarely_finds_a_difference_where_there_is_none():
    wrong = 0

    for seed in range(60):
        wrong += any(each.better is not Better.OPEN for _, each in verdicts(votes(random.Random(seed), 1)))

    assert wrong <= 4


def test_a_days_verdict_is_that_of_what_was_there_by_then():
    given = votes(random.Random(2), 2)

    by_day = dict(verdicts(given))

    for day in (3, 20):
        then = [each for each in given if each.at < START + timedelta(days=day + 1)]
        assert by_day[(START + timedelta(days=day)).date()] == verdict(then)


def test_someone_who_dislikes_everything_of_the_model_they_use_most_decides_nothing():
    fond = [Vote(f"fond-{number}", START, first=number % 2 == 0, positive=True) for number in range(40)]
    cross = [Vote("cross", START + timedelta(days=day), first=day % 10 > 0, positive=False) for day in range(400)]

    assert verdict([*fond, *cross]).better is Better.OPEN


def votes(dice: random.Random, odds: float) -> list[Vote]:
    """Of 40 people, some generous and some not, a few very busy; `odds`: how much better the first model is."""
    people = [(str(number), dice.betavariate(8, 2), min(dice.paretovariate(0.8), 20)) for number in range(40)]
    given = []
    for day in range(25):
        for person, own, busy in people:
            for _ in range(int(busy * dice.random())):
                first = dice.random() < 0.5
                likes = own / (1 - own) * odds ** (0.5 if first else -0.5)
                at = START + timedelta(days=day, seconds=dice.randrange(86_400))
                given.append(Vote(person, at, first=first, positive=dice.random() < likes / (1 + likes)))
    return given


@pytest.mark.parametrize(
    ("evidence", "told"), [(0.4234, "0.42"), (9.87, "9.9"), (9132.4, "9,132"), (3e9, "> 1,000,000")]
)
def test_odds_have_no_more_digits_than_anybody_reads(evidence, told):
    shown = odds(evidence)

    assert shown == told
