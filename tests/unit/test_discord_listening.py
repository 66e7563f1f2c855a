"""Frames on their way to the core: told once, in order, and until they are kept."""

import asyncio

from bots.discord.listening import Listener
from core.clock import SystemClock
from core.errors import DatabaseUnavailableError
from core.events import ReactionAdded, ReactionRemoved
from tests.unit.discord_frames import ADA, BEN, FakeSurroundings, message, reaction

READY = {"op": 0, "t": "READY", "s": 1, "d": {"session_id": "one"}}


class Ear:
    """Listens, and keeps what it was told; `faults` are raised one after another before that."""

    def __init__(self, *faults: Exception, pauses=(0.0, 0.0)):
        self.told = []
        self.faults = list(faults)
        self.listener = Listener(FakeSurroundings(), self.take, SystemClock(), pauses=pauses)

    async def take(self, event):
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.pop(0)
        self.told.append(event)

    async def hears(self, *frames):
        for each in frames:
            self.listener.hear(each)
        await self.listener.close()
        return self.told


async def test_a_reaction_is_named_by_its_session_and_number():
    [event] = await Ear().hears(READY, reaction())

    assert event.event_id == "one:8"


async def test_events_are_told_in_the_order_of_their_frames():
    frames = [message(id=str(100 + i)) for i in range(20)]

    told = await Ear().hears(*frames)

    assert [each.message.id for each in told] == [str(100 + i) for i in range(20)]


async def test_a_reaction_told_again_is_told_once_and_a_new_one_after_its_removal_again():
    told = await Ear().hears(
        READY,
        reaction(),
        reaction() | {"s": 9},
        reaction(user_id=BEN),
        reaction("REMOVE"),
        reaction("REMOVE") | {"s": 12},
        reaction() | {"s": 13},
    )

    assert [(type(each), each.person.id) for each in told] == [
        (ReactionAdded, ADA),
        (ReactionAdded, BEN),
        (ReactionRemoved, ADA),
        (ReactionAdded, ADA),
    ]


async def test_after_reactions_were_cleared_the_same_one_is_new():
    told = await Ear().hears(reaction(), reaction("REMOVE_EMOJI"), reaction(), reaction("REMOVE_ALL"), reaction())

    assert len(told) == 5


async def test_a_new_session_knows_nothing_of_the_one_before():
    told = await Ear().hears(READY, reaction(), {**READY, "d": {"session_id": "two"}}, reaction())

    assert [each.event_id for each in told] == ["one:8", "two:8"]


async def test_what_the_database_does_not_take_is_told_until_it_does(caplog):
    fault = DatabaseUnavailableError("down")

    taken = await Ear(fault, fault, pauses=(0.0, 0.0, 0.0)).hears(message())
    lost = await Ear(fault, fault).hears(message())

    assert len(taken) == 1
    assert lost == []
    assert "event_not_kept" in [each.message for each in caplog.records]


async def test_an_event_that_fails_does_not_take_others_with_it(caplog):
    told = await Ear(RuntimeError("a bug")).hears(message(id="1"), message(id="2"))

    assert len(told) == 1
    assert "event_failed" in [each.message for each in caplog.records]


async def test_frames_that_are_none_are_passed_over():
    assert await Ear().hears({}, {"t": []}, {"t": None}, {"t": "READY", "d": None}, {"t": "READY", "d": {}}) == []
