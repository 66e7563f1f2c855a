"""How soon a bot is ready, and what it takes while nobody asks it anything: memory and CPU, on Slack and Discord.

Run as `python -m tests.bench.start` (make bench-start). The bot is the command `plaudit run slack discord` in a process
of its own, on a database that is there; pocket, in this process, is the platforms. Ready is what the bot says when it
listens on both. How long that takes on a machine that is at work depends on who else is at work there: the CPU that it
took is told beside it. The best of some starts counts, the first one only fills the caches.

Memory is what the process has in RAM (VmRSS), CPU its share of one processor, both from /proc, and so Linux alone.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from rich.console import Console
from rich.table import Table

from bots.pocket.discord_rules import DiscordRules
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from tests.bench.relay import environment
from tests.faults.resident import resident_mb

PATIENCE: Final = 60.0
"""Seconds in which a bot must be ready."""
_SETTLING: Final = 3.0
"""Seconds after which what a start brings with it is over."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Start:
    """One start."""

    ready: float
    """Seconds until the bot was ready."""
    cpu: float
    """Seconds of a processor that it took for it."""


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has had, of its own and of the system's (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@asynccontextmanager
async def started(pocket: Pocket, database: Path) -> AsyncIterator[tuple[Process, Start]]:
    """A bot that is ready, and how it came to be. Raises TimeoutError, and AssertionError where it ends before."""
    settings = environment(pocket, database) | {
        "DISCORD_TOKEN": pocket.discord.token,
        "DISCORD_API_URL": pocket.discord.base_url,
        "DISCORD_GATEWAY_URL": pocket.discord.gateway_url,
        "PLAUDIT_LOG_LEVEL": "info",
    }
    command = (sys.executable, "-m", "bots.entry", "run", "slack", "discord")
    began = time.monotonic()
    bot = await asyncio.create_subprocess_exec(*command, env=settings, stdout=PIPE, stderr=STDOUT)
    try:
        async with asyncio.timeout(PATIENCE):
            told = await _until_ready(bot)
        assert bot.returncode is None, told
        start = Start(time.monotonic() - began, cpu_seconds(bot.pid))
        draining = asyncio.create_task(_drain(bot), name="read what the bot says")
        yield bot, start
        bot.terminate()
        await draining
    finally:
        if bot.returncode is None:
            bot.terminate()
        await bot.wait()


async def _until_ready(bot: Process) -> str:
    assert bot.stdout is not None
    told = ""
    async for line in bot.stdout:
        told += line.decode()
        if " ready" in line.decode():
            return told
    await bot.wait()
    return told


async def _drain(bot: Process) -> None:
    assert bot.stdout is not None
    async for _ in bot.stdout:
        pass


async def measure(starts: int, seconds: float) -> tuple[list[Start], float, float]:
    """The starts, and of the last one the memory in MB and the CPU in percent, over so many seconds."""
    made = []
    with tempfile.TemporaryDirectory() as directory:
        database = Path(directory) / "plaudit.db"
        async with Pocket(slack=SlackRules.unlimited(), discord=DiscordRules.unlimited()) as pocket:
            for _ in range(starts):
                async with started(pocket, database) as (_bot, start):
                    made.append(start)
            async with started(pocket, database) as (bot, start):
                made.append(start)
                await asyncio.sleep(_SETTLING)
                before = cpu_seconds(bot.pid)
                await asyncio.sleep(seconds)
                percent = 100 * (cpu_seconds(bot.pid) - before) / seconds
                return made[1:], resident_mb(bot.pid), percent


def main() -> None:
    """Measure, print the table, and last a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20, help="how long it is looked at while idle")
    chosen = parser.parse_args()
    made, resident, percent = asyncio.run(measure(chosen.starts, chosen.seconds))
    ready = sorted(each.ready for each in made)
    cpu = statistics.median(each.cpu for each in made)
    table = Table("", "measured", "wanted", title="A start, and a bot that idles")
    table.add_row("ready, the best start, s", f"{ready[0]:.2f}", "2")
    table.add_row("ready, the median, s", f"{statistics.median(ready):.2f}", "")
    table.add_row("CPU until then, the median, s", f"{cpu:.2f}", "")
    table.add_row("idle, MB", f"{resident:.1f}", "90")
    table.add_row("idle, CPU %", f"{percent:.2f}", "1")
    Console().print(table)
    told = {
        "ready_s": round(ready[0], 2),
        "ready_cpu_s": round(cpu, 2),
        "idle_mb": round(resident, 1),
        "idle_cpu": round(percent, 2),
    }
    sys.stdout.write(orjson.dumps(told).decode() + "\n")


if __name__ == "__main__":
    main()
