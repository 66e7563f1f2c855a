"""What a report costs over a million replies, and whether what it says of its own certainty is so.

Run as `python -m tests.bench.insight`. The last line is JSON: `report_s_sqlite` and `report_s_postgres` (by model and
day, the median of some rounds), `interval_coverage` (of 95 % intervals over simulated logs with heavy-tailed
raters; of four settings the one that is farthest from 95 %), `sequential_false_positive` (verdicts where there is no
difference, by someone who looks every day). The table shows beside them what the ways that others use come to.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from functools import partial
from math import sqrt
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from core.insight.comparing import Better, Vote, verdicts
from core.insight.report import ALL, reports_by
from core.insight.statistics import people_rate, wilson
from core.store.counts import Division
from core.store.database import connected, open_store, upgrade
from tests.bench.insight_log import fill, raters, votes_on_two_alike
from tests.conftest import postgres_server

ROUNDS = 3
SETTINGS = ((10, 0.8), (30, 0.85), (100, 0.7), (300, 0.9))
"""How many people vote, and how large the share of their positive votes is in truth."""
PEOPLE, DAYS = 40, 60
"""Who vote on two models, and for how long."""
NOMINAL = 0.95


async def main(replies: int, logs: int) -> dict[str, float]:
    """All figures."""
    times = await reading(replies)
    covered, by_votes = coverage(logs)
    ours, peeked = false_positives(logs)
    show(times | {"95 % interval, by people, covers": covered, "the same, by votes": by_votes})
    show({"verdict wrong, looking every day": ours, "z-test wrong, looking every day": peeked})
    return times | {"interval_coverage": covered, "sequential_false_positive": ours}


async def reading(replies: int) -> dict[str, float]:
    """Seconds that the report by model and day takes."""
    with tempfile.TemporaryDirectory() as directory, postgres_server() as server:
        server.psql("CREATE DATABASE bench")
        on_server = server.get_uri("bench")
        return {
            "report_s_sqlite": await report_seconds(str(Path(directory) / "bench.db"), replies),
            "report_s_postgres": await report_seconds(on_server, replies),
        }


async def report_seconds(url: str, replies: int) -> float:
    """The median of some reports on a new database at `url`."""
    await upgrade(url)
    async with connected(url) as database:
        await database.write(partial(fill, replies=replies))
        await database.read(settle)
    taken = []
    async with open_store(url) as store:
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            found = await reports_by(store, Division.MODEL, Division.DAY)
            taken.append(time.perf_counter() - begun)
    assert found[ALL].total_traces == replies
    return statistics.median(taken)


def settle(connection: Connection) -> None:
    """What Postgres does by itself within a minute."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("VACUUM (ANALYZE) messages, assessments, conversations")


def coverage(logs: int) -> tuple[float, float]:
    """How often 95 % intervals hold the truth: those of people, and Wilson's of all votes."""
    dice = random.Random(1)
    shares = []
    for people, truth in SETTINGS:
        by_people = by_votes = 0
        for _ in range(logs):
            voted = raters(dice, people, truth)
            likes, dislikes = (sum(each) for each in zip(*voted, strict=True))
            found, pooled = people_rate(voted).interval, wilson(likes, likes + dislikes)
            by_people += found.low <= truth <= found.high
            by_votes += pooled.low <= truth <= pooled.high
        shares.append((by_people / logs, by_votes / logs))
    ours, theirs = zip(*shares, strict=True)
    return max(ours, key=_from_nominal), max(theirs, key=_from_nominal)


def _from_nominal(share: float) -> float:
    return abs(share - NOMINAL)


def false_positives(logs: int) -> tuple[float, float]:
    """How often someone who looks every day finds a difference where there is none: by the verdict, and by a z-test."""
    dice = random.Random(2)
    ours = peeked = 0
    for _ in range(logs):
        votes = list(votes_on_two_alike(dice, PEOPLE, DAYS))
        ours += any(found.better is not Better.OPEN for _, found in verdicts(votes))
        peeked += any_day_significant(votes)
    return ours / logs, peeked / logs


def any_day_significant(votes: list[Vote]) -> bool:
    """Whether a z-test of two proportions says so (p < 0.05) at the end of any day."""
    counts = {True: [0, 0], False: [0, 0]}
    ordered = sorted(votes, key=lambda each: each.at)
    for vote, following in zip(ordered, [*ordered[1:], None], strict=True):
        counts[vote.first][not vote.positive] += 1
        if (following is None or following.at.date() != vote.at.date()) and abs(_z(counts[True], counts[False])) > 1.96:
            return True
    return False


def _z(first: list[int], second: list[int]) -> float:
    (a, b), (c, d) = first, second
    pooled = (a + c) / (a + b + c + d)
    if not (a + b and c + d) or pooled in {0, 1}:
        return 0.0
    return (a / (a + b) - c / (c + d)) / sqrt(pooled * (1 - pooled) * (1 / (a + b) + 1 / (c + d)))


def show(figures: dict[str, float]) -> None:
    """A small table."""
    table = Table(show_header=False)
    for name, value in figures.items():
        table.add_row(name, f"{value:,.3f}")
    Console(stderr=True).print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=1_000_000)
    parser.add_argument("--logs", type=int, default=1_000)
    options = parser.parse_args()
    found = asyncio.run(main(options.replies, options.logs))
    sys.stdout.write(orjson.dumps({name: round(value, 3) for name, value in found.items()}).decode() + "\n")
