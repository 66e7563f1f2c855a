"""Streaming: the pacer in virtual time, and the whole bot over real sockets at 1, 50, 200 and 400 channels.

python -m tests.bench.streaming [--seed N] [--quick]      (make bench-streaming)

The bot is a process of its own; pocket (Discord's wire, its limits on, 100 ms a round trip) and the model's endpoint
(300 tokens at 50 a second) are in this one. Discord's limit over all calls of a bot (50 a second) is off: 200 channels
that grow by an edit a second cannot keep it, whoever paces them. Everything is measured at pocket, from when the
person's message stood there and when the endpoint wrote each token. The last line is one line of JSON.
"""

import argparse
import asyncio
import bisect
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import orjson
import psutil
from rich.console import Console
from rich.table import Table

from bots.loop import run as quickly
from bots.pocket.discord_rules import DISCORDS_RATES, GLOBAL, DiscordRules
from bots.pocket.discord_rules import Rate as Limit
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.model_stream import Received
from bots.pocket.server import Pocket
from bots.pocket.things import Message
from tests.bench import pacing_virtual

TOKENS = 300
PER_SECOND = 50.0
FIRST_TOKEN = 0.3
ROUND_TRIP = 0.1
ASKED_WITHIN = 3.0
"""Seconds over which the questions are spread; every reply grows for six, so that all of them grow at once."""
WORDS = [f"w{i} " for i in range(TOKENS)]
TEXT = "".join(WORDS).strip()
ENDS = [len("".join(WORDS[: i + 1]).strip()) for i in range(TOKENS)]
"""How long the text is, less the space at its end, when each token is in it."""


@dataclass
class Run:
    """What was measured with one number of channels."""

    channels: int
    first_text: float
    """Question → first text, median, seconds."""
    first_text_ratio: float
    mean_lag: float
    final_lag_p95: float
    cpu_us_per_token: float
    kb_per_stream: float
    peak_mb: float
    late_p99_ms: float
    refused: int
    whole: bool


def lags(message: Message, received: Received) -> tuple[float, float]:
    """Mean lag per token, and the final lag; seconds."""
    lengths = [len(state.text) for state in message.states]
    seen = []
    for end, written in zip(ENDS, received.token_times, strict=True):
        at = bisect.bisect_left(lengths, end)
        seen.append(message.states[at].at - written)
    return statistics.fmean(seen), seen[-1]


async def run(channels: int) -> Run:
    """Ask in so many channels at once."""
    rates = dict(DISCORDS_RATES) | {GLOBAL: Limit(1_000_000, 1.0)}
    rules = DiscordRules(rates=rates)
    model = Model(_answer)
    with tempfile.TemporaryDirectory() as directory:
        async with Pocket(discord=rules, model=model) as pocket:
            rooms = [pocket.room(f"room-{i}", on="discord") for i in range(channels)]
            probe = Path(directory) / "late.json"
            bot = await _start(pocket, Path(directory), probe)
            process = psutil.Process(bot.pid)
            try:
                await pocket.until(lambda: pocket.discord.connected, timeout=30)
                await asyncio.sleep(1.0)
                ada = pocket.person("Ada")
                # Caches and pools that are filled once are not the memory of a live stream.
                warm = [await ada.says("@plaudit warm up", room) for room in rooms]
                for each in warm:
                    await pocket.settled(await pocket.reply_to(each, timeout=60), quiet=0.5)
                await asyncio.sleep(6.0)  # Discord's windows pass
                rules.latency = ROUND_TRIP / 2
                idle_mb = process.memory_info().rss / 1e6
                spent = sum(process.cpu_times()[:2])
                asked = []
                for room in rooms:
                    asked.append(await ada.says("@plaudit go on", room))
                    await asyncio.sleep(ASKED_WITHIN / channels)
                peak = Peak(process)
                watching = asyncio.create_task(peak.watch())
                replies = [await pocket.reply_to(each, timeout=60) for each in asked]
                await asyncio.gather(*(pocket.settled(each, quiet=2.5, timeout=120) for each in replies))
                watching.cancel()
                spent = sum(process.cpu_times()[:2]) - spent
            finally:
                rules.latency = 0
                bot.terminate()
                await bot.wait()
            late = sorted(orjson.loads(probe.read_bytes()))
            return _measured(pocket, asked, replies, spent, (idle_mb, peak.megabytes), late)


def _answer(messages: list[dict[str, Any]]) -> Answer:
    if messages[-1]["content"] == "warm up":
        return Answer("Warm.", tokens_per_second=None)
    tokens = [*WORDS[:-1], WORDS[-1].strip()]
    return Answer(TEXT, tokens=tokens, tokens_per_second=PER_SECOND, first_token_after=FIRST_TOKEN)


class Peak:
    """The most memory that a process takes while one watches, in megabytes."""

    def __init__(self, process: psutil.Process) -> None:
        self.process = process
        self.megabytes = 0.0

    async def watch(self) -> None:
        """Look ten times a second, until cancelled."""
        while True:
            self.megabytes = max(self.megabytes, self.process.memory_info().rss / 1e6)
            await asyncio.sleep(0.1)


async def _start(pocket: Pocket, directory: Path, probe: Path) -> asyncio.subprocess.Process:
    environment = os.environ | {
        "MODEL_ENDPOINT": pocket.model_url,
        "MODEL_NAME": "demo-model",
        "DISCORD_TOKEN": pocket.discord.token,
        "DISCORD_API_URL": pocket.discord.base_url,
        "DISCORD_GATEWAY_URL": pocket.discord.gateway_url,
        "PLAUDIT_DATABASE_URL": f"sqlite:///{directory / 'plaudit.db'}",
        "PLAUDIT_DISCORD_CALLS_PER_SECOND": "10000",
        "PLAUDIT_LOG_LEVEL": "warning",
        "PROBE": str(probe),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.probed_bot", "run", "discord"), env=environment
    )


def _measured(  # noqa: PLR0917 - what was measured, in the order of the run
    pocket: Pocket,
    asked: list[Message],
    replies: list[Message],
    spent: float,
    megabytes: tuple[float, float],
    late: list[float],
) -> Run:
    idle_mb, peak_mb = megabytes
    by_time = sorted(pocket.model.requests[-len(asked) :], key=lambda each: each.at)
    received = dict(zip([each.id for each in sorted(replies, key=lambda each: each.first_seen)], by_time, strict=True))
    firsts, ratios, means, finals = [], [], [], []
    for question, reply in zip(asked, replies, strict=True):
        request = received[reply.id]
        thought = (request.first_token_at or 0) - request.at
        firsts.append(reply.first_seen - question.first_seen)
        ratios.append(firsts[-1] / (thought + ROUND_TRIP))
        mean, final = lags(reply, request)
        means.append(mean)
        finals.append(final)
    finals.sort()
    return Run(
        channels=len(asked),
        first_text=statistics.median(firsts),
        first_text_ratio=statistics.median(ratios),
        mean_lag=statistics.fmean(means),
        final_lag_p95=finals[int(len(finals) * 0.95)] if len(finals) > 1 else finals[0],
        cpu_us_per_token=spent / (len(asked) * TOKENS) * 1e6,
        kb_per_stream=max(0.0, peak_mb - idle_mb) * 1000 / len(asked),
        peak_mb=peak_mb,
        late_p99_ms=1000 * late[int(len(late) * 0.99)] if late else 0.0,
        refused=len(pocket.discord.refused),
        whole=all(reply.text == TEXT for reply in replies),
    )


def main() -> None:
    """Everything, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="only 1 and 50 channels, no virtual time")
    chosen = parser.parse_args()
    figures = {} if chosen.quick else pacing_virtual.figures(Random(chosen.seed))
    counts = (1, 50) if chosen.quick else (1, 50, 200, 400)
    runs = {count: quickly(run(count)) for count in counts}
    Console(width=130).print(_table(runs))
    one, most = runs[1], runs[min(200, max(counts))]
    carried = [each.channels for each in runs.values() if each.late_p99_ms <= 250 and each.whole]
    figures |= {
        "first_text_ratio_1": one.first_text_ratio,
        "first_text_ratio_200": most.first_text_ratio,
        "rate_limited": figures.get("rate_limited", 0) + sum(each.refused for each in runs.values()),
        "lag_200_over_1": most.mean_lag / one.mean_lag,
        "cpu_us_per_token_200": most.cpu_us_per_token,
        "streams_per_process": max(carried, default=0),
        "kb_per_stream": most.kb_per_stream,
    }
    rounded = {name: round(value, 3) for name, value in figures.items()}
    sys.stdout.write(orjson.dumps(rounded).decode() + "\n")


def _table(runs: dict[int, Run]) -> Table:
    table = Table(
        *("channels", "first text", "÷ (token + rt)", "mean lag", "final lag p95", "CPU µs/token", "KB/stream"),
        *("peak MB", "late p99 ms", "429", "whole"),
        title="The whole bot over Discord's wire, round trip 100 ms, 300 tokens at 50/s; seconds",
    )
    for each in runs.values():
        table.add_row(
            str(each.channels),
            f"{each.first_text:.3f}",
            f"{each.first_text_ratio:.3f}",
            f"{each.mean_lag:.3f}",
            f"{each.final_lag_p95:.3f}",
            f"{each.cpu_us_per_token:.0f}",
            f"{each.kb_per_stream:.0f}",
            f"{each.peak_mb:.0f}",
            f"{each.late_p99_ms:.0f}",
            str(each.refused),
            "yes" if each.whole else "NO",
        )
    return table


if __name__ == "__main__":
    main()
