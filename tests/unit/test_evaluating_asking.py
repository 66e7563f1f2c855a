"""Models asked for whole answers: again where it is worth it, and no faster than they let us."""

import asyncio
from datetime import UTC, datetime

import pytest

from core.errors import ModelFailedError
from core.evaluating.asking import Asking, EndpointRefusedError
from core.language_models.scripted import ScriptedModel, words
from core.messages import Role
from core.ports import Chunk, PromptMessage, Usage

PROMPT = [PromptMessage(Role.USER, "hello")]


class SlowClock:
    """A clock that goes on only while someone sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


def asking(*scripts, tries: int = 5) -> tuple[Asking, ScriptedModel, SlowClock]:
    waiting, clock = iter(scripts), SlowClock()
    model = ScriptedModel(lambda _: next(waiting))
    return Asking(model, clock, tries=tries, sleep=clock.sleep), model, clock


def failed(reason: str, retry_after: float | None = None) -> list[Exception]:
    return [ModelFailedError("It failed.", reason=reason, retry_after=retry_after)]


async def test_a_whole_answer_has_its_figures_and_not_what_the_model_thought_aloud() -> None:
    chunks = [Chunk("<think>Hm.</think>\n"), Chunk("Good "), Chunk("day."), Chunk(finish_reason="stop")]
    ask, _, _ = asking([*chunks, Chunk(usage=Usage(5, 3))])

    whole = await ask.ask(PROMPT)

    assert (whole.text, whole.finish_reason, whole.usage) == ("Good day.", "stop", Usage(5, 3))


async def test_a_model_that_failed_by_chance_is_asked_again() -> None:
    cut_off = [Chunk("Good")]
    ask, model, clock = asking(failed("http_500"), failed("timeout"), cut_off, words("Good day."))

    whole = await ask.ask(PROMPT)

    assert whole.text == "Good day."
    assert len(model.prompts) == 4
    assert clock.slept == sorted(clock.slept)


async def test_all_calls_wait_for_as_long_as_a_server_asks_one_of_them_to() -> None:
    ask, model, clock = asking(failed("http_429", retry_after=20), words("one"), words("two"))

    first = asyncio.create_task(ask.ask(PROMPT))
    await asyncio.sleep(0)
    both = await asyncio.gather(first, ask.ask(PROMPT))

    assert {each.text for each in both} == {"one", "two"}
    assert len(model.prompts) == 3
    assert clock.seconds >= 20
    assert all(each.started_at.timestamp() >= 20 for each in both)


async def test_a_failure_that_stays_is_told_after_some_tries() -> None:
    ask, model, _ = asking(*(failed("http_503") for _ in range(3)), tries=3)

    with pytest.raises(ModelFailedError) as told:
        await ask.ask(PROMPT)

    assert told.value.reason == "http_503"
    assert len(model.prompts) == 3


@pytest.mark.parametrize("script", [failed("http_400"), failed("http_422"), words(" ")])
async def test_what_would_fail_again_is_not_asked_again(script) -> None:
    ask, model, _ = asking(script)

    with pytest.raises(ModelFailedError):
        await ask.ask(PROMPT)

    assert len(model.prompts) == 1


@pytest.mark.parametrize(
    ("reason", "tries", "words_of_it"),
    [("http_401", 1, "token"), ("http_404", 1, "no model"), ("unreachable", 2, "--resume")],
)
async def test_a_model_that_cannot_be_asked_at_all_is_told_so(reason, tries, words_of_it) -> None:
    ask, model, _ = asking(failed(reason), failed(reason), tries=2)

    with pytest.raises(EndpointRefusedError, match=words_of_it):
        await ask.ask(PROMPT)

    assert len(model.prompts) == tries
