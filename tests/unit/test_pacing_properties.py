"""What holds whatever the replies, the bucket and its answers: played in virtual time, thousands of calls a second."""

import math
from collections.abc import Callable, Hashable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.pacing import Pacer
from core.ports import Budget, Rate
from tests.bench.virtual_buckets import Answer, Bucket, FixedWindow, LeakyBucket, SlidingWindow
from tests.bench.virtual_pacer import Paced
from tests.bench.virtual_world import Reply, World, random_replies

SEEDS = st.integers(0, 2**32 - 1)
MANY = settings(derandomize=True, deadline=None, max_examples=12)

DISCORD = Rate(5, 5.0)
SLACK = Rate(50, 60.0)
BUCKETS: dict[str, tuple[Rate, Callable[[], Bucket]]] = {
    "5 in 5 s": (DISCORD, lambda: FixedWindow(5, 5.0)),
    "5 in 5 s, aligned": (DISCORD, lambda: FixedWindow(5, 5.0, aligned=True)),
    "5 in 1 s": (DISCORD, lambda: FixedWindow(5, 1.0)),
    "10 in 10 s": (DISCORD, lambda: FixedWindow(10, 10.0)),
    "50 in 60 s, silent, sliding": (SLACK, lambda: SlidingWindow(50, 60.0)),
    "50 in 60 s, silent, fixed": (SLACK, lambda: FixedWindow(50, 60.0, headers=False)),
    "50 in 60 s, silent, aligned": (SLACK, lambda: FixedWindow(50, 60.0, headers=False, aligned=True)),
}


class Listener:
    """A bucket that remembers what it answered."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.answers: list[tuple[float, Answer]] = []

    @property
    def refused(self) -> int:
        return self.bucket.refused

    def take(self, now: float) -> Answer:
        answer = self.bucket.take(now)
        self.answers.append((now, answer))
        return answer


class Witness(Pacer):
    """A pacer that notes its calls and checks what is asked of it and of its runner."""

    def __init__(self, rate: Rate, *, reserve: int = 1, at_once: int = 1) -> None:
        super().__init__(rate, reserve=reserve, at_once=at_once)
        self.at_once = at_once
        self.under_way: set[Hashable] = set()
        self.finals: set[Hashable] = set()
        self.calls: list[tuple[float, Hashable, bool]] = []
        """When, whose, and whether it was a final."""

    def finished(self, stream: Hashable, now: float) -> None:
        self.finals.add(stream)
        super().finished(stream, now)

    def began(self, stream: Hashable, now: float) -> None:
        assert stream not in self.under_way
        self.under_way.add(stream)
        assert len(self.under_way) <= self.at_once
        self.calls.append((now, stream, stream in self.finals))
        super().began(stream, now)

    def ended(self, stream: Hashable, now: float, budget: Budget | None = None) -> None:
        self.under_way.discard(stream)
        super().ended(stream, now, budget)

    def refused(self, stream: Hashable, now: float, retry_after: float) -> None:
        self.under_way.discard(stream)
        super().refused(stream, now, retry_after)


def play(
    replies: list[Reply], pacer: Pacer, bucket: Bucket, *, sdk_waits: bool = False, until: float = math.inf
) -> None:
    world = World()
    paced = Paced(world, bucket, pacer, sdk_waits=sdk_waits)
    for reply in replies:
        world.start(paced.show(reply))
    world.run(until)


@pytest.mark.parametrize("name", BUCKETS)
@MANY
@given(SEEDS)
def test_every_reply_becomes_whole_and_no_call_is_refused(name: str, seed: int) -> None:
    random = Random(seed)
    rate, make = BUCKETS[name]
    bucket = Listener(make())
    replies = random_replies(random, random.randint(1, 25), within=random.choice([0.0, 1.0, 20.0]))

    play(replies, Witness(rate), bucket, sdk_waits=random.random() < 0.5)

    assert all(len(reply.seen) == len(reply.arrivals) for reply in replies)
    assert bucket.refused == 0


@MANY
@given(SEEDS, st.integers(2, 6))
def test_calls_at_once_are_never_refused_either(seed: int, at_once: int) -> None:
    random = Random(seed)
    bucket = SlidingWindow(50, 60.0)
    replies = random_replies(random, 20, within=1.0)

    play(replies, Witness(SLACK, at_once=at_once), bucket)

    assert all(len(reply.seen) == len(reply.arrivals) for reply in replies)
    assert bucket.refused == 0


@pytest.mark.parametrize("window", [1.0, 5.0])
@MANY
@given(SEEDS)
def test_an_ordinary_edit_never_empties_a_bucket_but_as_its_window_ends(window: float, seed: int) -> None:
    random = Random(seed)
    bucket, pacer = Listener(FixedWindow(5, window)), Witness(DISCORD)
    replies = random_replies(random, random.randint(1, 8), within=3.0)

    play(replies, pacer, bucket, sdk_waits=True)

    slowest = max(reply.round_trip for reply in replies) * 1.1
    for (_, answer), (_, _, final) in zip(bucket.answers, pacer.calls, strict=True):
        assert answer.budget is not None
        if answer.budget.remaining == 0 and not final:
            assert answer.budget.reset_after < slowest


@pytest.mark.parametrize("count", [2, 5, 12])
@MANY
@given(SEEDS)
def test_no_stream_starves_beside_others_however_fast_they_write(count: int, seed: int) -> None:
    random = Random(seed)
    replies = [
        Reply([index / pace for index in range(round(60 * pace))], random.uniform(0.08, 0.2))
        for pace in (random.choice([2, 10, 100]) for _ in range(count))
    ]

    play(replies, Witness(DISCORD), FixedWindow(5, 5.0), until=60.0)

    # Four edits in five seconds, shared evenly, would give each a turn every 1.25 · count seconds. Largest lag first
    # leaves a stream that writes a fiftieth of what another does √50 times as long at the most.
    for reply in replies:
        longest = max(later - earlier for earlier, later in pairwise([0.0, *reply.changes, 60.0]))
        assert longest < 1.25 * count * math.sqrt(50) + 5.0


def test_the_final_text_of_a_lone_stream_waits_two_round_trips_nineteen_times_in_twenty() -> None:
    replies = random_replies(Random(1), 400)
    for reply in replies:
        play([reply], Witness(DISCORD), FixedWindow(5, 5.0), sdk_waits=True)

    waits = sorted(reply.final_lag() / reply.round_trip for reply in replies)

    assert waits[int(0.95 * len(waits))] <= 2.0
    assert waits[-1] <= 4.0


@MANY
@given(SEEDS)
def test_a_shorter_window_than_assumed_is_made_use_of(seed: int) -> None:
    reply = Reply([index / 50 for index in range(500)], Random(seed).uniform(0.08, 0.2))
    pacer = Witness(DISCORD)

    play([reply], pacer, FixedWindow(5, 1.0))

    assert all(later[0] - earlier[0] < 0.5 for earlier, later in pairwise(pacer.calls))


@MANY
@given(SEEDS)
def test_a_silent_limit_lower_than_assumed_is_learned_from_few_refusals(seed: int) -> None:
    random = Random(seed)
    bucket = SlidingWindow(30, 60.0)
    reply = Reply([index / 50 for index in range(50 * 600)], random.uniform(0.08, 0.2))
    pacer = Witness(SLACK)

    play([reply], pacer, bucket)

    assert bucket.refused <= 7  # in ten minutes, while it tries now and then whether there is more
    assert len(pacer.calls) > 0.7 * 30 * 10


@MANY
@given(SEEDS)
def test_a_bucket_that_allows_no_bursts_is_survived(seed: int) -> None:
    random = Random(seed)
    bucket = LeakyBucket(50, 60.0, burst=5)
    replies = random_replies(random, 10, within=30.0)

    play(replies, Witness(SLACK), bucket)

    assert all(len(reply.seen) == len(reply.arrivals) for reply in replies)
    assert max(reply.final_lag() for reply in replies) < 60.0


class Liar:
    """A bucket whose answers mean nothing, but that takes every call."""

    refused = 0

    def __init__(self, random: Random) -> None:
        self.random = random

    def take(self, now: float) -> Answer:
        numbers = [-1, 0, 1, 5, 10**9]
        seconds = [-1e9, -1.0, 0.0, 0.001, 5.0, 1e12, math.inf, math.nan]
        pick = self.random.choice
        return Answer(pick([None, Budget(pick(numbers), pick(numbers), pick(seconds))]))


@MANY
@given(SEEDS)
def test_senseless_headers_neither_stop_a_reply_nor_flood_the_platform(seed: int) -> None:
    random = Random(seed)
    replies = random_replies(random, 3)
    pacer = Witness(DISCORD)

    play(replies, pacer, Liar(random))

    assert all(len(reply.seen) == len(reply.arrivals) for reply in replies)
    assert max(reply.final_lag() for reply in replies) < 130.0  # no told window counts for more than two minutes
    assert len(pacer.calls) < 4 * 20 * len(replies)


class Grudge:
    """A bucket that refuses at random, with pauses that mean little."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.refused = 0

    def take(self, now: float) -> Answer:
        if self.random.random() < 0.5:
            self.refused += 1
            return Answer(retry_after=self.random.choice([0.0, -1.0, 0.5, 3.0, math.nan]))
        return Answer(Budget(5, 3, 2.0))


@MANY
@given(SEEDS)
def test_refusals_at_random_delay_a_reply_but_do_not_lose_it(seed: int) -> None:
    random = Random(seed)
    replies = random_replies(random, 3)
    bucket = Grudge(random)

    play(replies, Witness(DISCORD), bucket)

    assert all(len(reply.seen) == len(reply.arrivals) for reply in replies)


@MANY
@given(SEEDS, st.integers(1, 3))
def test_streams_may_come_and_go_and_calls_fail_at_any_time(seed: int, at_once: int) -> None:
    random = Random(seed)
    pacer = Pacer(DISCORD, at_once=at_once)
    flying: list[int] = []
    now = 0.0

    for _ in range(400):
        now += random.expovariate(5.0)
        _something_happens(random, pacer, now, flying)
        turn = pacer.next(now)
        assert (turn is None) or (len(flying) < at_once and turn.stream not in flying and turn.at < now + 700.0)
        if turn is not None and turn.at <= now:
            assert isinstance(turn.stream, int)
            pacer.began(turn.stream, now)
            flying.append(turn.stream)

    while flying:
        pacer.ended(flying.pop(), now)
    pacer.open(-1, now)
    pacer.finished(-1, now)
    for stream in range(6):
        pacer.close(stream)
    turn = pacer.next(now)
    assert turn is not None
    assert turn.stream == -1


def _something_happens(random: Random, pacer: Pacer, now: float, flying: list[int]) -> None:
    stream = random.randrange(6)
    land: list[Callable[[int], None]] = [
        lambda each: pacer.ended(each, now, random.choice([None, Budget(5, random.randrange(5), 3.0)])),
        lambda each: pacer.refused(each, now, random.uniform(0.0, 2.0)),
        lambda each: pacer.failed(each, now),
    ]
    live: list[Callable[[], None]] = [
        lambda: pacer.open(stream, now, shown=random.random() < 0.5),
        lambda: pacer.wrote(stream, random.randint(1, 50), now),
        lambda: pacer.wrote(stream, random.randint(1, 50), now),
        lambda: pacer.finished(stream, now),
        lambda: pacer.close(stream),
        lambda: pacer.pause(stream),
        lambda: pacer.resume(stream),
        lambda: pacer.beside(now, patient=random.random() < 0.5),
    ]
    if flying and random.random() < 0.3:
        random.choice(land)(flying.pop(random.randrange(len(flying))))
    else:
        random.choice(live)()
