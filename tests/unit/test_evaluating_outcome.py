"""What an evaluation comes to: means with intervals, wins and losses, and how far a judge is trusted."""

import pytest
from scipy import stats

from core.evaluating.judge import ALIKE, BETTER, WORSE
from core.evaluating.kept import BothSaid
from core.evaluating.outcome import Compared, agreement, is_trusted, mean_of, outcome

OTHER = "org/other"


def compared(wins: int, losses: int, ties: int = 0) -> list[Compared]:
    values = [BETTER] * wins + [WORSE] * losses + [ALIKE] * ties
    return [Compared(3.0, 3.0 + each, each) for each in values]


def both(*counts: tuple[bool, bool, int]) -> list[BothSaid]:
    """So many replies each that people like or not, and that the judge likes or not."""
    return [
        BothSaid(float(judge), 5.0 if judge else 1.0, 2 if people else 0, 0 if people else 1, None)
        for people, judge, number in counts
        for _ in range(number)
    ]


def test_a_mean_lies_where_students_t_says() -> None:
    values = [1.0, 2.0, 2.0, 4.0, 5.0]

    found = mean_of(values)

    low, high = stats.t.interval(0.95, 4, loc=2.8, scale=stats.sem(values))
    assert (found.mean, found.low, found.high) == pytest.approx((2.8, low, high))


@pytest.mark.parametrize(("values", "mean"), [([], None), ([3.0], 3.0), ([3.0, 3.0], 3.0)])
def test_of_items_that_do_not_differ_nothing_is_known(values, mean) -> None:
    found = mean_of(values)

    assert (found.mean, found.low, found.high, found.count) == (mean, None, None, len(values))


@pytest.mark.parametrize(
    ("wins", "losses", "says"),
    [(20, 4, "likes org/other better"), (4, 20, "likes org/other less"), (6, 4, "cannot tell")],
)
def test_who_wins_is_said_when_the_interval_leaves_no_doubt(wins, losses, says) -> None:
    found = outcome(compared(wins, losses, ties=5), 40, OTHER)

    assert (found.items, found.answered) == (40, wins + losses + 5)
    assert (found.wins, found.losses, found.ties) == (wins, losses, 5)
    assert found.win_rate == wins / (wins + losses)
    assert says in found.words


def test_the_difference_is_taken_reply_by_reply() -> None:
    found = outcome([Compared(1.0, 2.0, None), Compared(4.0, 5.5, None), Compared(None, 3.0, None)], 3, OTHER)

    assert found.difference.mean == 1.25
    assert found.difference.count == 2
    assert found.other.count == 3


def test_without_a_judge_and_without_a_decision_the_words_say_so() -> None:
    assert "--judge" in outcome([Compared(None, None, None)], 1, OTHER).words
    assert "no difference" in outcome(compared(0, 0, ties=3), 3, OTHER).words


def test_a_judge_that_agrees_with_people_is_trusted_as_far_as_it_does() -> None:
    good = agreement(both((True, True, 60), (False, False, 50), (True, False, 4), (False, True, 4)), "org/judge")
    hint = agreement(both((True, True, 20), (False, False, 16), (True, False, 7), (False, True, 7)), "org/judge")
    bad = agreement(both((True, True, 10), (False, False, 9), (True, False, 9), (False, True, 10)), "org/judge")

    assert is_trusted(good.votes)
    assert "stand in for people" in good.words
    assert not is_trusted(hint.votes)
    assert "a hint" in hint.words
    assert "chance" in bad.words


def test_replies_on_which_people_are_divided_say_nothing_of_a_judge() -> None:
    divided = BothSaid(1.0, 5.0, 1, 1, None)

    found = agreement([divided, *both((True, True, 2), (False, False, 2))], "org/judge")

    assert found.votes.units == 4


def test_scores_are_compared_with_the_mean_of_peoples() -> None:
    scored = [BothSaid(1.0, float(judge), 0, 0, mean) for judge, mean in ((5, 4.8), (4, 4.1), (1, 1.4), (2, 2.0))]

    found = agreement(scored, "org/judge")

    assert found.scores.kappa == 1
    assert found.votes.units == 0


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([], "no reply in common"),
        (both((False, False, 5)), "nothing can be said"),
        (both((False, False, 5), (False, True, 5)), "People disliked all 10"),
    ],
)
def test_where_nothing_can_be_said_of_a_judge_it_is_said_what_to_do(said, words) -> None:
    assert words in agreement(said, "org/judge").words
