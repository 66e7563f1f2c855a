"""Several processes that spend of the same rate budget: on Discord a channel's edits, on Slack the workspace's.

None knows of the others; each learns from the platform's answers and refusals that somebody else spends, too. The
platforms' windows pass faster, as in the races.
"""

import asyncio
import re
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

import pytest
from discord.http import Route

from bots.discord import adapter
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.running import running
from core.ports import Rate
from tests.faults.races import PACE, hasten, rules_of
from tests.scenarios.conftest import World, bot_settings

SPENT = {"discord": ("edit", "post"), "slack": ("chat.update", "chat.postMessage")}
REPLIES = {"discord": 6, "slack": 20}
WORDS = 100


@dataclass
class Seen:
    """What the platform saw of some replies that grew at the same time."""

    calls: int = 0
    refused: int = 0
    words: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Those of each answer, as they stand in the end."""
    steps: dict[str, int] = field(default_factory=dict)
    """In how many steps each grew."""


async def grow(platform, url, *, processes) -> Seen:
    """Let replies grow at once, made by so many processes; on Discord all in one channel."""
    model = Model(lambda messages: answer_to(messages[-1]["content"]))
    async with Pocket(model=model, **{platform: rules_of(platform)}) as pocket, AsyncExitStack() as stack:
        settings = bot_settings(pocket, url, slack_streaming=False, grace_seconds=60)
        stores = [await stack.enter_async_context(running(settings, [platform])) for _ in range(processes)]
        world = World(pocket, model, stores[0], platform, settings)
        rooms = [world.room(f"room{number}" if platform == "slack" else "one") for number in range(REPLIES[platform])]
        asked = [await world.asks("Ada", f"q{number}", room) for number, room in enumerate(rooms)]
        await asyncio.gather(*(world.kept(each, patience=60) for each in asked))
        return seen_in(world)


def answer_to(name: str) -> Answer:
    return Answer(" ".join(f"{name}w{number}" for number in range(WORDS)), tokens_per_second=25)


def seen_in(world: World) -> Seen:
    kind = {"discord": "bucket", "slack": "method"}[world.platform]
    spent = [each for each in world.face.calls if getattr(each, kind) in SPENT[world.platform]]
    seen = Seen(len(spent), sum(bool(each.retry_after) for each in spent))
    for message in world.pocket.house.messages.values():
        for name, number in re.findall(r"\b(q\d+)w(\d+)\b", message.text) if message.author.is_bot else ():
            seen.words[name].append(int(number))
            seen.steps[name] = len(message.states)
    return seen


@pytest.fixture
def _faster(platform, monkeypatch):
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(adapter, "connected", partial(adapter.connected, identify_pause=0.25))
    monkeypatch.setattr("bots.discord.rest._USUAL", Rate(5, 5.0 / PACE))
    undo = hasten(platform)
    yield
    undo()


@pytest.mark.usefixtures("_faster")
@pytest.mark.long
async def test_replies_of_two_processes_grow_whole_side_by_side_and_are_seldom_refused(platform, postgres_url):
    seen = await grow(platform, postgres_url, processes=2)

    assert seen.words == {f"q{number}": list(range(WORDS)) for number in range(REPLIES[platform])}
    assert seen.refused <= seen.calls / 10
    assert min(seen.steps.values()) > 1
