"""The bot as a process of its own, which can be stopped and killed, and starts within a tenth of a second.

It is forked off a server that has imported everything already. What it knows of the world is what any bot knows: the
addresses of the platform, the model and the database. It knows nothing of what is done to it.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bots import loop
from bots.discord import adapter as discord
from bots.pocket.things import Platform
from bots.running import run_until_stopped
from bots.slack import adapter as slack
from core import logs
from core.clock import SystemClock
from core.hearing import messages
from core.ports import Rate
from core.settings import Settings
from tests.faults.races import hasten

PATIENCE = 40.0
"""Seconds in which a bot must have gone when it was asked to: its grace, and a slow machine."""


class BotProcess:
    """One bot after another, with the same settings."""

    def __init__(self, platform: Platform, settings: dict[str, Any], log: Path, *others: Platform) -> None:
        """`others`: the platforms that it is on besides."""
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload([__name__])
        self._clock = self._processes.Value("d", 0.0, lock=False)
        self._arguments = ((platform, *others), settings, log, self._clock)
        self._process: Any = None

    @property
    def runs(self) -> bool:
        """There is one that was neither stopped nor killed."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """Its id; None where there is none, or it has ended by itself."""
        return self._process.pid if self._process is not None and self._process.is_alive() else None

    def step_clock(self, seconds: float) -> None:
        """Let its clock, as it tells people the time, go wrong by so much from now on."""
        self._clock.value = seconds

    def start(self) -> None:
        """Let the next one begin."""
        self._process = self._processes.Process(target=_run, args=self._arguments, daemon=True)
        self._process.start()

    async def stop(self) -> None:
        """Ask it to go (SIGTERM), and wait. Raises AssertionError where it does not go in good order."""
        process, self._process = self._process, None
        process.terminate()
        await asyncio.to_thread(process.join, PATIENCE)
        code = process.exitcode
        if code is None:
            os.kill(process.pid, signal.SIGUSR1)
            await asyncio.sleep(1.0)  # its log tells what it was at
            process.kill()
        process.close() if code is not None else await asyncio.to_thread(process.join)
        assert code in (0, -15), f"the bot ended with {code}"  # -15: before it listened to signals

    async def kill(self) -> None:
        """Let it end at once (SIGKILL)."""
        process, self._process = self._process, None
        process.kill()
        await asyncio.to_thread(process.join)
        process.close()


def _run(platforms: tuple[Platform, ...], settings: dict[str, Any], log: Path, wrong_by: Any) -> None:
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a text file's
    logs.configure(level="info")
    _hasten()
    right = SystemClock.now
    SystemClock.now = lambda self: right(self) + timedelta(seconds=wrong_by.value)  # type: ignore[method-assign]
    chosen = Settings.load(environ={}, _env_file=None, **settings)
    loop.run(_run_and_tell(chosen, platforms))


async def _run_and_tell(chosen: Settings, platforms: tuple[Platform, ...]) -> None:
    """Run; SIGUSR1 prints what every task is at."""

    def tell() -> None:
        for task in asyncio.all_tasks():
            task.print_stack(file=sys.stdout)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell)
    await run_until_stopped(chosen, platforms)


def _hasten() -> None:
    """Shorten what only politeness to a real platform makes long: rates, looking back, pauses at a login."""
    hasten("slack")
    hasten("discord")
    messages.LATE = timedelta(seconds=0.3)  # type: ignore[misc]  # as pocket tells again sooner than Slack does
    for adapter in (slack, discord):
        adapter.LIMITS = replace(adapter.LIMITS, looks=Rate(100_000, 60.0))  # type: ignore[misc]  # for trials alone
    quick = partial(discord.connected, identify_pause=0.05, pauses=(0.0, 0.05, 0.1, 0.2, 0.5))
    discord.connected = quick  # type: ignore[assignment]  # the same
