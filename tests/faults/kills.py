"""Does a log on SQLite survive any death? One bot is killed (SIGKILL) at random moments while people ask and judge.

Run as `python -m tests.faults.kills --runs 200`; a dozen is in the suite. After each death the file is opened by
another process than the bot's: it must be sound, its tables must be what the log says, and what Slack was told to be
acknowledged must be in the log. Now and then the bot is left alone until everything is whole (`whole`).
"""

import argparse
import asyncio
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bots.pocket.model import Model
from bots.pocket.server import Pocket
from bots.pocket.slack_socket import Delivery
from bots.pocket.slack_workspace import TEAM_ID
from core.messages import MessageRef
from core.records import Record
from core.store.database import open_store
from tests.faults.asking import People, answer
from tests.faults.bot_process import BotProcess
from tests.faults.many import BOTH, settings_of
from tests.faults.races import rules_of
from tests.faults.whole import differences

A_FILE: Final = 25
"""Deaths that one file sees."""
PATIENCE: Final = 60


@dataclass
class Trial:
    """One file, and the bot that is killed on it."""

    people: People
    bot: BotProcess
    path: Path
    chance: random.Random
    told: list[tuple[Delivery, str]] = field(default_factory=list)
    """What Slack has told, and what it is known by in the log."""
    logged: set[str] = field(default_factory=set)
    """The addresses of the messages that are known to be in the log."""

    async def play(self, deaths: int) -> list[str]:
        """Let it die so often; what was wrong, first of all after a death."""
        await self._begin()
        acting = asyncio.create_task(self.people.bustle(time.monotonic() + 3600, pause=0.08), name="people act")
        try:
            for number in range(deaths):
                await asyncio.sleep(self._life())
                await self.bot.kill()
                if wrong := await self._after_death():
                    return [f"after death {number}: {each}" for each in wrong]
                self.bot.start()
        finally:
            acting.cancel()
            await asyncio.gather(acting, return_exceptions=True)
        wrong = await self._settled()
        await self.bot.stop()
        return wrong or await self._after_death()

    def hear(self, delivery: Delivery) -> None:
        """Slack tells something. What is said of a reply before that is in the log is found when all is settled."""
        if delivery.kind == "events_api" and (key := _key(delivery.payload, self.logged)):
            self.told.append((delivery, key))

    async def _begin(self) -> None:
        self.bot.start()
        pocket = self.people.pocket
        await pocket.until(lambda: pocket.slack.connected and pocket.discord.connected, timeout=20)
        await self.people.begin()

    def _life(self) -> float:
        """Often it dies while it starts; sometimes it gets as far as to take up what was left."""
        return self.chance.uniform(0, 1.5) if self.chance.random() < 0.7 else self.chance.uniform(1.5, 5)

    async def _after_death(self) -> list[str]:
        acknowledged = {key for delivery, key in self.told if _is_acknowledged(delivery)}
        if (sound := await asyncio.to_thread(_integrity, self.path)) != "ok":
            return [f"the file is not sound: {sound}"]
        async with open_store(f"sqlite:///{self.path}", must_exist=True) as store:
            records = [each async for each in store.records()]
            self.logged |= {part for each in records for part in each.data.get("parts", ())}
            lost = acknowledged - _keys(records)
            return [*map(str, await store.check()), *(f"acknowledged and lost: {each}" for each in sorted(lost))]

    async def _settled(self) -> list[str]:
        wrong = ["nobody looked"]
        async with open_store(f"sqlite:///{self.path}") as store:
            for _ in range(PATIENCE):
                await asyncio.sleep(1.0)
                if not (wrong := await differences(self.people, store)):
                    break
        return wrong


def _integrity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def _is_acknowledged(delivery: Delivery) -> bool:
    return delivery.acknowledged.done() and not delivery.acknowledged.cancelled()


def _key(payload: dict[str, Any], logged: set[str]) -> str:
    """What an event must be known by in the log once it is acknowledged; empty where nothing need be."""
    event = payload["event"]
    if event["type"] in ("message", "app_mention") and not event.get("subtype") and not event.get("bot_id"):
        is_question = event["type"] == "app_mention" or event.get("channel_type") == "im"
        return MessageRef("slack", TEAM_ID, event["channel"], event["ts"]).key if is_question else ""
    if event["type"] in ("reaction_added", "reaction_removed"):
        item = MessageRef("slack", TEAM_ID, event["item"]["channel"], event["item"]["ts"])
        return str(payload["event_id"]) if item.key in logged else ""
    return ""


def _keys(records: list[Record]) -> set[str]:
    """What the events in the log are known by: messages by their address, reactions by the name of the event."""
    messages = {part for each in records if each.type == "add_message" for part in each.data["parts"]}
    return messages | {each.idempotency_key.split(":")[1] for each in records if each.source == "slack"}


@asynccontextmanager
async def a_trial(seed: int, directory: Path) -> AsyncIterator[Trial]:
    """A pocket, people, and a bot to be started on a new file."""
    chance = random.Random(seed)
    slack, discord = rules_of("slack"), rules_of("discord")
    slack.redelivery = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0)
    async with Pocket(slack=slack, discord=discord, model=Model(answer)) as pocket:
        people, path = People(pocket, BOTH, chance, places=2), directory / "plaudit.db"
        settings = settings_of(pocket, f"sqlite:///{path}", directory)
        trial = Trial(people, BotProcess("slack", settings, directory / "log", "discord"), path, chance)
        deliver = pocket.slack.sockets.deliver

        def heard(kind: Any, payload: Any) -> Delivery:
            trial.hear(delivery := deliver(kind, payload))
            return delivery

        pocket.slack.sockets.deliver = heard  # type: ignore[method-assign]  # to know what was told
        try:
            yield trial
        finally:
            people.close()
            if trial.bot.runs:
                await trial.bot.kill()


async def kills(seed: int, directory: Path, *, deaths: int) -> tuple[list[str], str]:
    """So many deaths on one file: what was wrong, and the figures."""
    async with a_trial(seed, directory) as trial:
        wrong = await trial.play(deaths)
        acknowledged = sum(_is_acknowledged(each) for each, _ in trial.told)
        return wrong, f"{len(trial.people.asked)} questions, {acknowledged} of Slack's events acknowledged"


def main() -> int:
    """Run many, print each file with what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="deaths, in all")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--logs", type=Path, help="where the files and the bots' logs are kept")
    chosen = parser.parse_args()
    failed = 0
    for number, begins in enumerate(range(0, chosen.runs, A_FILE)):
        seed, deaths = chosen.first + number, min(A_FILE, chosen.runs - begins)
        with tempfile.TemporaryDirectory() as temporary:
            directory = chosen.logs / str(seed) if chosen.logs else Path(temporary)
            directory.mkdir(parents=True, exist_ok=True)
            wrong, told = asyncio.run(kills(seed, directory, deaths=deaths))
        failed += bool(wrong)
        sys.stdout.write(f"{seed}: {deaths} deaths, {told}: {os.linesep.join(wrong) or 'nothing is lost'}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{failed} files were not as they should be\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
