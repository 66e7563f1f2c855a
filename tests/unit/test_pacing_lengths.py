"""How long the replies under way are likely to take yet."""

import pytest

from core.pacing.lengths import ReplyLengths


def replies(count: int, characters: int, pace: float) -> ReplyLengths:
    """`count` finished replies, and one under way since 0 that wrote for a second."""
    lengths = ReplyLengths()
    for _ in range(count):
        lengths.began(0.0)
        lengths.wrote(characters, 0.0)
        lengths.ended(0.0, characters)
    lengths.began(0.0)
    lengths.wrote(round(pace), 1.0)
    return lengths


def test_without_experience_a_reply_takes_some_seconds() -> None:
    lengths = ReplyLengths()
    lengths.began(0.0)

    assert lengths.remaining() == pytest.approx(5.0)


def test_a_slow_model_takes_longer() -> None:
    slow, fast = replies(0, 0, pace=80.0), replies(0, 0, pace=240.0)

    assert slow.remaining() > 1.4 * fast.remaining()


def test_long_replies_are_learned() -> None:
    short, long = replies(40, 1200, pace=240.0), replies(40, 6000, pace=240.0)

    assert long.remaining() > 3 * short.remaining()


def test_a_reply_that_never_ends_is_expected_to_go_on() -> None:
    lengths = ReplyLengths()
    lengths.began(0.0)
    lengths.wrote(240 * 300, 300.0)

    assert 10.0 < lengths.remaining() <= 60.0


def test_what_the_replies_before_them_did_is_forgotten_in_the_end() -> None:
    lengths = replies(40, 12000, pace=240.0)
    before = lengths.remaining()

    for _ in range(200):
        lengths.began(0.0)
        lengths.wrote(1200, 1.0)
        lengths.ended(0.0, 1200)

    assert before > 20.0
    assert lengths.remaining() < 7.0
