"""Everything goes wrong at once, for long: is anything lost, doubled, miscounted, and does the bot's memory stay flat?

Run as `python -m tests.faults.soak --minutes 10` (make soak); a minute of it is in the suite. Hundreds of people ask
and judge on both platforms over pocket (`throng`), while platforms, wires, the database, the clock and the disk fail
(`weather`, `databases`), the model too, and processes are killed. When all is well again, what people see and what the
log says must come to the same (`reckoning`): each question has its whole answer or a failure that is told, each vote
that stands is kept.

On SQLite there is one bot, which is killed in the first two fifths of the time; on Postgres one of two is, to the end.
The memory is that of the one that lives on, over the second half: the highest of the last fifth of it by the median of
the first. A seed gives the same people and faults; the rest is the machine's.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, get_args

import orjson

from bots.pocket.model import Model
from bots.pocket.server import Pocket
from core.store.database import open_store
from core.store.sql import SqlStore
from tests.faults.bot_process import BotProcess
from tests.faults.databases import Kind, Trouble, trouble
from tests.faults.many import BOTH, settings_of
from tests.faults.races import rules_of
from tests.faults.reckoning import Reckoning, reckon
from tests.faults.resident import resident_mb
from tests.faults.throng import FailingModel, Throng
from tests.faults.weather import Weather
from tests.secrecy import TOKEN

PATIENCE: Final = 120
"""Seconds in which all must be right once nothing goes wrong any more."""
START: Final = 60.0
"""Seconds in which the first bots must listen and have answered, on a slow machine."""
_LIFE: Final = 7.0
"""Seconds that a bot which dies lives in the mean."""
_STARTS: Final = 30.0
"""Seconds after which a bot has started; whichever ends by itself later has no reason to."""
_RECOVERED: Final = {
    "turn_adopted": "replies taken over",
    "forgotten_question": "questions taken up late",
    "event_not_kept_yet": "events of Discord's kept at another try",
    "reply_not_kept_yet": "replies kept at another try",
    "append_failed": "commits that failed, asked for again",
}
"""What the bots' logs tell of it."""
_LONG: Final = 240.0
"""Seconds from which on the memory must be flat: before, it is that of a bot that still gets warm."""
FLAT: Final = 1.1


@dataclass
class Soaked:
    """What a run came to."""

    reckoning: Reckoning = field(default_factory=Reckoning)
    injected: Counter[str] = field(default_factory=Counter)
    recovered: Counter[str] = field(default_factory=Counter)
    memory_growth: float = 0.0
    memory_mb: float = 0.0

    def add(self, other: "Soaked") -> None:
        """Take in another run."""
        self.reckoning.add(other.reckoning)
        self.injected += other.injected
        self.recovered += other.recovered
        self.memory_growth = max(self.memory_growth, other.memory_growth)
        self.memory_mb = max(self.memory_mb, other.memory_mb)

    def told(self) -> Iterator[str]:
        """In words."""
        yield from self.reckoning.wrong
        for title, counted in (("injected", self.injected), ("recovered", self.recovered)):
            yield f"{title}: " + ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
        it = self.reckoning
        yield f"{it.questions} questions: {it.whole} whole answers, {it.told} failures told, {it.doubled} doubled"
        yield f"{it.votes} votes stand; on {it.votes_differ} answers others are kept"
        yield f"memory {self.memory_mb:.0f} MB, {self.memory_growth:.3f} of what it was"

    def figures(self) -> bytes:
        """As a line of JSON."""
        it = self.reckoning
        return orjson.dumps(
            {
                "questions": it.questions,
                "answered_or_told": it.whole + it.told,
                "doubled": it.doubled,
                "votes_differ": it.votes_differ,
                "memory_growth": round(self.memory_growth, 3),
                "injected": dict(self.injected),
            }
        )


@dataclass
class Soak:
    """One run on one database."""

    people: Throng
    model: FailingModel
    store: SqlStore
    database: Trouble
    bots: list[BotProcess]
    """The first lives on."""
    weather: Weather
    chance: random.Random
    soaked: Soaked
    logs: list[Path]
    samples: list[tuple[float, float]] = field(default_factory=list)
    """`time.monotonic` and MB, of the first bot."""
    ended: list[str] = field(default_factory=list)
    """Who ended by itself, and had no reason to."""

    async def play(self, seconds: float, *, pause: float, pace: float, clock: bool) -> Soaked:
        """Play it: what it came to."""
        await self._begin()
        began = time.monotonic()
        until, middle = began + seconds, began + seconds / 2
        deaths_end = until if len(self.bots) > 1 else began + 0.4 * seconds
        self.model.fails = True
        beside = [asyncio.create_task(each()) for each in (self._sample, self._supervise)]
        try:
            await asyncio.gather(
                self.people.bustle(until, pause=pause),
                self.weather.rage(until, pace=pace, clock=clock),
                self.weather.now_and_then(14.0 / pace, self._strike, until),
                self._deaths(self.bots[-1], deaths_end),
            )
            self.model.fails = False
            self._grown(middle, until)
            await self._settled()
        finally:
            for each in beside:
                each.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        await asyncio.gather(*(each.stop() for each in self.bots if each.pid is not None))
        self._count()
        return self.soaked

    async def _begin(self) -> None:
        for each in self.bots:
            each.start()
        pocket, count = self.people.pocket, len(self.bots)
        faces = [getattr(pocket, each) for each in self.people.platforms]
        await pocket.until(lambda: all(each.connected == count for each in faces), timeout=START)
        await self.people.begin(timeout=START)

    async def _strike(self) -> None:
        await self.database.strike(self.bots, self.chance, self.soaked.injected)

    async def _deaths(self, bot: BotProcess, until: float) -> None:
        """Let one bot die again and again."""
        while time.monotonic() < until:
            await asyncio.sleep(0.5 + self.chance.expovariate(1 / _LIFE))
            if bot.pid is not None:
                self.soaked.injected["kills"] += 1
                await bot.kill()
                self._forget_sessions()
                await asyncio.sleep(self.chance.uniform(0, _LIFE / 3))
                bot.start()

    async def _supervise(self) -> None:
        """Let whichever has ended by itself begin anew, as a supervisor does."""
        begun: dict[BotProcess, tuple[int, float]] = {}
        while True:
            for each in self.bots:
                if (pid := each.pid) is not None:
                    if begun.get(each, (0, 0.0))[0] != pid:
                        begun[each] = (pid, time.monotonic())
                elif each.runs:
                    await self._begin_anew(each, time.monotonic() - begun.get(each, (0, time.monotonic()))[1])
            await asyncio.sleep(0.2)

    async def _begin_anew(self, bot: BotProcess, lived: float) -> None:
        """It says what it lacks and ends where the database is away while it starts; else it has no reason to."""
        if lived > _STARTS:
            self.ended.append(f"{self.bots.index(bot)} ended by itself after {lived:.0f} s")
        self.soaked.recovered["starts without a database, begun anew"] += 1
        await bot.kill()
        await asyncio.sleep(0.5)
        bot.start()

    def _forget_sessions(self) -> None:
        """Discord forgets sessions that nobody resumes."""
        gateway = self.people.pocket.discord.gateway
        for name, session in list(gateway.sessions.items()):
            if session.connection is None:
                del gateway.sessions[name]

    async def _sample(self) -> None:
        while True:
            if (pid := self.bots[0].pid) is not None:
                self.samples.append((time.monotonic(), resident_mb(pid)))
            await asyncio.sleep(0.5)

    def _grown(self, middle: float, until: float) -> None:
        """Compare the beginning of the second half with its end."""
        fifth = (until - middle) / 5
        early = [mb for at, mb in self.samples if middle <= at < middle + fifth]
        late = [mb for at, mb in self.samples if until - fifth <= at]
        self.soaked.memory_mb = max(late)
        self.soaked.memory_growth = max(late) / statistics.median(early)

    async def _settled(self) -> None:
        """Wait until all is right; what is wrong then is."""
        ends = time.monotonic() + PATIENCE
        found = await reckon(self.people, self.store)
        while found.wrong and time.monotonic() < ends:
            await asyncio.sleep(1.0)
            found = await reckon(self.people, self.store)
        await asyncio.sleep(1.0)  # nor may anything come after it
        found = await reckon(self.people, self.store)
        found.wrong += [*map(str, await self.store.check()), *self.ended]
        self.soaked.reckoning = found

    def _count(self) -> None:
        pocket, recovered = self.people.pocket, self.soaked.recovered
        self.soaked.injected["calls with 429"] += len(pocket.slack.refused) + len(pocket.discord.refused)
        recovered["sessions resumed"] += pocket.discord.gateway.resumed
        recovered["sessions begun"] += pocket.discord.gateway.identified
        logs = [log.read_text("utf-8", "replace") for log in self.logs]
        self.soaked.reckoning.wrong += [f"the log says a token: {each[0]}" for each in map(TOKEN.search, logs) if each]
        told = Counter(word for log in logs for word in log.split())
        recovered.update({meaning: told[name] for name, meaning in _RECOVERED.items() if told[name]})


@asynccontextmanager
async def a_soak(seed: int, database: Trouble, directory: Path, *, places: int, people: int) -> AsyncIterator[Soak]:
    """A pocket, an open database, people, and bots to be started."""
    chance, soaked = random.Random(seed), Soaked()
    slack, discord = rules_of("slack"), rules_of("discord")
    slack.redelivery = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
    model = FailingModel(chance, soaked.injected)
    async with Pocket(slack=slack, discord=discord, model=Model(model)) as pocket, open_store(database.url) as store:
        throng = Throng(pocket, BOTH, chance, places=places, people=people)
        settings = settings_of(pocket, database.url, directory)
        first, *others = BOTH
        logs = [directory / f"log{i}" for i in range(database.bots)]
        bots = [BotProcess(first, settings, log, *others) for log in logs]
        weather = Weather(pocket, bots, chance, soaked.injected)
        try:
            yield Soak(throng, model, store, database, bots, weather, chance, soaked, logs)
        finally:
            throng.close()
            for each in bots:
                if each.runs:
                    await each.kill()


async def soak(
    seed: int,
    database: Trouble,
    directory: Path,
    *,
    seconds: float,
    places: int = 8,
    people: int = 300,
    pause: float = 0.12,
    pace: float = 1.0,
    clock: bool = True,
) -> Soaked:
    """One run on one database. `pause`: seconds between two acts of people; `pace`, `clock`: as in `Weather.rage`."""
    async with a_soak(seed, database, directory, places=places, people=people) as run:
        soaked = await run.play(seconds, pause=pause, pace=pace, clock=clock)
    if seconds >= _LONG and soaked.memory_growth > FLAT:
        soaked.reckoning.wrong.append(f"the memory grew to {soaked.memory_growth:.2f} of what it was")
    return soaked


@contextmanager
def _directory(logs: Path | None, kind: Kind) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as temporary:
        directory = logs / kind if logs else Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        yield directory


def main() -> int:
    """Run for some minutes in all, print what went wrong and was mended, and last a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--database", choices=[*get_args(Kind), "both"], default="both")
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--logs", type=Path, help="where the bots' logs are kept")
    chosen = parser.parse_args()
    kinds: list[Kind] = [*get_args(Kind)] if chosen.database == "both" else [chosen.database]
    total = Soaked()
    for kind in kinds:
        with _directory(chosen.logs, kind) as directory, trouble(kind, directory) as database:
            run = soak(chosen.seed, database, directory, seconds=chosen.minutes * 60 / len(kinds), people=chosen.people)
            soaked = asyncio.run(run)
        sys.stdout.write(f"{kind}\n{os.linesep.join(soaked.told())}\n\n")
        sys.stdout.flush()
        total.add(soaked)
    sys.stdout.write(f"{os.linesep.join(total.told()) if len(kinds) > 1 else ''}\n{total.figures().decode()}\n")
    return bool(total.reckoning.wrong)


if __name__ == "__main__":
    sys.exit(main())
