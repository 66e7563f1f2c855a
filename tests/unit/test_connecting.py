"""Platforms at the start: which failures another try is made after, and what goes on meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from bots.connecting import connect
from core.errors import PlatformRefusedTokenError, PlatformUnavailableError, RateLimitedError


class Door:
    """A platform that fails as often as there are `errors`, then lets in."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.tries = 0
        self.is_open = asyncio.Event()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Any]:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        self.is_open.set()
        yield self
        self.is_open.clear()


async def test_a_platform_that_is_out_of_order_at_the_start_is_tried_again(caplog):
    slack = Door(PlatformUnavailableError("Slack is out of order (internal_error)."), RateLimitedError(0.01))

    async with AsyncExitStack() as stack:
        await connect(stack, {"slack": slack}, asyncio.Event(), pauses=(0.0,))

        assert slack.is_open.is_set()
    assert slack.tries == 3
    assert not slack.is_open.is_set()
    waits = [each for each in caplog.records if each.message == "platform_unavailable"]
    assert [(each.platform, each.next_try_seconds) for each in waits] == [("slack", 0.0), ("slack", 0.01)]
    assert waits[0].error == "Slack is out of order (internal_error)."


async def test_the_other_platform_is_heard_while_one_is_out_of_order():
    slack, discord = Door(*[PlatformUnavailableError("Slack cannot be reached.")] * 10_000), Door()

    async with AsyncExitStack() as stack, asyncio.timeout(10):
        given_up = asyncio.Event()
        starting = asyncio.create_task(
            connect(stack, {"slack": slack, "discord": discord}, given_up, pauses=(0.001,)), name="start"
        )
        await discord.is_open.wait()
        given_up.set()
        await starting

        assert discord.is_open.is_set()
    assert not slack.is_open.is_set()


async def test_a_wrong_token_ends_the_start_at_once_even_where_another_platform_is_tried_again():
    slack, discord = Door(*[PlatformUnavailableError("away")] * 10_000), Door(PlatformRefusedTokenError("wrong"))

    async with AsyncExitStack() as stack, asyncio.timeout(10):
        with pytest.raises(PlatformRefusedTokenError, match="wrong"):
            await connect(stack, {"slack": slack, "discord": discord}, asyncio.Event(), pauses=(60.0,))

    assert (slack.tries, discord.tries) == (1, 1)
