"""Is any opinion lost? People judge replies in every way while the bot is stopped, killed and cut off.

Run as `python -m tests.faults.opinions --runs 150 --platform slack --database sqlite`; a few runs are in the suite. The
bot is a process of its own (`bot_process`), the platform is pocket, people act as `crowd` says, and `oracle` says what
may stand in the end, and where it is lenient. A seed gives the same acts and faults; when the bot hears of them is its
own affair, and so not all of a run can be had again.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bots.pocket.discord_rules import DiscordRules
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.things import Message, Platform
from core.feedback import Assessment
from core.records import Record
from core.store.database import open_store
from core.store.sql import SqlStore
from tests.conftest import TEMPLATE, postgres_server
from tests.faults.bot_process import BotProcess
from tests.faults.crowd import POLICY, Crowd, Reply
from tests.faults.oracle import EXPECTED, FEEDBACK, RATING, Found, Oracle

PATIENCE: Final = 20.0
"""Seconds in which the log must agree with the platform once nothing happens any more."""
LONG: Final = 4_500
"""Characters of a long answer: three messages on Discord; on Slack as many make one of two."""
_TABLE: Final = {"slack": 14_000, "discord": LONG}


@dataclass
class Run:
    """One run on one platform and database."""

    seed: int
    platform: Platform
    pocket: Pocket
    store: SqlStore
    bot: BotProcess
    log: Path
    crowd: Crowd
    chance: random.Random

    async def play(self) -> list[str]:
        """Play it; what was wrong in the end, or at a moment when all should have been found."""
        self.bot.start()
        await self.pocket.until(lambda: getattr(self.pocket, self.platform).connected, timeout=PATIENCE)
        await self.ask()
        for _ in range(self.chance.randint(3, 5)):
            await self.acts(self.chance.randint(5, 25))
            if self.chance.random() < 0.5 and (wrong := await self.agrees()):
                return wrong
            await self.trouble()
        await self.acts(self.chance.randint(0, 10))
        wrong = await self.agrees()
        await self.bot.stop()
        return wrong

    # Questions, and the replies that are judged

    async def ask(self) -> None:
        """Ask in all kinds of places, and wait until every reply stands, with its buttons."""
        house, platform, chance = self.pocket, self.platform, self.chance
        ada, ben, cleo = self.crowd.people[:3]
        general, other = house.room("general", on=platform), house.room("other", on=platform)
        asked = [
            await ada.says("@plaudit short", general),
            await ben.says("@plaudit long", other),
            await cleo.says("@plaudit going", general),
            await ben.says("short", ben.dm(platform)),
        ]
        asked.append(await self._in_thread(await ada.says("look at this", general)))
        for question in asked:
            await self._is_answered(question)
        if platform == "slack":  # what is written in a thread is about its last reply
            asked.append(await cleo.says("@plaudit and then?", general, thread=asked[0]))
        else:
            asked.append(await cleo.says("@plaudit and then?", general, reply_to=house.house.replies_to(asked[0])[0]))
        await self._is_answered(asked[-1])
        known = {self.crowd.ref(each).key: each for each in house.house.messages.values()}
        found = [each async for each in self.store.records() if each.data.get("role") == "assistant"]
        for record in found:
            parts = [known[key] for key in record.data["parts"]]
            question = next(each for each in asked if record.data["client_request_id"].endswith(self._id(each)))
            self.crowd.replies.append(
                Reply(
                    record.data["id"],
                    question,
                    parts,
                    takes_comments=question.room.kind != "dm" and not (platform == "slack" and question is asked[0]),
                    may_go=question is asked[2],
                )
            )
        chance.shuffle(self.crowd.replies)

    async def _in_thread(self, starter: Message) -> Message:
        return await self.crowd.people[1].says("@plaudit short", starter.room, thread=starter)

    def _id(self, message: Message) -> str:
        return self.crowd.ref(message).id

    async def _is_answered(self, question: Message) -> None:
        def has_buttons() -> bool:
            wires = [str(each.wire) for each in self.pocket.house.replies_to(question)]
            return any("dislike" in each for each in wires)

        await self.pocket.until(has_buttons, timeout=PATIENCE)

    # What people do, and what happens to the bot

    async def acts(self, count: int) -> None:
        """Let people act: one after the other, or some at once."""
        while count > 0:
            at_once = min(count, self.chance.choice([1, 1, 1, 4]))
            # Who acts twice at once has no order of doing so.
            await self.crowd.choose()() if at_once == 1 else await self._at_once(at_once)
            count -= at_once
            if self.chance.random() < 0.3:
                await asyncio.sleep(self.chance.uniform(0, 0.02))

    async def _at_once(self, count: int) -> None:
        for _ in range(count):
            await self.crowd.choose()()

    async def trouble(self) -> None:
        """Let something happen to the bot while people go on."""
        kinds: list[Callable[[], Any]] = [self.killed, self.killed, self.stopped, self.cut_off, self.told_twice]
        if self.platform == "discord":
            kinds += [self.session_ended, self.sent_elsewhere]
        else:
            kinds += [self.sent_elsewhere, self.told_again]
        kind = self.chance.choice(kinds)
        self.crowd.tell("TROUBLE", kind.__name__)
        await kind()

    async def killed(self) -> None:
        """In the middle of what people do, perhaps soon again, perhaps while it starts."""
        acting = asyncio.create_task(self.acts(self.chance.randint(1, 12)), name="acts around a kill")
        await asyncio.sleep(self.chance.choice([0, self.chance.uniform(0, 0.1)]))
        self.crowd.oracle.broken()
        await self.bot.kill()
        await acting
        await self._away()
        if self.chance.random() < 0.3:
            await asyncio.sleep(self.chance.uniform(0, 0.5))
            self.crowd.tell("TROUBLE", "killed again")
            await self.bot.kill()
            await self._away()

    async def stopped(self) -> None:
        """In good order, while people go on."""
        self.crowd.oracle.broken()
        acting = asyncio.create_task(self.acts(self.chance.randint(0, 8)), name="acts around a stop")
        await self.bot.stop()
        await acting
        await self._away()

    async def _away(self) -> None:
        await self.acts(self.chance.choice([0, 3, 10]))
        self.bot.start()
        self.crowd.tell("TROUBLE", "is over: a bot starts")
        await self.acts(self.chance.choice([0, 3, 10]))

    async def cut_off(self) -> None:
        """The connection breaks; it may be some time until there is another."""
        self.crowd.oracle.broken()
        face = getattr(self.pocket, self.platform)
        if self.chance.random() < 0.5:
            face.drop() if self.platform == "slack" else face.gateway.drop()
            await self.acts(self.chance.randint(0, 8))
            return
        with face.away():
            await self.acts(self.chance.randint(0, 8))

    async def session_ended(self) -> None:
        """Opcode 9: what happens until there is another session is not told."""
        self.crowd.oracle.broken()
        self.pocket.discord.gateway.invalidate(resumable=self.chance.random() < 0.3)
        await self.acts(self.chance.randint(0, 8))

    async def sent_elsewhere(self) -> None:
        """Opcode 7, and what Slack says to the same end."""
        self.crowd.oracle.broken()
        if self.platform == "discord":
            self.pocket.discord.gateway.reconnect()
        else:
            self.pocket.slack.disconnect("refresh_requested")
        await self.acts(self.chance.randint(0, 8))

    async def told_twice(self) -> None:
        """From now on each event comes twice, or no longer; and how long it takes is another matter, too."""
        rules = getattr(self.pocket, self.platform).rules
        rules.deliver_twice = not rules.deliver_twice
        rules.latency = self.chance.choice([0.0, 0.005, 0.03])

    async def told_again(self) -> None:
        """Slack tells some of what it has told before once more."""
        sockets = self.pocket.slack.sockets
        for payload in self.chance.sample(self.delivered, min(10, len(self.delivered))):
            sockets.deliver("events_api", payload)

    def __post_init__(self) -> None:
        self.delivered: list[Any] = []
        sockets = self.pocket.slack.sockets
        deliver = sockets.deliver

        def noted(kind: Any, payload: Any) -> Any:
            if kind == "events_api":
                self.delivered.append(payload)
            return deliver(kind, payload)

        sockets.deliver = noted  # type: ignore[method-assign]

    # What the log says

    async def agrees(self) -> list[str]:
        """Wait until the log agrees with what the platform shows; the differences that are left."""
        try:
            async with asyncio.timeout(PATIENCE):
                while wrong := await self._differences():  # noqa: ASYNC110 - the database has no event to wait for
                    await asyncio.sleep(0.03)
        except TimeoutError:
            return await self._differences() or wrong
        self.crowd.oracle.all_found()
        self.crowd.tell("ALL", "is found")
        return []

    async def _differences(self) -> list[str]:
        if not getattr(self.pocket, self.platform).connected:
            return ["the bot is not connected"]
        wrong = []
        for index, reply in enumerate(self.crowd.replies):
            if reply.is_gone:
                message = await self.store.message(reply.id)
                wrong += [] if message and message.deleted else [f"reply {index} is not deleted"]
                continue
            found = await self._found(reply)
            wrong += [f"reply {index}: {each}" for each in self.crowd.oracle.differences(reply.id, found)]
        return wrong

    async def _found(self, reply: Reply) -> dict[str, Found]:
        found: dict[str, Found] = {}
        for each in await self.store.standing_assessments(reply.id):
            found.setdefault(each.source.id, Found()).standing.append(_told(each))
        for each in await self.store.assessments(reply.id):
            found.setdefault(each.source.id, Found()).counting.append(_told(each))
        return found


def _told(each: Assessment) -> tuple[str, Any]:
    is_dimension = each.name not in (FEEDBACK, RATING, EXPECTED) and not isinstance(each.value, str)
    return each.name, (each.value, each.rationale) if is_dimension else each.value


def _line(record: Record) -> str:
    """A judgement as the log has it."""
    told = {name: record.data.get(name) for name in ("name", "value", "origin", "source_id", "id", "metadata")}
    committed = f"{record.committed_at:%S.%f}" if record.committed_at else ""
    return f"{committed} {record.type} at {record.at:%S.%f}: {told} by {record.idempotency_key}"


@asynccontextmanager
async def a_run(seed: int, platform: Platform, url: str, directory: Path) -> AsyncIterator[Run]:
    """A pocket, a database and a bot to be started."""
    chance = random.Random(seed)
    slack = SlackRules.unlimited(
        ack_timeout=1.0, redelivery=(0.0, 0.4, 1.2, 3.0), hold_while_away=chance.random() < 0.5
    )
    discord = DiscordRules.unlimited(interaction_seconds=0.5)

    def answer(messages: list[dict[str, Any]]) -> Answer:
        asked = messages[-1]["content"]
        text = f"You said: {asked}." if "long" not in asked else "a word or so " * (_TABLE[platform] // 13)
        return Answer(text, tokens_per_second=None)

    model = Model(answer)
    async with Pocket(slack=slack, discord=discord, model=model) as pocket, open_store(url) as store:
        crowd = Crowd(pocket, platform, chance, Oracle())
        policy, log = directory / "plaudit.toml", directory / "log"
        policy.write_text(POLICY.format(unheard=crowd.wire_id(crowd.unheard)), encoding="utf-8")
        settings = {
            "MODEL_ENDPOINT": f"{pocket.origin}/v1",
            "MODEL_NAME": "demo-model",
            "SLACK_BOT_TOKEN": pocket.slack.bot_token,
            "SLACK_APP_TOKEN": pocket.slack.app_token,
            "SLACK_API_URL": pocket.slack.base_url,
            "DISCORD_TOKEN": pocket.discord.token,
            "DISCORD_API_URL": pocket.discord.base_url,
            "DISCORD_GATEWAY_URL": pocket.discord.gateway_url,
            "database_url": url,
            "config": str(policy),
            "grace_seconds": 1,
        }
        bot = BotProcess(platform, settings, log)
        try:
            yield Run(seed, platform, pocket, store, bot, log, crowd, chance)
        finally:
            if bot.runs:
                await bot.kill()


async def opinions(seed: int, platform: Platform, url: str, directory: Path) -> list[str]:
    """One run. Returns what was wrong with it: nothing, or the acts, the bot's log and the differences."""
    async with a_run(seed, platform, url, directory) as run:
        try:
            wrong = await run.play()
        except (AssertionError, LookupError, TimeoutError) as error:
            wrong = [f"{type(error).__name__}: {error}"]
        if not wrong:
            return []
        return [
            f"seed {seed} on {platform}, {url.partition(':')[0]}",
            *run.crowd.told,
            run.log.read_text(encoding="utf-8") if run.log.exists() else "",
            *[_line(each) async for each in run.store.records() if "origin" in each.data],
            *wrong,
        ]


@contextmanager
def databases(kind: str) -> Iterator[Callable[[Path], str]]:
    """Makes the URLs of new databases."""
    if kind == "sqlite":
        yield lambda directory: f"sqlite:///{directory}/plaudit.db"
        return
    with postgres_server() as server:

        def make(_: Path) -> str:
            server.psql("DROP DATABASE IF EXISTS opinions")
            server.psql(f"CREATE DATABASE opinions TEMPLATE {TEMPLATE}")
            return str(server.get_uri("opinions"))

        yield make


def main() -> int:
    """Run many, print each that differed and a last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--platform", choices=["slack", "discord", "both"], default="both")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    chosen = parser.parse_args()
    platforms: list[Platform] = ["slack", "discord"] if chosen.platform == "both" else [chosen.platform]
    failed = 0
    with databases(chosen.database) as make:
        for seed in range(chosen.first, chosen.first + chosen.runs):
            began = time.monotonic()
            with tempfile.TemporaryDirectory() as directory:
                platform = platforms[seed % len(platforms)]
                wrong = asyncio.run(opinions(seed, platform, make(Path(directory)), Path(directory)))
            failed += bool(wrong)
            told = os.linesep.join(wrong) or "none lost"
            sys.stdout.write(f"{seed} {platform}: {time.monotonic() - began:.1f} s {told}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{chosen.runs - failed} agreed, {failed} differed\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
