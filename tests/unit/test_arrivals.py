"""Votes of a platform that gives no time, and wishes, by a clock that is set back and forth."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import DatabaseUnavailableError
from core.events import ReactionAdded, ReactionRemoved, ReactionsCleared
from core.hearing.commands import Commands
from core.messages import Person
from core.store.memory import MemoryStore
from tests.unit.fakes import PLACE
from tests.unit.test_assistant import BEN, START, part
from tests.unit.test_thread_router import Private

LIKE = (BEN.key, "user_feedback")


class Wrong(Private):
    """A scene on a platform whose acts have the time of our clock, which is `wrong` by some seconds."""

    wrong = 0.0

    def acts(self, kind, emoji, record):
        return self.timed(self.reaction(kind, emoji, part(record)))

    def timed(self, event):
        return replace(event, at=event.at + timedelta(seconds=self.wrong), heard=float(self.told))

    async def reacts(self, kind, emoji, record):
        return await self.handle(self.acts(kind, emoji, record))


@pytest.fixture
async def scene():
    made = Wrong()
    async with made.assistant:
        yield made


def anew(scene):
    """The same log, heard by another process."""
    other = Wrong()
    other.store, other.told = scene.store, scene.told
    other.assistant = type(other.assistant)(
        store=scene.store, model=other.model, clock=scene.assistant._clock, options=scene.assistant._options
    )
    return other


@pytest.mark.parametrize("step", [-3600, -90, -1, 90])
async def test_a_vote_that_is_taken_back_is_gone_whatever_the_clock_did_between(scene, step):
    _, reply = await scene.asks()

    await scene.reacts(ReactionAdded, "👍", reply)
    scene.wrong = step
    await scene.reacts(ReactionRemoved, "👍", reply)
    gone = await scene.opinions(reply)
    await scene.reacts(ReactionAdded, "👍", reply)

    assert gone == {}
    assert await scene.opinions(reply) == {LIKE: True}


async def test_of_contrary_votes_the_later_counts_though_the_clock_was_set_back_between(scene):
    _, reply = await scene.asks()

    await scene.reacts(ReactionAdded, "👍", reply)
    scene.wrong = -90
    await scene.reacts(ReactionAdded, "👎", reply)

    assert await scene.opinions(reply) == {LIKE: False}


async def test_another_process_whose_clock_is_behind_goes_on_where_the_first_was(scene):
    _, reply = await scene.asks()
    await scene.reacts(ReactionAdded, "👍", reply)
    await scene.reacts(ReactionRemoved, "👍", reply)

    other = anew(scene)
    other.wrong = -90
    async with other.assistant:
        await other.reacts(ReactionAdded, "👍", reply)
        stands = await scene.opinions(reply)
        await other.handle(other.timed(other._event(ReactionsCleared, message=part(reply))))

    assert stands == {LIKE: True}
    assert await scene.opinions(reply) == {}


async def test_a_button_after_a_reaction_counts_though_the_platforms_clock_is_behind_ours(scene):
    _, reply = await scene.asks()
    scene.wrong = 90
    await scene.reacts(ReactionAdded, "👍", reply)

    press = scene.press(f"dislike:{reply.message_id}", part(reply))
    await scene.handle(replace(press, heard=float(scene.told)))

    assert await scene.opinions(reply) == {LIKE: False}


async def test_what_was_kept_only_at_another_try_does_not_overrule_what_came_after_it(scene):
    _, reply = await scene.asks()
    first = scene.acts(ReactionAdded, "👍", reply)
    scene.wrong = -90
    second = scene.acts(ReactionRemoved, "👍", reply)

    await scene.handle(second)
    await scene.handle(first)

    assert await scene.opinions(reply) == {}


async def test_what_a_platform_gives_a_time_for_keeps_it(scene):
    _, reply = await scene.asks()

    late = scene.reaction(ReactionAdded, "👍", part(reply))
    await scene.handle(scene.reaction(ReactionRemoved, "👍", part(reply)))
    await scene.handle(late)

    assert await scene.opinions(reply) == {}
    assert late.at > START


async def test_where_the_database_is_away_nothing_is_remembered_that_was_not_kept(scene, monkeypatch):
    _, reply = await scene.asks()
    event = scene.acts(ReactionAdded, "👍", reply)

    async def away(*_):
        raise DatabaseUnavailableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(scene.store, "append", away)
        with pytest.raises(DatabaseUnavailableError):
            await scene.handle(event)
    await scene.handle(event)

    assert await scene.opinions(reply) == {LIKE: True}


class SetBack:
    """A clock that is set back by a minute with each look at it."""

    def __init__(self) -> None:
        self.time = START

    def now(self):
        self.time -= timedelta(minutes=1)
        return self.time

    def monotonic(self):
        return 0.0


async def test_the_last_wish_of_what_is_kept_counts_though_the_clock_was_set_back_since():
    store, ben = MemoryStore(), Person(BEN, "Ben")
    commands = Commands(store, SetBack(), "test", None)

    found = []
    for number, wish in enumerate(("stop", "resume", "stop")):
        await commands.answer(["privacy", wish], ben, PLACE, name=f"e{number}")
        found.append(await store.opted_out(BEN.key))

    assert found == [True, False, True]
