"""Whose turn it is, and when: one bucket, a few streams, times by hand."""

import math

import pytest

from core.pacing import Pacer, Turn
from core.ports import Budget, Rate

DISCORD = Rate(5, 5.0)


def a_pacer(*streams: str, rate: Rate = DISCORD, reserve: int = 1, at_once: int = 1) -> Pacer:
    pacer = Pacer(rate, reserve=reserve, at_once=at_once)
    for stream in streams:
        pacer.open(stream, 0.0, shown=True)
    return pacer


def a_call(pacer: Pacer, stream: str, began: float, ended: float, budget: Budget | None = None) -> None:
    pacer.began(stream, began)
    pacer.ended(stream, ended, budget)


def when(turn: Turn | None) -> float:
    assert turn is not None
    return turn.at


def whose(turn: Turn | None) -> object:
    assert turn is not None
    return turn.stream


def test_nothing_written_is_nothing_to_send() -> None:
    pacer = a_pacer("a")

    turn = pacer.next(1.0)

    assert turn is None


def test_a_first_text_goes_at_once() -> None:
    pacer = Pacer(DISCORD)
    pacer.open("a", 1.0)

    pacer.wrote("a", 4, 1.5)

    assert pacer.next(1.5) == Turn("a", 1.5)


def test_the_first_edit_comes_sooner_than_the_second() -> None:
    pacer = a_pacer("a")
    pacer.wrote("a", 40, 0.0)

    first = when(pacer.next(0.1))
    a_call(pacer, "a", first, first + 0.1, Budget(5, 4, 4.95))
    pacer.wrote("a", 40, first + 0.1)
    second = when(pacer.next(first + 0.1))

    assert 0.1 < first < 0.7
    assert 1.0 < second - first < 1.3


def test_a_call_in_flight_makes_the_others_wait() -> None:
    pacer = a_pacer("a", "b")
    pacer.wrote("a", 40, 0.0)
    pacer.wrote("b", 40, 0.0)

    pacer.began("a", 1.0)

    assert pacer.next(9.0) is None


def test_several_calls_at_once_are_never_of_one_stream() -> None:
    pacer = a_pacer("a", "b", rate=Rate(50, 60.0), at_once=2)
    pacer.finished("a", 0.0)
    pacer.finished("b", 0.0)

    pacer.began("a", 1.0)
    turn = pacer.next(1.0)
    pacer.began("b", 1.0)

    assert turn == Turn("b", 1.0)
    assert pacer.next(9.0) is None


def test_finals_go_before_firsts_and_firsts_before_edits() -> None:
    pacer = a_pacer("edit", "final")
    pacer.open("first", 0.0)
    pacer.wrote("edit", 4000, 0.0)
    pacer.wrote("first", 4, 2.0)
    pacer.finished("final", 3.0)

    order = []
    for now in (4.0, 4.5, 9.0):
        stream = whose(pacer.next(now))
        order.append(stream)
        a_call(pacer, str(stream), now, now + 0.1)
        if stream == "final":
            pacer.close("final")

    assert order == ["final", "first", "edit"]


def test_of_two_streams_the_one_with_more_waiting_goes_first() -> None:
    pacer = a_pacer("much", "long")
    pacer.wrote("long", 10, 0.0)
    pacer.wrote("much", 100, 1.5)

    turn = pacer.next(2.0)

    assert whose(turn) == "much"  # 100 units × 0.5 s against 10 units × 2 s


def test_a_final_uses_the_call_that_edits_left() -> None:
    pacer = a_pacer("a")
    for number in range(4):
        a_call(pacer, "a", 1.0 + number, 1.1 + number, Budget(5, 4 - number, 4.95 - number))
    pacer.wrote("a", 40, 4.2)

    ordinary = when(pacer.next(4.2))
    pacer.finished("a", 4.3)
    final = when(pacer.next(4.3))

    assert ordinary > 5.5
    assert final == 4.3


def test_a_larger_reserve_keeps_more_calls_for_finals() -> None:
    one, three = a_pacer("a", reserve=1), a_pacer("a", reserve=3)
    for pacer in (one, three):
        for number in range(2):
            a_call(pacer, "a", 1.0 + number, 1.1 + number, Budget(5, 4 - number, 4.95 - number))
        pacer.wrote("a", 40, 2.2)

    turns = [when(pacer.next(2.2)) for pacer in (one, three)]

    assert turns[0] < 4.0
    assert turns[1] > 5.5


def test_an_edit_that_goes_before_the_reset_returns_after_it() -> None:
    pacer = a_pacer("a")
    for number in range(4):
        a_call(pacer, "a", 1.0 + number, 1.1 + number, Budget(5, 4 - number, 4.95 - number))
    pacer.wrote("a", 400, 4.2)

    turn = when(pacer.next(4.2))

    assert turn + 0.15 >= 6.05  # the reset as the answers told it
    assert turn < 6.05 + 0.3


def test_even_gaps_share_out_what_is_left_of_a_window() -> None:
    pacer = a_pacer("a")
    a_call(pacer, "a", 1.0, 1.1, Budget(5, 4, 4.95))
    gaps, last = [], 1.0
    for remaining in (3, 2, 1):
        pacer.wrote("a", 400, last + 0.2)
        now = when(pacer.next(last + 0.2))
        gaps.append(now - last)
        last = now
        a_call(pacer, "a", now, now + 0.1, Budget(5, remaining, 6.0 - now))

    assert all(1.1 < gap < 1.3 for gap in gaps)


def test_a_call_waits_a_little_for_the_next_burst_and_leaves_with_it() -> None:
    pacer = a_pacer("a")
    for moment in range(8):
        pacer.wrote("a", 20, moment * 0.2)
    a_call(pacer, "a", 1.4, 1.5, Budget(5, 4, 4.95))
    for moment in range(5):
        pacer.wrote("a", 20, 1.6 + moment * 0.2)

    planned = when(pacer.next(2.45))
    pacer.wrote("a", 20, 2.6)
    with_the_burst = when(pacer.next(2.6))

    assert planned > 2.6
    assert with_the_burst == 2.6


@pytest.mark.parametrize("rate", [DISCORD, Rate(50, 60.0)])
def test_a_model_that_falls_silent_does_not_put_off_what_it_wrote(rate: Rate) -> None:
    pacer = a_pacer("a", rate=rate)
    pacer.wrote("a", 8, 0.1)

    turns = {now: when(pacer.next(now)) for now in (0.1, 0.7, 2.0, 20.0)}

    assert turns[0.1] < 0.7
    assert all(turn <= now for now, turn in turns.items() if now >= 0.7)


def test_a_refused_call_pauses_the_bucket_and_its_text_still_waits() -> None:
    pacer = a_pacer("a", "b")
    pacer.wrote("a", 400, 0.0)
    pacer.wrote("b", 40, 0.0)
    pacer.began("a", 1.0)

    pacer.refused("a", 1.1, retry_after=3.0)
    turn = pacer.next(1.2)

    assert turn is not None
    assert turn.stream == "a"
    assert turn.at >= 4.1


def test_a_refused_final_goes_first_after_the_pause() -> None:
    pacer = a_pacer("a", "b")
    pacer.wrote("b", 40000, 0.0)
    pacer.finished("a", 1.0)
    pacer.began("a", 1.0)

    pacer.refused("a", 1.1, retry_after=2.0)

    assert pacer.next(1.1) == Turn("a", 3.1)


def test_a_failed_call_leaves_its_text_waiting() -> None:
    pacer = a_pacer("a")
    pacer.wrote("a", 40, 0.0)
    pacer.began("a", 1.0)

    pacer.failed("a", 1.1)

    assert whose(pacer.next(9.0)) == "a"


def test_calls_that_others_spend_are_missing_here() -> None:
    pacer = a_pacer("a")
    a_call(pacer, "a", 1.0, 1.1, Budget(5, 4, 4.95))
    pacer.wrote("a", 400, 1.2)

    before = when(pacer.next(1.2))
    for other in ("x", "y", "z"):
        a_call(pacer, other, 1.3, 1.4)
    after = when(pacer.next(1.4))

    assert before < 2.4
    assert after > 5.5


def test_what_is_no_streams_call_waits_until_no_stream_wants_to_call() -> None:
    pacer = a_pacer("a")
    idle = pacer.beside(1.0, patient=True)
    pacer.wrote("a", 40, 1.0)

    busy = pacer.beside(1.0, patient=True)
    impatient = pacer.beside(1.0, patient=False)

    assert (idle, impatient) == (1.0, 1.0)
    assert busy > 1.0


def test_what_is_no_streams_call_leaves_a_call_to_every_stream() -> None:
    pacer = a_pacer("a")
    a_call(pacer, "a", 1.0, 1.1, Budget(5, 1, 4.0))

    assert pacer.beside(1.2, patient=True) > 4.5
    assert pacer.beside(1.2, patient=False) == 1.2


def test_a_paused_stream_gets_no_turn_until_it_resumes() -> None:
    pacer = a_pacer("a")
    pacer.wrote("a", 40, 0.0)

    pacer.pause("a")
    paused = pacer.next(9.0)
    pacer.resume("a")

    assert paused is None
    assert whose(pacer.next(9.0)) == "a"


def test_a_stream_that_resumes_gets_a_turn_though_it_wrote_nothing() -> None:
    pacer = a_pacer("a")
    pacer.pause("a")

    pacer.resume("a")

    assert whose(pacer.next(9.0)) == "a"


def test_every_call_after_the_end_is_a_final_until_the_stream_is_closed() -> None:
    pacer = a_pacer("a", rate=Rate(50, 60.0))
    pacer.finished("a", 1.0)
    a_call(pacer, "a", 1.0, 1.1)

    pacer.resume("a")
    again = pacer.next(1.1)
    pacer.close("a")

    assert again == Turn("a", 1.1)
    assert pacer.next(1.1) is None


def test_closing_a_stream_in_flight_is_safe() -> None:
    pacer = a_pacer("a", "b")
    pacer.wrote("a", 40, 0.0)
    pacer.wrote("b", 40, 0.0)
    pacer.began("a", 1.0)

    pacer.close("a")
    meanwhile = pacer.next(1.05)
    pacer.ended("a", 1.1, Budget(5, 4, 4.95))

    assert meanwhile is None
    assert whose(pacer.next(9.0)) == "b"


def test_an_unknown_stream_disturbs_nothing() -> None:
    pacer = a_pacer("a")

    pacer.wrote("x", 4, 1.0)
    pacer.finished("x", 1.0)
    pacer.ended("x", 1.0, Budget(5, 0, 100.0))
    pacer.refused("x", 1.0, 100.0)
    pacer.failed("x", 1.0)
    pacer.close("x")
    pacer.wrote("a", 40, 1.0)

    assert when(pacer.next(9.0)) <= 9.0


def test_an_sdk_that_sleeps_in_the_last_call_does_not_close_the_next_window() -> None:
    pacer = a_pacer("a", "b")
    for number in range(4):
        a_call(pacer, "a", 1.0 + number, 1.1 + number, Budget(5, 4 - number, 4.95 - number))
    pacer.finished("b", 4.5)
    pacer.began("b", 4.5)
    pacer.wrote("a", 400, 4.6)

    pacer.ended("b", 6.0, Budget(5, 0, 1.45))  # the answer of 4.6, handed over at the reset
    pacer.close("b")

    assert when(pacer.next(6.1)) < 6.5


@pytest.mark.parametrize("retry_after", [0.0, -5.0, math.nan, math.inf, 1e12])
def test_a_senseless_pause_is_neither_none_nor_for_ever(retry_after: float) -> None:
    pacer = a_pacer("a")
    pacer.finished("a", 1.0)
    pacer.began("a", 1.0)

    pacer.refused("a", 1.0, retry_after)

    assert 1.2 < when(pacer.next(1.0)) <= 601.0
