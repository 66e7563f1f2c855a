"""How near the limit our pacer comes, in virtual time, beside the schedules that others use and the offline optimum.

    python -m tests.bench.pacing_virtual [--seed N]

Prints tables and, as the last line, the figures as one line of JSON. A reply's lag is the mean over its tokens of the
seconds from arrival to visibility; tables give its mean over the replies and, where replies share a bucket, over all
tokens too. `…_over_optimum` compares with bounds that no schedule can beat (see `virtual_optimum`).
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

from core.pacing import Pacer
from core.ports import Rate
from tests.bench.virtual_buckets import Bucket, FixedWindow, SlidingWindow
from tests.bench.virtual_optimum import least_lag_alone, least_lag_together
from tests.bench.virtual_others import OTHERS, Schedule, Shared, buffered
from tests.bench.virtual_pacer import Paced
from tests.bench.virtual_world import Reply, World, random_replies

DRAWS = 8
"""How often the replies that share a bucket are drawn."""


@dataclass(frozen=True)
class Platform:
    """A bucket to edit through: what it is, and what the pacer assumes of it."""

    name: str
    rate: Rate
    bucket: Callable[[], Bucket]
    sdk_waits: bool = False
    own_end: bool = False
    at_once: int = 1

    def pacer(self) -> Pacer:
        return Pacer(self.rate, reserve=0 if self.own_end else 1, at_once=self.at_once)


DISCORD = Platform("Discord, 5 in 5 s", Rate(5, 5.0), lambda: FixedWindow(5, 5.0), sdk_waits=True)
SLACK = Platform("Slack chat.update, 50 in 60 s", Rate(50, 60.0), lambda: SlidingWindow(50, 60.0))
APPENDS = Platform(
    "Slack appendStream, 100 in 60 s", Rate(100, 60.0), lambda: SlidingWindow(100, 60.0), own_end=True, at_once=4
)


@dataclass
class Outcome:
    """What readers saw, and how often the platform refused."""

    replies: list[Reply]
    refused: int = 0

    def lag(self) -> float:
        return fmean(reply.mean_lag() for reply in self.replies)

    def lag_by_token(self) -> float:
        return sum(reply.lag() for reply in self.replies) / sum(len(reply.arrivals) for reply in self.replies)

    def first_text(self) -> float:
        return fmean(reply.first_text() for reply in self.replies)

    def longest_freeze(self) -> float:
        return max(reply.longest_freeze() for reply in self.replies)

    def final_lag_p95(self) -> float:
        return _p95([reply.final_lag() for reply in self.replies])

    def final_round_trips_p95(self) -> float:
        return _p95([reply.final_lag() / reply.round_trip for reply in self.replies])


def play(platform: Platform, replies: Sequence[Reply], schedule: Schedule | None = None) -> Outcome:
    """Show `replies` together through one bucket, by `schedule` or, without one, by our pacer."""
    world, bucket = World(), platform.bucket()
    fresh = [reply.unseen() for reply in replies]
    if schedule is None:
        paced = Paced(world, bucket, platform.pacer(), sdk_waits=platform.sdk_waits, own_end=platform.own_end)
        for reply in fresh:
            world.start(paced.show(reply))
    else:
        shared = Shared(world, bucket, platform.sdk_waits)
        for reply in fresh:
            world.start(schedule(shared, reply))
    world.run()
    return Outcome(fresh, bucket.refused)


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """Several plays as one."""
    return Outcome([reply for each in outcomes for reply in each.replies], sum(each.refused for each in outcomes))


def alone(platform: Platform, replies: Sequence[Reply], schedule: Schedule | None = None) -> Outcome:
    """Each reply through a bucket of its own."""
    return together([play(platform, [reply], schedule) for reply in replies])


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description="How near the limit the pacer comes, in virtual time.")
    parser.add_argument("--seed", type=int, default=1)
    measured = figures(Random(parser.parse_args().seed))
    print(json.dumps({name: round(value, 3) for name, value in measured.items()}))


def figures(random: Random) -> dict[str, float]:
    """Print the tables, return the figures."""
    measured = _one_stream(random) | _shared(random) | _appends(random)
    measured["rate_limited"] = sum(measured.pop(f"{part}_refused") for part in ("alone", "shared", "append"))
    return measured


def _one_stream(random: Random) -> dict[str, float]:
    replies = random_replies(random, 150)
    optimum = fmean(
        least_lag_alone(reply.arrivals, DISCORD.rate) / len(reply.arrivals) + reply.round_trip for reply in replies
    )
    ours = alone(DISCORD, replies)
    others = {name: alone(DISCORD, replies, schedule) for name, schedule in OTHERS.items()}
    _table(f"{DISCORD.name}: 150 replies, one at a time", ours, others, optimum, None)
    quick = Platform("Discord, 5 in 1 s", DISCORD.rate, lambda: FixedWindow(5, 1.0), sdk_waits=True)
    _table(f"{quick.name}, and 5 in 5 s assumed", alone(quick, replies), {}, None, None)
    return {
        "mean_lag_over_optimum": ours.lag() / optimum,
        "mean_lag_over_fixed_1s": ours.lag() / others["fixed 1.0 s, one timer"].lag(),
        "final_lag_p95_rtt": ours.final_round_trips_p95(),
        "longest_freeze_s": ours.longest_freeze(),
        "alone_refused": ours.refused,
    }


def _shared(random: Random) -> dict[str, float]:
    figures: dict[str, float] = {"shared_refused": 0}
    beside: list[float] = []
    beside_by_reply: list[float] = []
    for count in (5, 20):
        over: list[float] = []
        for platform in (DISCORD, SLACK):
            draws = [random_replies(random, count, within=1.0) for _ in range(DRAWS)]
            optimum = fmean(_bound(draw, platform.rate, by_token=False) for draw in draws)
            by_token = fmean(_bound(draw, platform.rate, by_token=True) for draw in draws)
            ours = together([play(platform, draw) for draw in draws])
            others = {
                name: together([play(platform, draw, schedule) for draw in draws]) for name, schedule in OTHERS.items()
            }
            _table(f"{platform.name}: {count} replies together, {DRAWS} draws", ours, others, optimum, by_token)
            over.append(ours.lag_by_token() / by_token)
            beside.append(ours.lag_by_token() / min(each.lag_by_token() for each in others.values()))
            beside_by_reply.append(ours.lag() / min(each.lag() for each in others.values()))
            figures["shared_refused"] += ours.refused
        figures[f"shared_{count}_over_optimum"] = max(over)
    figures["shared_worst_over_best_other"] = max(beside)
    figures["shared_worst_over_best_other_by_reply"] = max(beside_by_reply)
    return figures


def _appends(random: Random) -> dict[str, float]:
    buffer = buffered(own_end=True)
    first: list[float] = []
    lag: list[float] = []
    many: list[float] = []
    many_by_token: list[float] = []
    refused = 0
    for pace in (20, 60):
        replies = random_replies(random, 60, per_second=pace)
        ours, theirs = alone(APPENDS, replies), alone(APPENDS, replies, buffer)
        _table(f"{APPENDS.name}: one reply at {pace} tokens/s", ours, {"256 characters": theirs}, None, None)
        first.append(ours.first_text() / theirs.first_text())
        lag.append(ours.lag() / theirs.lag())
        draws = [random_replies(random, 20, per_second=pace, within=1.0) for _ in range(2 * DRAWS)]
        ours = together([play(APPENDS, draw) for draw in draws])
        theirs = together([play(APPENDS, draw, buffer) for draw in draws])
        _table(f"{APPENDS.name}: 20 replies at {pace} tokens/s", ours, {"256 characters": theirs}, None, None)
        many.append(ours.lag() / theirs.lag())
        many_by_token.append(ours.lag_by_token() / theirs.lag_by_token())
        refused += ours.refused
    return {
        "append_first_text_ratio": max(first),
        "append_mean_lag_ratio": max(lag),
        "append_20_over_buffer": max(many),
        "append_20_over_buffer_by_token": max(many_by_token),
        "append_refused": refused,
    }


def _bound(replies: Sequence[Reply], rate: Rate, *, by_token: bool) -> float:
    """The least mean lag that the bucket allows these replies, in seconds."""
    tokens = sum(len(reply.arrivals) for reply in replies)
    weights = [1 / tokens if by_token else 1 / len(reply.arrivals) / len(replies) for reply in replies]
    trips = sum(weight * len(reply.arrivals) * reply.round_trip for weight, reply in zip(weights, replies, strict=True))
    return least_lag_together([reply.arrivals for reply in replies], rate, weights) + trips


def _table(
    title: str, ours: Outcome, others: dict[str, Outcome], optimum: float | None, by_token: float | None
) -> None:
    print(f"\n{title}")
    print(f"{'':26}{'first':>8}{'lag':>8}{'by token':>10}{'freeze':>8}{'final p95':>11}{'429':>7}")
    if optimum is not None:
        token = f"{by_token:10.2f}" if by_token is not None else ""
        print(f"{'at the least':26}{'':8}{optimum:8.2f}{token}")
    for name, each in {"ours": ours, **others}.items():
        print(
            f"{name:26}{each.first_text():8.2f}{each.lag():8.2f}{each.lag_by_token():10.2f}"
            f"{each.longest_freeze():8.2f}{each.final_lag_p95():11.2f}{each.refused:7}"
        )


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


if __name__ == "__main__":
    main()
