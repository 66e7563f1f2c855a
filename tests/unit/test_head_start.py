"""A model that is asked while its question is still being kept."""

import asyncio

import pytest

from core.errors import DatabaseUnavailableError, ModelFailedError
from core.language_models.scripted import words
from core.store.memory import MemoryStore
from tests.unit.fakes import until
from tests.unit.test_assistant import Scene


class SlowStore(MemoryStore):
    """Keeps nothing until the disk is `done`; then it fails, if there is a `fault`."""

    def __init__(self) -> None:
        super().__init__()
        self.done = asyncio.Event()
        self.fault = None

    async def append(self, *records):
        await self.done.wait()
        if self.fault:
            raise self.fault
        return await super().append(*records)


class SlowScene(Scene):
    """Notes when an answer is read no further."""

    def __init__(self, script=lambda _: words("An answer.")) -> None:
        self.given_up = asyncio.Event()
        self.script = script
        self.slow = SlowStore()
        super().__init__(self._play, store=self.slow)

    def _play(self, prompt):
        try:
            yield from self.script(prompt)
        finally:
            self.given_up.set()


@pytest.fixture
async def scene():
    made = SlowScene()
    async with made.assistant:
        yield made
        made.slow.done.set()


async def test_the_model_is_asked_while_the_question_is_still_being_kept_and_says_nothing_before_it_is(scene):
    hearing = asyncio.create_task(scene.handle(scene.message("hello")))

    await until(lambda: scene.model.prompts)
    shown_before = dict(scene.platform.shown)
    scene.slow.done.set()
    await hearing
    await until(lambda: scene.platform.now == ["An answer."])

    assert shown_before == {}
    assert [[each.content for each in prompt] for prompt in scene.model.prompts] == [["hello"]]


async def test_where_the_question_cannot_be_kept_the_model_is_heard_no_further(scene):
    scene.script = lambda _: [30.0]
    scene.slow.fault = DatabaseUnavailableError("The disk is full.")
    hearing = asyncio.create_task(scene.handle(scene.message("hello")))
    await until(lambda: scene.model.prompts)

    scene.slow.done.set()
    with pytest.raises(DatabaseUnavailableError):
        await hearing

    assert scene.given_up.is_set()
    assert scene.platform.shown == {}


async def test_what_goes_wrong_ahead_of_the_turn_is_told_in_its_turn(scene):
    scene.script = lambda _: [ModelFailedError("The model is busy.", reason="busy")]
    hearing = asyncio.create_task(scene.handle(scene.message("hello")))
    await until(scene.given_up.is_set)

    scene.slow.done.set()
    await hearing
    await until(lambda: scene.platform.shown)

    assert "The model is busy." in scene.platform.now[0]


async def test_a_question_that_is_told_again_is_asked_once(scene):
    scene.slow.done.set()
    event = await scene.handle(scene.message("hello"))
    await until(lambda: scene.platform.now == ["An answer."])

    await scene.handle(event)

    assert len(scene.model.prompts) == 1
