"""What channels are called, for whoever looks: never waited for, asked once in a while, forgotten by no failure."""

import asyncio

import pytest

from core.clock import SystemClock
from core.errors import PlatformUnavailableError
from core.messages import PlaceRef
from core.naming import ChannelNames

GENERAL = PlaceRef("slack", "T1", "C1")


class FakeClock(SystemClock):
    """Time passes where a test says so."""

    seconds = 0.0

    def monotonic(self):
        return self.seconds


class Named:
    """A platform that knows what its channels are called, as long as it can be reached."""

    def __init__(self):
        self.names = {"C1": "#general"}
        self.asked = []

    async def channel_names(self, workspace):
        self.asked.append(workspace)
        if not self.names:
            raise PlatformUnavailableError("Slack cannot be reached.")
        return dict(self.names)


@pytest.fixture
async def looking():
    """A platform, a clock, and a look at the names."""
    platform, clock = Named(), FakeClock()
    names = ChannelNames({"slack": platform}, clock)

    async def look(place=GENERAL):
        first = names.of(place)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return first

    yield platform, clock, look
    await names.close()


async def test_a_name_is_there_at_the_second_look_and_asked_for_once(looking):
    platform, _, look = looking

    shown = [await look() for _ in range(3)]

    assert shown == ["", "#general", "#general"]
    assert platform.asked == ["T1"]


async def test_a_channel_that_was_renamed_is_found_after_an_hour(looking):
    platform, clock, look = looking
    await look()
    platform.names["C1"] = "#all"

    clock.seconds += 3599
    before = [await look(), await look()]
    clock.seconds += 1
    after = [await look(), await look()]

    assert before == ["#general", "#general"]
    assert after == ["#general", "#all"]


async def test_a_platform_that_is_away_is_asked_again_and_what_is_known_stays(looking):
    platform, clock, look = looking
    await look()
    platform.names.clear()

    clock.seconds += 3600
    shown = [await look(), await look()]
    clock.seconds += 60
    await look()

    assert shown == ["#general", "#general"]
    assert platform.asked == ["T1"] * 3


@pytest.mark.parametrize("place", [PlaceRef("discord", "1", "2"), PlaceRef("slack", "", ""), PlaceRef("", "", "")])
async def test_where_nobody_can_be_asked_there_is_no_name(looking, place):
    platform, _, look = looking

    shown = [await look(place), await look(place)]

    assert shown == ["", ""]
    assert platform.asked == []
