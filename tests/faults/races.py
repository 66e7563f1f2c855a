"""Answers of any length and form while everything goes wrong at once: what people see in the end must be the answer.

Run as `python -m tests.faults.races --runs 200`; a few runs are in the suite. Time is compressed: the platforms' rate
windows, and what the bot assumes of them, are shorter by `PACE`, so that the same races are run in less of it.

Each word of an answer is unique and numbered. What is on the screen in the end is read by an eye of its own, not by
the code that cut it: the numbers must come once each and in order, and every fence must be closed.
"""

import argparse
import asyncio
import importlib
import logging
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bots.pocket.discord_rules import DISCORDS_RATES, DiscordRules
from bots.pocket.model_answers import Answer
from bots.pocket.slack import Fault
from bots.pocket.slack_rules import SLACKS_RATES, SlackRules
from bots.pocket.things import Platform
from tests.scenarios.conftest import World, a_world

PACE = 20
"""How much faster than real the platforms' windows pass."""
MOST_FAULTS = 15
"""In one run. More often than it recovers, nothing can be shown by anybody."""
FEW, MANY = 300, 12_000
"""Words of an answer."""


def compose(chance: random.Random, words: int) -> str:
    """An answer of paragraphs, lists, tables and code; its words are w0, w1, …"""
    blocks: list[str] = []
    number = 0

    def some(count: int) -> list[str]:
        nonlocal number
        taken = [f"w{number + i}" for i in range(min(count, words - number))]
        number += len(taken)
        return taken

    while number < words:
        match chance.choice(["prose", "prose", "code", "table", "list", "quote", "heading"]):
            case "prose":
                blocks.append(" ".join(some(chance.randint(5, 120))))
            case "code":
                lines = [" = ".join(some(2)) for _ in range(chance.randint(1, 60))]
                blocks.append("```python\n" + "\n".join(line for line in lines if line) + "\n```")
            case "table":
                rows = [some(3) for _ in range(chance.randint(1, 30))]
                body = [f"| {' | '.join(row)} |" for row in rows if len(row) == 3]
                loose = [" ".join(row) for row in rows if 0 < len(row) < 3]
                blocks.append("\n".join(["| a | b | c |", "| --- | --- | --- |", *body]))
                blocks += loose
            case "list":
                blocks.append("\n".join(f"{i + 1}. {' '.join(some(4))}" for i in range(chance.randint(1, 20))))
            case "quote":
                blocks.append("\n".join(f"> {' '.join(some(6))}" for _ in range(chance.randint(1, 8))))
            case "heading":
                blocks.append(f"## {' '.join(some(3))}")
    return "\n\n".join(blocks)


def faults_of(seen: list[str], words: int) -> list[str]:
    """What is wrong with what people see."""
    numbers = [int(each) for each in re.findall(r"\bw(\d+)\b", "\n".join(seen))]
    told = Counter(numbers)
    wrong = []
    if lost := [each for each in range(words) if not told[each]]:
        wrong.append(f"lost {len(lost)} words, the first w{lost[0]}")
    if doubled := [each for each, count in told.items() if count > 1]:
        wrong.append(f"doubled {len(doubled)} words, the first w{min(doubled)}")
    if numbers != sorted(numbers):
        wrong.append("words out of order")
    if any(part.count("```") % 2 for part in seen):
        wrong.append("a fence left open")
    return wrong


def rules_of(platform: Platform) -> Any:
    if platform == "slack":
        return SlackRules(
            rates={name: replace(rate, window=rate.window / PACE) for name, rate in SLACKS_RATES.items()},
            latency=0.002,
            ack_timeout=1.0,
            redelivery=(0.0, 0.5, 1.0),
        )
    rates = {name: replace(rate, window=rate.window / PACE) for name, rate in DISCORDS_RATES.items()}
    return DiscordRules(rates=rates, latency=0.002)


def hasten(platform: Platform) -> Callable[[], None]:
    """Let the bot assume the faster windows; the answer undoes it."""
    adapter = importlib.import_module(f"bots.{platform}.adapter")

    def faster(limits: Any, name: str) -> Any:
        rate = getattr(limits, name)
        return replace(limits, **{name: replace(rate, window=rate.window / PACE)})

    before = {name: getattr(adapter, name) for name in ("LIMITS", "STREAM_LIMITS") if hasattr(adapter, name)}
    for name, limits in before.items():
        setattr(adapter, name, faster(limits, "edits" if name == "LIMITS" else "appends"))

    def undo() -> None:
        for name, limits in before.items():
            setattr(adapter, name, limits)

    return undo


async def trouble(world: World, chance: random.Random) -> None:
    """Break something now and then, up to a number of times."""
    for _ in range(chance.randint(3, MOST_FAULTS)):
        await asyncio.sleep(chance.uniform(0.02, 0.6))
        if world.platform == "slack":
            method = chance.choice(["chat.update", "chat.postMessage", "chat.appendStream", "chat.stopStream"])
            kind = chance.randrange(4)
            if kind == 0:
                world.face.fail(method, Fault("ratelimited"))
            elif kind == 1:
                world.face.fail(method, Fault(cut=True, done=chance.random() < 0.5))
            elif kind == 2:
                world.face.fail(method, Fault("internal_error", status=500))
            else:
                world.face.drop()
        else:
            kind = chance.randrange(3)
            if kind == 0:
                world.face.fail(chance.choice(["edit", "post"]), status=chance.choice([0, 500, 503]), done=False)
            elif kind == 1:
                world.face.fail(chance.choice(["edit", "post"]), status=0, done=True)
            else:
                world.face.gateway.drop()


async def race(seed: int, platform: Platform, *, most_words: int = MANY) -> list[str]:
    """One run. Returns what was wrong with it."""
    chance = random.Random(seed)
    channels = chance.choice([1, 8])
    sizes = [int(FEW * (most_words / FEW) ** (chance.random() ** (1 if channels == 1 else 3))) for _ in range(channels)]
    answers = {f"q{i}": compose(chance, size) for i, size in enumerate(sizes)}

    def answer(messages: list[dict[str, Any]]) -> Answer:
        text = answers[messages[-1]["content"]]
        return Answer(text, tokens_per_second=chance.choice([300, 2000, 6000]), first_token_after=0.01)

    undo = hasten(platform)
    try:
        with tempfile.TemporaryDirectory() as directory:
            url = f"sqlite:///{directory}/plaudit.db"
            rules = rules_of(platform)
            async with a_world(
                platform, url, answers=answer, rules=rules, reply_characters=1_000_000, grace_seconds=60
            ) as world:
                asked = {
                    name: await world.person("Ada").says(f"@plaudit {name}", world.room(f"room-{name}"))
                    for name in answers
                }
                breaking = asyncio.create_task(trouble(world, chance))
                try:
                    await asyncio.gather(*(world.kept(each, patience=240) for each in asked.values()))
                finally:
                    breaking.cancel()
                wrong = []
                for (name, question), size in zip(asked.items(), sizes, strict=True):
                    seen = [part.text for part in world.parts(question)]
                    wrong += [f"seed {seed} {platform} {name}: {each}" for each in faults_of(seen, size)]
                    record = await world.kept(question)
                    if record.data["content"] != answers[name] or record.data["status"] != "complete":
                        wrong.append(f"seed {seed} {platform} {name}: the log has {record.data['status']}")
                return wrong
    finally:
        undo()


def main() -> int:
    """Run many, print each that went wrong and a last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--platform", choices=["slack", "discord", "both"], default="both")
    chosen = parser.parse_args()
    logging.disable(logging.ERROR)
    platforms: list[Platform] = ["slack", "discord"] if chosen.platform == "both" else [chosen.platform]
    failed = 0
    for seed in range(chosen.first, chosen.first + chosen.runs):
        began = time.monotonic()
        wrong = asyncio.run(race(seed, platforms[seed % len(platforms)]))
        failed += bool(wrong)
        sys.stdout.write(f"{seed}: {time.monotonic() - began:.1f} s {'; '.join(wrong) or 'whole'}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{chosen.runs - failed} passed, {failed} failed\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
