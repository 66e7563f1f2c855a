"""What the bot adds between a person's message and the first visible text, beyond the model's first token.

Run as `python -m tests.bench.relay` (make bench-relay). The bot is a process of its own, as it is for real; pocket and
the model's endpoint are in this one. Each question: when the person's message appeared at pocket (t0), when the
endpoint wrote the first token (t1), when the first text was visible at pocket (t2). Added = (t2 - t0) - (t1 - t_asked)
- one round trip, where t_asked is when the endpoint got the request: all that is the bot's and the wire's own.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules

FIRST_TOKEN_AFTER = 0.05
ONE_WAY = 0.025
"""Pocket delivers an event this much later and answers a call this much later each way: a round trip is twice it."""


def environment(pocket: Pocket, database: Path) -> dict[str, str]:
    return os.environ | {
        "MODEL_ENDPOINT": pocket.model_url,
        "MODEL_NAME": "demo-model",
        "SLACK_BOT_TOKEN": pocket.slack.bot_token,
        "SLACK_APP_TOKEN": pocket.slack.app_token,
        "SLACK_API_URL": pocket.slack.base_url,
        "PLAUDIT_DATABASE_URL": f"sqlite:///{database}",
        "PLAUDIT_LOG_LEVEL": "warning",
    }


async def measure(questions: int) -> list[float]:
    """Seconds added to each first text."""
    rules = SlackRules.unlimited()
    model = Model(lambda _: Answer("A short answer.", tokens_per_second=100, first_token_after=FIRST_TOKEN_AFTER))
    with tempfile.TemporaryDirectory() as directory:
        async with Pocket(slack=rules, model=model) as pocket:
            bot = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bots.cli", "run", "slack"),
                env=environment(pocket, Path(directory) / "plaudit.db"),
            )
            try:
                await pocket.until(lambda: pocket.slack.connected, timeout=20)
                await asyncio.sleep(0.5)
                rules.latency = ONE_WAY
                return [await ask(pocket, i) for i in range(questions)]
            finally:
                rules.latency = 0
                bot.terminate()
                await bot.wait()


async def ask(pocket: Pocket, number: int) -> float:
    """One question: the seconds that the bot added."""
    room = pocket.room(f"room{number % 10}", on="slack")
    question = await pocket.person("Ada").says(f"@plaudit question {number}", room)
    reply = await pocket.reply_to(question)
    received: Any = pocket.model.requests[-1]
    thinking = received.first_token_at - received.at
    # The event travels one way, the post travels one way: together the one round trip that is not ours.
    added = reply.first_seen - question.first_seen - thinking - 2 * ONE_WAY
    await pocket.settled(reply, quiet=0.15)
    return float(added)


def main() -> None:
    """Measure, print the table, and last a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=60)
    added = sorted(1000 * each for each in asyncio.run(measure(parser.parse_args().questions)))
    table = Table("questions", "median", "p95", "worst", title="Added to the first text, ms")
    p95 = added[int(len(added) * 0.95)]
    table.add_row(str(len(added)), f"{statistics.median(added):.1f}", f"{p95:.1f}", f"{added[-1]:.1f}")
    Console().print(table)
    sys.stdout.write(orjson.dumps({"added_ms_to_first_text": round(statistics.median(added), 2)}).decode() + "\n")


if __name__ == "__main__":
    main()
