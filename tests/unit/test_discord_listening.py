"""Frames on their way to the core: told once, in order, and until they are kept."""

import asyncio
from datetime import UTC, datetime, timedelta

from bots.discord.listening import Listener
from core.clock import SystemClock
from core.errors import DatabaseUnavailableError
from core.events import ReactionAdded, ReactionRemoved
from tests.unit.discord_frames import ADA, BEN, FakeSurroundings, message, reaction

READY = {"op": 0, "t": "READY", "s": 1, "d": {"session_id": "one"}}
OTHER = {**READY, "d": {"session_id": "two"}}


class StoppedClock(SystemClock):
    """Stands at the beginning of a minute, until it is moved."""

    def __init__(self):
        self.moment = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self):
        return self.moment

    def moves(self, seconds):
        self.moment += timedelta(seconds=seconds)


class Ear:
    """Listens, and keeps what it was told; `faults` are raised one after another before that."""

    def __init__(self, *faults: Exception, pauses=(0.0, 0.0), clock=None):
        self.told = []
        self.faults = list(faults)
        self.listener = Listener(FakeSurroundings(), self.take, clock or SystemClock(), pauses=pauses)

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


async def test_a_reaction_has_the_same_name_in_every_session_that_hears_it():
    clock = StoppedClock()
    frames = [reaction(), reaction("REMOVE"), reaction(), reaction(user_id=BEN), reaction("REMOVE_ALL")]

    names = [each.event_id for each in await Ear(clock=clock).hears(READY, *frames)]
    clock.moves(0.3)
    in_another = [each.event_id for each in await Ear(clock=clock).hears(OTHER, *frames)]

    assert names == in_another
    assert len(set(names)) == 5
    assert ADA not in "".join(names)


async def test_the_same_reaction_some_seconds_later_has_another_name():
    clock = StoppedClock()

    [first] = await Ear(clock=clock).hears(reaction())
    clock.moves(5)
    [second] = await Ear(clock=clock).hears(reaction())

    assert first.event_id != second.event_id


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
    told = await Ear().hears(READY, reaction(), OTHER, reaction())

    assert len({each.event_id for each in told}) == 2


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
