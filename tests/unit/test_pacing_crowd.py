"""More replies grow on one bucket than it allows calls in a window: each still grows."""

import pytest

from core.pacing import Pacer
from core.ports import Budget, Rate

DISCORD = Rate(5, 5.0)


@pytest.mark.parametrize("streams", [5, 6, 10])
def test_replies_that_go_on_for_long_are_edited_though_no_answer_has_told_the_budget_yet(streams: int) -> None:
    pacer = Pacer(DISCORD)
    names = [f"s{number}" for number in range(streams)]
    for name in names:
        pacer.open(name, 0.0, shown=True)

    now, calls, window, left = 0.0, 0, 0.0, 5
    while now < 40.0:
        now += 0.05
        for name in names:
            pacer.wrote(name, 2, now)
        turn = pacer.next(now)
        if turn is None or turn.at > now:
            continue
        if now >= window:
            window, left = now + 5.0, 5
        left -= 1
        pacer.began(turn.stream, now)
        pacer.ended(turn.stream, now + 0.02, Budget(5, left, window - now))
        assert left >= 0
        calls += 1

    assert calls >= 25
