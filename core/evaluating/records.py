"""What an evaluation, a judge or a check says, as records. They are marked with their source and with nobody's vote.

Each record belongs to whoever asked the question (its `subject`), because an answer, and what is said of one, may
repeat their words: an erasure takes the words of all of these along.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from core.evaluating.asking import Whole
from core.evaluating.items import Item
from core.evaluating.judge import Preference
from core.evaluating.judge_prompts import PROMPT_VERSION, Score
from core.feedback import SourceType, Value
from core.messages import ModelIdentity, PlaceRef, stable_ulid
from core.records import LogAnswer, LogFeedback, Payload, Record, StartEvaluation, envelop

JUDGE_FEEDBACK: Final = "judge_feedback"
"""Whether a judge thinks that who asked would be content: what `user_feedback` is of people."""
JUDGE_SCORE: Final = "judge_score"
"""Its score, 1 to 5: what `user_rating` is of people."""
JUDGE_PREFERENCE: Final = "judge_preference"
"""How another model's answer compares with the reply: `judge.BETTER`, `ALIKE` or `WORSE`."""
SOURCE: Final = "plaudit"
"""Who tells these records: no platform does."""
JUDGE_ORIGIN: Final = f"judge:{PROMPT_VERSION}"
_NOWHERE: Final = PlaceRef("plaudit", "evaluation", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One evaluation."""

    id: str
    at: datetime
    model: ModelIdentity
    parameters: Mapping[str, Any]
    judge: ModelIdentity | None
    prompt_version: str
    options: Mapping[str, Any]

    def answer_id(self, item: Item) -> str:
        """The id of the other model's answer to an item: the same whenever it is resumed."""
        return stable_ulid(self.at, f"answer:{self.id}:{item.id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """An answer about which something is said."""

    message_id: str
    conversation_id: str
    place: str = ""
    """`PlaceRef.key`; empty for what stands in no chat."""
    question_id: str | None = None
    asker: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What a judge or a check says."""

    source_type: SourceType
    source_id: str
    origin: str
    """Said again with the same one, it replaces what was said."""
    name: str
    value: Value
    rationale: str = ""


def about_reply(item: Item, run_id: str = "") -> About:
    """The reply of an item; in a set that is not from this log, it is the evaluation's."""
    return About(
        message_id=item.id,
        conversation_id=item.conversation_id or run_id,
        place=item.place,
        question_id=item.question_id,
        asker=item.asker,
    )


def about_answer(item: Item, run: Run) -> About:
    """The other model's answer to an item."""
    told: dict[str, Any] = {"evaluation": run.id}
    if item.corrected_by:
        told["corrected_by"] = list(item.corrected_by)
    return replace(about_reply(item), message_id=run.answer_id(item), conversation_id=run.id, place="", metadata=told)


class Records:
    """Makes the records of one environment."""

    def __init__(self, environment: str) -> None:
        self._environment = environment

    def start(self, run: Run) -> Record:
        """The record that an evaluation begins."""
        payload = StartEvaluation(
            id=run.id,
            model=_model(run.model),
            parameters=dict(run.parameters),
            judge=_model(run.judge) if run.judge else None,
            prompt_version=run.prompt_version,
            options=dict(run.options),
        )
        return self._envelop(payload, run.at, f"evaluation:{run.id}:start", conversation_id=run.id)

    def answer(self, run: Run, item: Item, model: ModelIdentity, parameters: Mapping[str, Any], whole: Whole) -> Record:
        """The record of what the other model answered."""
        id_ = run.answer_id(item)
        payload = LogAnswer(
            id=id_,
            evaluation_id=run.id,
            message_id=item.id,
            question_id=item.question_id,
            content=whole.text,
            model=_model(model),
            parameters=dict(parameters),
            started_at=whole.started_at.isoformat(),
            ended_at=whole.ended_at.isoformat(),
            prompt_tokens=whole.usage.prompt_tokens if whole.usage else None,
            completion_tokens=whole.usage.completion_tokens if whole.usage else None,
            finish_reason=whole.finish_reason,
        )
        key = f"evaluation:{run.id}:{item.id}:answer"
        return self._envelop(payload, whole.ended_at, key, conversation_id=run.id, message_id=id_, subject=item.asker)

    def scored(self, about: About, judge: str, score: Score, at: datetime) -> list[Record]:
        """The records of a judge's score; its reasons stand with the first."""
        said = [
            Said(SourceType.LLM_JUDGE, judge, JUDGE_ORIGIN, JUDGE_FEEDBACK, score.content, score.rationale),
            Said(SourceType.LLM_JUDGE, judge, JUDGE_ORIGIN, JUDGE_SCORE, score.score),
        ]
        return [self.said(about, each, at) for each in said]

    def preferred(self, about: About, judge: str, preference: Preference, at: datetime) -> Record:
        """The record of how an answer compares with the reply."""
        told = replace(about, metadata={**about.metadata, "is_consistent": preference.is_consistent})
        value, why = preference.value, preference.rationale
        return self.said(told, Said(SourceType.LLM_JUDGE, judge, JUDGE_ORIGIN, JUDGE_PREFERENCE, value, why), at)

    def said(self, about: About, said: Said, at: datetime) -> Record:
        """The record of what a judge or a check says. `rating` and `feedback` stay empty: these are people's."""
        metadata: dict[str, Any] = {"question_id": about.question_id, **about.metadata}
        if said.source_type is SourceType.LLM_JUDGE:
            metadata["prompt_version"] = PROMPT_VERSION
        key = f"{said.source_type.value.lower()}:{said.source_id}:{said.origin}:{about.message_id}:{said.name}"
        payload = LogFeedback(
            id=about.message_id,
            conversation_id=about.conversation_id,
            assessment_id=stable_ulid(at, key),
            name=said.name,
            value=said.value,
            source_type=said.source_type.value,
            source_id=said.source_id,
            origin=said.origin,
            rationale=said.rationale,
            metadata=metadata,
        )
        return self._envelop(
            payload,
            at,
            key,
            where=PlaceRef.parse(about.place) if about.place else _NOWHERE,
            conversation_id=about.conversation_id,
            message_id=about.message_id,
            subject=about.asker,
        )

    def _envelop(
        self, payload: Payload, at: datetime, key: str, *, where: PlaceRef = _NOWHERE, **addresses: str | None
    ) -> Record:
        record = envelop(payload, environment=self._environment, at=at, where=where, key=key, **addresses)
        return replace(record, source=SOURCE)


def _model(model: ModelIdentity) -> dict[str, Any]:
    return {"id": model.id, "metadata": dict(model.metadata)}
