"""Evaluations from their beginning to what they come to; what is kept of them is the log's alone.

An evaluation asked for again, with `resume`, goes on with the last one that was asked for in the same way, as of the
record at which that began: what people have said since changes nothing in it.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ulid import ULID

from core.clock import Clock
from core.errors import SettingsError
from core.evaluating import kept
from core.evaluating.asking import Asking
from core.evaluating.from_file import digest_of, joined_with_log, read_items
from core.evaluating.from_log import Selection, items_from_log
from core.evaluating.items import Item
from core.evaluating.judge import Judge
from core.evaluating.judge_prompts import PROMPT_VERSION
from core.evaluating.kept import Answer, Scored
from core.evaluating.outcome import Agreement, Compared, Mean, Outcome, agreement, mean_of, outcome
from core.evaluating.records import JUDGE_ORIGIN, Records, Run, about_reply
from core.evaluating.running import Evaluation, Keeping, Told, Tools, each_of, scored
from core.messages import Json, ModelIdentity
from core.store.engine import Database
from core.store.ledger import Ledger


class Log(Keeping, Protocol):
    """As much of a store as is needed."""

    async def newest(self) -> int:
        """The seq of the newest record; 0 where there is none."""
        ...

    def ledger(self) -> Ledger:
        """What was given records out of the log."""
        ...


class Telling(Protocol):
    """Shows how far the work is, while a block lasts."""

    def __call__(self, what: str, total: int, /) -> AbstractContextManager[Told]:
        """A line for so many items; it is told of each."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """What an evaluation came to by now."""

    run: Run
    outcome: Outcome
    agreement: Agreement | None
    """None where no judge was asked."""
    failed: dict[str, str]
    """The items that failed this time, and why."""
    answers: dict[str, Answer]
    scores: dict[str, Scored]
    """The judge's, of the replies that were given."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What judging replies came to."""

    agreement: Agreement
    score: Mean
    """Of the chosen replies."""
    replies: int
    failed: dict[str, str]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be evaluated."""

    selection: Selection
    path: Path | None = None
    """A set in a file, in place of replies of the log."""
    at_once: int = 4
    resume: bool = False


class Evaluations:
    """The evaluations of one log."""

    def __init__(self, log: Log, database: Database, environment: str, clock: Clock, telling: Telling) -> None:
        self._log = log
        self._database = database
        self._records = Records(environment)
        self._clock = clock
        self._telling = telling

    async def evaluate(self, wish: Wish, other: Asking, judge: Judge | None) -> Result:
        """Ask `other` what is chosen, and the judge about both answers.

        Raises:
            SettingsError: the set cannot be read, there is nothing in it, or nothing to resume.
            EndpointRefusedError: a model cannot be asked at all. What is done is kept.
        """
        run, items = await (self._earlier(wish, other, judge) if wish.resume else self._new(wish, other, judge))
        answers = await kept.answers_of(self._database, run.id)
        scores = await self._scores(judge.id if judge else None, items)
        tools = Tools(self._log, self._records, self._clock, judge)
        evaluation = Evaluation(run, tools, other, answers=answers, scores=scores)
        missing = evaluation.missing(items)
        with self._telling(f"asking {other.identity.id}", len(missing)) as told:
            failed = await each_of(missing, evaluation.evaluate, at_once=wish.at_once, told=told)
        return await self.result(run, failed)

    async def judge(self, wish: Wish, judge: Judge) -> Judged:
        """Let the judge score the chosen replies that it has not scored. Raises as `evaluate` does."""
        as_of = await self._log.newest()
        items = await items_from_log(self._database, wish.selection, as_of)
        if not items:
            raise SettingsError(
                "There is nothing to judge: people have voted on none of the chosen replies. `--replies all` takes "
                "every reply."
            )
        known = await self._scores(judge.id, items)
        missing = [each for each in items if each.id not in known]
        if missing:
            await self._note("judge", judge.asking.identity, as_of, wish.selection.to_json())
        tools = Tools(self._log, self._records, self._clock, judge)

        async def work(item: Item) -> None:
            await scored(tools, judge, item, about_reply(item), item.response)

        with self._telling(f"asking {judge.id}", len(missing)) as told:
            failed = await each_of(missing, work, at_once=wish.at_once, told=told)
        scores = await self._scores(judge.id, items)
        mean = mean_of(each.score for each in scores.values())
        return Judged(await self._agreement(judge.id), mean, len(items), failed)

    async def result(self, run: Run, failed: dict[str, str] | None = None) -> Result:
        """What an evaluation came to by now, from the log alone."""
        answers = await kept.answers_of(self._database, run.id)
        judge = run.judge and run.judge.id
        scores = await kept.scores_of(self._database, judge, JUDGE_ORIGIN, answers.keys()) if judge else {}
        compared = [
            Compared(scores[id_].score if id_ in scores else None, each.score, each.preference)
            for id_, each in answers.items()
        ]
        found = outcome(compared, run.options["items"], run.model.id)
        agreed = await self._agreement(judge) if judge else None
        return Result(run, found, agreed, failed or {}, answers, scores)

    async def _agreement(self, judge: str) -> Agreement:
        return agreement(await kept.judged_by_both(self._database, judge, JUDGE_ORIGIN), judge)

    async def _scores(self, judge: str | None, items: Iterable[Item]) -> dict[str, Scored]:
        if judge is None:
            return {}
        return await kept.scores_of(self._database, judge, JUDGE_ORIGIN, [each.id for each in items])

    async def _new(self, wish: Wish, other: Asking, judge: Judge | None) -> tuple[Run, list[Item]]:
        now = self._clock.now()
        as_of = await self._log.newest()
        items, from_what = await self._items(wish, as_of)
        if not items:
            raise SettingsError(
                "There is nothing to evaluate: none of the chosen replies was disliked or corrected by people, or the "
                "set is empty. `--replies all` takes every reply, `--set FILE` a set of your own."
            )
        options = from_what | {"as_of": as_of, "items": len(items)}
        run = Run(
            id=str(ULID.from_datetime(now)),
            at=now,
            model=other.identity,
            parameters=other.parameters,
            judge=judge.asking.identity if judge else None,
            prompt_version=PROMPT_VERSION,
            options=options,
        )
        await self._note("evaluation", other.identity, as_of, from_what)
        if judge:
            await self._note("judge", judge.asking.identity, as_of, from_what)
        await self._log.append(self._records.start(run))
        return run, items

    async def _earlier(self, wish: Wish, other: Asking, judge: Judge | None) -> tuple[Run, list[Item]]:
        for run in reversed(await kept.runs(self._database)):
            models = (run.model, run.judge)
            if models != (other.identity, judge.asking.identity if judge else None):
                continue
            items, from_what = await self._items(wish, run.options["as_of"])
            asked = {name: run.options.get(name) for name in from_what}
            if asked == from_what and run.prompt_version == PROMPT_VERSION:
                return run, items
        raise SettingsError(
            "No evaluation was begun with these models, this set and these options: there is nothing to resume. "
            "`plaudit evaluations` lists those that there are; without --resume one begins."
        )

    async def _items(self, wish: Wish, as_of: int) -> tuple[list[Item], dict[str, Any]]:
        """What is evaluated, and how the log calls it."""
        if wish.path is None:
            told = {"set": "log", **wish.selection.to_json()}
            return await items_from_log(self._database, wish.selection, as_of), told
        items = read_items(wish.path)[: wish.selection.limit]
        told = {"set": wish.path.name, "digest": digest_of(items), "limit": wish.selection.limit}
        return await joined_with_log(self._database, items), told

    async def _note(self, kind: str, model: ModelIdentity, as_of: int, options: Json) -> None:
        """What leaves is entered before it does: an erasure can then say who was given what."""
        target = str(model.metadata.get("endpoint") or model.id)
        await self._log.ledger().note(kind, target, seq_from=min(1, as_of), seq_to=as_of, options=options)


def least_liked(answers: dict[str, Answer], number: int) -> Sequence[tuple[str, Answer]]:
    """The answers that the judge likes least beside the replies, each with the item's id; those without words last."""

    def order(pair: tuple[str, Answer]) -> tuple[bool, float, float, str]:
        _, each = pair
        preference = 1.0 if each.preference is None else each.preference
        return each.withheld, preference, each.score or 0.0, pair[0]

    return sorted(answers.items(), key=order)[:number]
