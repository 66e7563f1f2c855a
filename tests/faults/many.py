"""Is anything lost when processes die? Several bots on one Postgres are killed, stopped and started while people ask.

Run as `python -m tests.faults.many --minutes 10`; half a minute is in the suite. Pocket is in this process, each bot is
one of its own (`bot_process`), people act as `asking` says, and `whole` says what must be true when all is quiet. A
reader follows the log all the while. A seed gives the same people and the same deaths; the rest is the machine's.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bots.pocket.model import Model
from bots.pocket.server import Pocket
from bots.pocket.things import Platform
from core.following import follow
from core.store.database import open_store
from core.store.sql import SqlStore
from tests.conftest import TEMPLATE, postgres_server
from tests.faults.asking import People, answer
from tests.faults.bot_process import BotProcess
from tests.faults.races import rules_of
from tests.faults.whole import differences, out_of_order

BOTH: Final[tuple[Platform, ...]] = ("slack", "discord")
LIFE: Final = 8.0
"""Seconds that a bot lives in the mean."""
PATIENCE: Final = 90
"""Seconds in which all must be whole once nobody dies any more."""
SILENCE: Final = 4.0
"""Seconds: leases hold for longer, and no reply that is alive is silent for so long."""


@dataclass
class Run:
    """One run."""

    people: People
    store: SqlStore
    bots: list[BotProcess]
    chance: random.Random
    deaths: list[float] = field(default_factory=list)
    """Of those that were killed, by `time.monotonic`."""
    stops: int = 0
    read: list[tuple[int | None, str]] = field(default_factory=list)

    async def play(self, seconds: float, pause: float) -> list[str]:
        """Play it: what was wrong in the end."""
        reading = asyncio.create_task(self._follow(), name="follow the log")
        try:
            await self._begin()
            until = time.monotonic() + seconds
            await asyncio.gather(
                self.people.bustle(until, pause=pause), *(self._live(each, until) for each in self.bots)
            )
            wrong = await self._settled()
            await asyncio.sleep(1.0)  # what the reader is told in a moment
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        await asyncio.gather(*(each.stop() for each in self.bots))
        return [*wrong, *await self._missed(), *map(str, await self.store.check())]

    def takeovers(self) -> list[tuple[float, float]]:
        """How long replies stood still when the bot that wrote them may have died, in seconds.

        From the first death on, and from the last one that was long enough before: whoever took it over may have died.
        """
        found = []
        for asked in self.people.asked.values():
            for before, after in zip(asked.changes, asked.changes[1:], strict=False):
                died = [each for each in self.deaths if before - 0.5 < each < after - SILENCE]
                if died:
                    found.append((after - died[0], after - died[-1]))
        return found

    async def _begin(self) -> None:
        for each in self.bots:
            each.start()
        pocket, count = self.people.pocket, len(self.bots)
        faces = [getattr(pocket, each) for each in self.people.platforms]
        await pocket.until(lambda: all(each.connected == count for each in faces), timeout=20)
        await self.people.begin()

    async def _live(self, bot: BotProcess, until: float) -> None:
        """One bot after another; in the end, one."""
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.3 + self.chance.expovariate(1 / LIFE)))
            if self.chance.random() < 0.7:
                self.deaths.append(time.monotonic())
                await bot.kill()
            else:
                self.stops += 1
                await bot.stop()
            self._forget_sessions()
            await asyncio.sleep(self.chance.uniform(0, LIFE / 2))
            bot.start()

    def _forget_sessions(self) -> None:
        """Discord forgets sessions that nobody resumes; those that go on are taken up within seconds."""
        gateway = self.people.pocket.discord.gateway
        for name, session in list(gateway.sessions.items()):
            if session.connection is None:
                del gateway.sessions[name]

    async def _settled(self) -> list[str]:
        wrong, until = ["nobody looked"], time.monotonic() + PATIENCE
        while wrong and time.monotonic() < until:
            await asyncio.sleep(1.0)
            wrong = await differences(self.people, self.store)
        await asyncio.sleep(1.0)  # nor may anything come after it
        return wrong or await differences(self.people, self.store)

    async def _follow(self) -> None:
        async for record in follow(self.store):
            self.read.append((record.seq, record.id))

    async def _missed(self) -> list[str]:
        all_ = [(each.seq, each.id) async for each in self.store.records()]
        if self.read == all_:
            return []
        return [
            f"a reader saw {len(self.read)} records of {len(all_)}, missed {sorted(set(all_) - set(self.read))[:5]}"
        ]


def settings_of(pocket: Pocket, url: str, directory: Path) -> dict[str, Any]:
    """What a bot has to be told."""
    return {
        "MODEL_ENDPOINT": f"{pocket.origin}/v1",
        "MODEL_NAME": "demo-model",
        "SLACK_BOT_TOKEN": pocket.slack.bot_token,
        "SLACK_APP_TOKEN": pocket.slack.app_token,
        "SLACK_API_URL": pocket.slack.base_url,
        "DISCORD_TOKEN": pocket.discord.token,
        "DISCORD_API_URL": pocket.discord.base_url,
        "DISCORD_GATEWAY_URL": pocket.discord.gateway_url,
        "database_url": url,
        "config": str(_policy(directory)),
        "grace_seconds": 4,
    }


def _policy(directory: Path) -> Path:
    path = directory / "plaudit.toml"
    path.write_text("", encoding="utf-8")
    return path


@asynccontextmanager
async def a_run(
    seed: int, url: str, directory: Path, *, processes: int = 4, platforms: Sequence[Platform] = BOTH, places: int = 4
) -> AsyncIterator[Run]:
    """A pocket, an open database, people, and bots to be started."""
    chance = random.Random(seed)
    slack, discord = rules_of("slack"), rules_of("discord")
    slack.redelivery = (0.0, 0.5, 1.0, 2.0, 4.0)
    async with Pocket(slack=slack, discord=discord, model=Model(answer)) as pocket, open_store(url) as store:
        people = People(pocket, platforms, chance, places=places)
        settings = settings_of(pocket, url, directory)
        first, *others = platforms
        bots = [BotProcess(first, settings, directory / f"log{i}", *others) for i in range(processes)]
        try:
            yield Run(people, store, bots, chance)
        finally:
            people.close()
            for each in bots:
                if each.runs:
                    await each.kill()


def _told(run: Run) -> str:
    took = sorted(run.takeovers())
    told = f"{len(run.deaths)} killed, {run.stops} stopped, {len(run.people.asked)} questions, {len(run.read)} records"
    if took:
        first, last = zip(*took, strict=True)
        told += (
            f"; {len(took)} replies taken over in {statistics.median(first):.1f} s, the slowest in {max(first):.1f} s"
        )
        told += f" ({max(last):.1f} s after the last death before it)"
    return told


async def many(
    seed: int,
    url: str,
    directory: Path,
    *,
    seconds: float,
    processes: int = 4,
    platforms: Sequence[Platform] = BOTH,
    pause: float = 0.15,
) -> tuple[list[str], str]:
    """One run: what was wrong, and its figures."""
    async with a_run(seed, url, directory, processes=processes, platforms=platforms) as run:
        wrong = await run.play(seconds, pause)
        late = await out_of_order(run.store)
        return wrong, "\n".join([f"{_told(run)}; {len(late)} answers out of order", *late])


def main() -> int:
    """Run for some minutes, print what went wrong and a last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--platform", choices=[*BOTH, "both"], default="both")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--logs", type=Path, help="where the bots' logs are kept")
    chosen = parser.parse_args()
    platforms = BOTH if chosen.platform == "both" else (chosen.platform,)
    with postgres_server() as server, tempfile.TemporaryDirectory() as temporary:
        directory = chosen.logs or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        server.psql(f"CREATE DATABASE many TEMPLATE {TEMPLATE}")
        run = many(
            chosen.seed,
            str(server.get_uri("many")),
            directory,
            seconds=chosen.minutes * 60,
            processes=chosen.processes,
            platforms=platforms,
        )
        wrong, told = asyncio.run(run)
    sys.stdout.write(f"{os.linesep.join(wrong) or 'all whole'}\n{told}\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
