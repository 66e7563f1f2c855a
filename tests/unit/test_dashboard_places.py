"""Which channels one can choose from on the dashboard, and what they are called there."""

import asyncio

import pytest

from bots.web.pages.desk import Desk
from core.clock import SystemClock
from core.policy import OnePolicy
from core.store.memory import MemoryStore

CHANNELS = [f"slack:T1:C{number:04}" for number in range(500)]


@pytest.fixture
def desk():
    async def no_files(suffix, days):
        raise AssertionError((suffix, days))

    return Desk(
        store=MemoryStore(),
        policies=OnePolicy(),
        clock=SystemClock(),
        stopping=asyncio.Event(),
        environment="test",
        names=lambda place: {"C0001": "#zebra", "C0002": "#Ant"}.get(place.channel, ""),
        files=no_files,
    )


def test_channels_are_in_the_order_of_their_names(desk):
    shown = desk.places([*CHANNELS[:4], "discord:1:2"], "")

    assert [told for _, told in shown] == [
        "discord · 2",
        "slack · #Ant",
        "slack · #zebra",
        "slack · C0000",
        "slack · C0003",
    ]


def test_of_many_channels_the_first_are_shown_and_the_one_that_is_chosen(desk):
    shown = [key for key, _ in desk.places(CHANNELS, CHANNELS[-1])]

    assert len(shown) == 201
    assert CHANNELS[-1] in shown
    assert CHANNELS[199] in shown
    assert CHANNELS[200] not in shown
