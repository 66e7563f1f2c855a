"""How often a platform is asked about its past."""

import pytest

from core.errors import PlatformError, RateLimitedError
from core.ports import Rate
from core.reconciling.looking import Looks

SLACK = Rate(50, 60.0)


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.seconds = 1000.0

    def monotonic(self):
        return self.seconds

    async def sleep(self, seconds):
        self.seconds += seconds


class Asked:
    """Something to ask, which notes when; `refusals` are raised one after another before it answers."""

    def __init__(self, time, refusals=()):
        self.time = time
        self.refusals = list(refusals)
        self.at = []

    async def __call__(self):
        self.at.append(self.time.seconds)
        if self.refusals:
            raise self.refusals.pop(0)
        return "answer"

    @property
    def gaps(self):
        return [round(after - before, 3) for before, after in zip(self.at, self.at[1:], strict=False)]


@pytest.fixture
def time():
    return Time()


async def test_calls_nobody_waits_for_are_evenly_spaced(time):
    looks, asked = Looks(SLACK, time, sleep=time.sleep), Asked(time)

    for _ in range(5):
        assert await looks.evenly(asked) == "answer"

    assert asked.gaps == [4.8] * 4


async def test_after_a_loss_what_was_saved_up_is_spent_at_once(time):
    looks, asked = Looks(SLACK, time, sleep=time.sleep), Asked(time)

    for _ in range(40):
        await looks.at_once(asked)

    assert asked.gaps == [0.0] * 24 + [4.8] * 15


@pytest.mark.parametrize("windows", [10, 60])
async def test_in_the_long_run_no_more_than_the_share_is_taken(time, windows):
    looks, asked = Looks(SLACK, time, sleep=time.sleep), Asked(time)

    while time.seconds < 1000 + windows * SLACK.window:
        await looks.at_once(asked)

    assert len(asked.at) <= 0.3 * windows * SLACK.calls + 1
    busiest = max(sum(start <= each < start + SLACK.window for each in asked.at) for start in asked.at)
    assert busiest <= 0.75 * SLACK.calls + 1


async def test_what_is_not_used_is_saved_for_the_next_loss(time):
    looks, asked = Looks(SLACK, time, sleep=time.sleep), Asked(time)
    for _ in range(25):
        await looks.at_once(asked)
    time.seconds += 48
    asked.at.clear()

    for _ in range(12):
        await looks.at_once(asked)

    assert asked.gaps == [0.0] * 9 + [4.8] * 2


async def test_each_refusal_doubles_the_pause_and_answers_shorten_it_again(time):
    refusals = [RateLimitedError(1.0), RateLimitedError(30.0)]
    looks, asked = Looks(SLACK, time, sleep=time.sleep), Asked(time, refusals)

    await looks.at_once(asked)
    for _ in range(30):
        await looks.evenly(asked)

    assert asked.gaps[:2] == [9.6, 30.0]
    assert 4.8 < asked.gaps[2] <= 4 * 4.8
    assert asked.gaps[-1] == 4.8


async def test_what_the_platform_never_answers_is_given_up(time):
    looks = Looks(SLACK, time, sleep=time.sleep)

    with pytest.raises(RateLimitedError):
        await looks.evenly(Asked(time, [RateLimitedError(1.0)] * 20))
    with pytest.raises(PlatformError):
        await looks.evenly(Asked(time, [PlatformError("down")]))


async def test_live_work_goes_first_but_not_for_ever(time):
    looks, asked = Looks(SLACK, time, is_busy=lambda: time.seconds < 1010, sleep=time.sleep), Asked(time)
    never_idle, asked_in_vain = Looks(SLACK, time, is_busy=lambda: True, sleep=time.sleep), Asked(time)

    await looks.evenly(asked)
    began = time.seconds
    await never_idle.evenly(asked_in_vain)

    assert asked.at[0] >= 1010
    assert asked_in_vain.at == [pytest.approx(began + 5 * 4.8)]
