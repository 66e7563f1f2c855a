"""An evaluation at work: another model's answers and a judge's words, a few items at a time, each kept at once.

One item's failure is told and leaves the others alone; only a model that cannot be asked at all ends the work. Whatever
is kept is not asked for again: resuming does what is missing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from core.clock import Clock
from core.errors import ModelFailedError
from core.evaluating.asking import Asking
from core.evaluating.items import Item
from core.evaluating.judge import Judge
from core.evaluating.kept import Answer, Scored
from core.evaluating.records import About, Records, Run, about_answer, about_reply
from core.records import Record
from core.tasks import cancelled

AT_ONCE: Final = 4
"""Items under way at a time where nothing else is said."""


class Keeping(Protocol):
    """As much of a store as is needed."""

    async def append(self, *records: Record) -> list[bool]:
        """Keep `records` in order, all or none."""
        ...


Told = Callable[[Item, str], None]
"""Told of each item that is done; the text says what failed, and is empty where nothing did."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What an evaluation works with."""

    store: Keeping
    records: Records
    clock: Clock
    judge: Judge | None = None


async def each_of(
    items: Iterable[Item], work: Callable[[Item], Awaitable[None]], *, at_once: int, told: Told
) -> dict[str, str]:
    """Do `work` for every item, `at_once` side by side; what failed, by the item's id, in words.

    Raises what is no `ModelFailedError`, after the others have ended.
    """
    waiting, failed = iter(items), dict[str, str]()

    async def worker() -> None:
        for item in waiting:
            try:
                await work(item)
            except ModelFailedError as error:
                failed[item.id] = f"{error} ({error.reason})"
            told(item, failed.get(item.id, ""))

    workers = [asyncio.create_task(worker(), name=f"evaluate {number}") for number in range(at_once)]
    try:
        await asyncio.gather(*workers)
    finally:
        await cancelled(workers)
    return failed


class Evaluation:
    """Another model's answers to items, and the judge's words on them and on the replies beside them."""

    def __init__(
        self, run: Run, tools: Tools, other: Asking, *, answers: Mapping[str, Answer], scores: Mapping[str, Scored]
    ) -> None:
        """`answers` and `scores`: what is kept already, by the item's id."""
        self._run = run
        self._tools = tools
        self._other = other
        self._answers = answers
        self._scores = scores

    def missing(self, items: Sequence[Item]) -> list[Item]:
        """The items of which something is not done."""
        return [each for each in items if not self._is_done(each)]

    async def evaluate(self, item: Item) -> None:
        """Do what is missing of one item. Raises as `Asking.ask` does."""
        kept = self._answers.get(item.id)
        if kept is not None and kept.withheld:
            return
        text = kept.content if kept is not None else await self._answer(item)
        if self._tools.judge is None:
            return
        about = about_answer(item, self._run)
        if item.response and item.id not in self._scores:
            await scored(self._tools, self._tools.judge, item, about_reply(item, self._run.id), item.response)
        if kept is None or kept.feedback is None or kept.score is None:
            await scored(self._tools, self._tools.judge, item, about, text)
        if item.response and (kept is None or kept.preference is None):
            preference = await self._tools.judge.prefer(item, text)
            now = self._tools.clock.now()
            await self._tools.store.append(self._tools.records.preferred(about, self._tools.judge.id, preference, now))

    async def _answer(self, item: Item) -> str:
        whole = await self._other.ask(item.prompt)
        model, parameters = self._other.identity, self._other.parameters
        await self._tools.store.append(self._tools.records.answer(self._run, item, model, parameters, whole))
        return whole.text

    def _is_done(self, item: Item) -> bool:
        answer = self._answers.get(item.id)
        if answer is None or answer.withheld or self._tools.judge is None:
            return answer is not None
        is_judged = answer.feedback is not None and answer.score is not None
        return is_judged and (not item.response or (answer.preference is not None and item.id in self._scores))


async def scored(tools: Tools, judge: Judge, item: Item, about: About, text: str) -> None:
    """Let the judge score a text, and keep what it says."""
    score = await judge.score(item, text)
    await tools.store.append(*tools.records.scored(about, judge.id, score, tools.clock.now()))
