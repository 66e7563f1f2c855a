"""Several processes spend one budget and do not know of each other: each gets its share, and few calls are refused."""

from dataclasses import dataclass, field

import pytest

from core.pacing import Pacer
from core.ports import Budget, Rate

DISCORD, SLACK = Rate(5, 5.0), Rate(50, 60.0)
STEP = 0.05
TAKES = 0.1
"""Seconds that a call takes."""


@dataclass
class Platform:
    """What all processes share: so many calls a window, which begins with a call."""

    rate: Rate
    tells: bool
    """Whether every answer says what is left."""
    window: float = 0.0
    left: int = 0

    def takes(self, now: float) -> bool:
        if now >= self.window:
            self.window, self.left = now + self.rate.window, self.rate.calls
        self.left -= 1
        return self.left >= 0

    def budget(self, now: float) -> Budget | None:
        return Budget(self.rate.calls, self.left, self.window - now) if self.tells else None


@dataclass
class Process:
    """One process with a reply that grows all the time."""

    pacer: Pacer
    called: float | None = None
    """When the call in flight began."""
    is_taken: bool = False
    calls: list[float] = field(default_factory=list)
    refused: int = 0

    def live(self, now: float, platform: Platform) -> None:
        self.pacer.wrote("a", 3, now)
        if self.called is None:
            turn = self.pacer.next(now)
            if turn is not None and turn.at <= now:
                self.called, self.is_taken = now, platform.takes(now)
                self.pacer.began("a", now)
        elif now >= self.called + TAKES:
            self.called = None
            if self.is_taken:
                self.calls.append(now)
                self.pacer.ended("a", now, platform.budget(now))
            else:
                self.refused += 1
                self.pacer.refused("a", now, platform.window - now)


def after(seconds: float, platform: Platform, processes: list[Process]) -> list[Process]:
    """What became of them; they take turns at being first, and came one after the other."""
    for process in processes:
        process.pacer.open("a", 0.0, shown=True)
    for step in range(int(seconds / STEP)):
        now = step * STEP
        some = [each for place, each in enumerate(processes) if now >= 3 * place]
        first = step % len(some)
        for process in some[first:] + some[:first]:
            process.live(now, platform)
    return processes


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("rate", [DISCORD, SLACK], ids=["that is told", "that only refuses"])
def test_each_process_gets_its_share_and_few_calls_are_refused(rate: Rate, count: int) -> None:
    processes = [Process(Pacer(rate)) for _ in range(count)]

    after(600, Platform(rate, tells=rate is DISCORD), processes)

    calls = [len(each.calls) for each in processes]
    refused = sum(each.refused for each in processes)
    assert min(calls) >= 0.7 * sum(calls) / count
    assert refused <= sum(calls) / 10
    assert sum(calls) >= 600 / rate.window * rate.calls / 2
