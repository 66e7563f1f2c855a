"""How soon a fall is told, and how often one that is none: `python -m tests.bench.alert`.

A year's votes are made up; at the end of each day it is looked, as the running bot does. The last line is JSON.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from typing import Final

from core.insight.alert import REACH, GivenVote, fall
from tests.unit.fakes_voting import BEGIN, fallen, votes

ONCE_IN_DAYS: Final = 1000
_WARM: Final = REACH.days
_PATIENCE: Final = 42
"""Days for which a fall is waited for."""
_CASES: Final = (
    ("20 people, 20 votes a day, 80 → 56 %", {"people": 20, "a_day": 20}, 0.7),
    ("20 people, 20 votes a day, 80 → 40 %", {"people": 20, "a_day": 20}, 0.5),
    ("8 people, 6 votes a day, 80 → 40 %", {"people": 8, "a_day": 6}, 0.5),
    ("200 people, a third of them new, 100 votes a day, 80 → 64 %", {"people": 200, "a_day": 100, "new": 0.3}, 0.8),
)
_LOGS: Final = 20


def first_alert(given: list[GivenVote], begin: int, end: int) -> int | None:
    """The day (from 0) at whose end a fall is told first."""
    for day in range(begin, end):
        now = BEGIN + timedelta(days=day + 1)
        if fall([vote for vote in given if now - REACH <= vote.at < now], now, once_in_days=ONCE_IN_DAYS):
            return day
    return None


def delays(crowd: dict[str, int], to: float) -> Iterator[int | None]:
    """Days from the beginning of a fall to its alert, for several logs; None where it took too long."""
    for seed in range(_LOGS):
        given = fallen(votes(_WARM + _PATIENCE, seed=seed, **crowd), on=_WARM, to=to)
        told = first_alert(given, _WARM, _WARM + _PATIENCE)
        yield None if told is None else told - _WARM + 1


def false_alerts(logs: int, days: int) -> int:
    """In how many of the logs, in which nothing changes, something is told."""
    return sum(
        first_alert(
            [vote for _, vote in votes(_WARM + days, seed=1_000 + seed, people=15, a_day=12, new=0.1)],
            _WARM,
            _WARM + days,
        )
        is not None
        for seed in range(logs)
    )


def main() -> None:
    """Print the table, and the figures as JSON."""
    figures: dict[str, float] = {}
    for name, crowd, to in _CASES:
        found = list(delays(crowd, to))
        seen = sorted(each for each in found if each is not None)
        print(
            f"{name}: told after {median(seen):g} days (half), {seen[-1]} (all that were); missed {found.count(None)}"
        )
        figures[name] = median(seen)
    logs, days = 60, 100
    wrong = false_alerts(logs, days)
    print(f"nothing changes, {logs * days} days: {wrong} alerts ({logs * days / ONCE_IN_DAYS:g} are allowed)")
    print(json.dumps({"alert_delay_days": figures, "alert_false_per_1000_days": wrong / (logs * days) * 1000}))


if __name__ == "__main__":
    main()
