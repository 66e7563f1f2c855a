"""What people's opinions of one reply come to: liked, disliked, or neither. Pure."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import orjson

from core.exports.options import Aggregation, Rules
from core.exports.talks import Opinion
from core.feedback import BEST_SCORE, Value

_WORST_SCORE: Final = 1


class Verdict(NamedTuple):
    """What several people say of one reply."""

    label: bool | None
    """Liked or disliked; None where they do not decide it."""
    rating: float | None
    """The mean of their scores, 1 to 5, 👍 as 5 and 👎 as 1; None where nobody voted."""
    raters: int
    """People."""
    votes: tuple[Opinion, ...]
    """The one of each person that counted, in the order in which they were said."""


NO_VERDICT: Final = Verdict(None, None, 0, ())


def verdict(opinions: Sequence[Opinion], rules: Rules) -> Verdict:
    """What `opinions`, at most one a person and name, come to by `rules`."""
    votes = [each for each in opinions if each.name in rules.names]
    if len(votes) == 1:  # most replies have one: a third of the time
        score = _score(votes[0].value)
        if score is None:
            return NO_VERDICT
        return Verdict(_leaning(score, rules) if rules.min_raters == 1 else None, score, 1, tuple(votes))
    if len(votes) > 1:
        votes = _one_each(votes, rules.names)
    scores = [score for each in votes if (score := _score(each.value)) is not None]
    if not scores:
        return NO_VERDICT
    mean = sum(scores) / len(scores)
    label = None
    if len(scores) >= rules.min_raters:
        is_one = len(scores) == 1 or rules.aggregation is Aggregation.MEAN
        label = _leaning(mean, rules) if is_one else _joined(scores, rules)
    return Verdict(label, mean, len(scores), tuple(votes))


def value_of(opinion: Opinion) -> Value:
    """What was said: a boolean, a number or a text."""
    value: Value = orjson.loads(opinion.value)
    return value


def _one_each(votes: Sequence[Opinion], names: tuple[str, ...]) -> list[Opinion]:
    """Each person's vote under the first of `names` that they used, in the order in which they were said."""
    first: dict[str, Opinion] = {}
    for each in sorted(votes, key=lambda vote: names.index(vote.name)):
        first.setdefault(each.source_id, each)
    return sorted(first.values(), key=lambda vote: vote.order)


@lru_cache(maxsize=1_000)
def _score(text: str) -> float | None:
    if text in _BINARY:
        return _BINARY[text]
    value = orjson.loads(text)
    return float(value) if isinstance(value, int | float) and _WORST_SCORE <= value <= BEST_SCORE else None


_BINARY: Final = {"true": float(BEST_SCORE), "false": float(_WORST_SCORE)}


def _leaning(score: float, rules: Rules) -> bool | None:
    return True if score >= rules.liked_from else False if score <= rules.disliked_to else None


def _joined(scores: Sequence[float], rules: Rules) -> bool | None:
    leanings = [_leaning(score, rules) for score in scores]
    likes, dislikes = leanings.count(True), leanings.count(False)
    if likes == dislikes or (rules.aggregation is Aggregation.ANY and likes and dislikes):
        return None
    return likes > dislikes
