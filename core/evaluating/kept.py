"""What evaluations and judges have said so far, read out of the log and the tables."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, case, func, select, true

from core.errors import NotFoundError
from core.evaluating.records import JUDGE_FEEDBACK, JUDGE_PREFERENCE, JUDGE_SCORE, Run
from core.feedback import USER_FEEDBACK, USER_RATING, SourceType
from core.messages import Json, ModelIdentity
from core.records import Record
from core.store import log
from core.store.engine import Database
from core.store.log import RECORDS
from core.store.tables import AssessmentRow, table

_CHUNK: Final = 500
_BETWEEN: Final = 0.5  # False and True
_a = table(AssessmentRow)
# By the key, which has an index; a type has none.
_starts = (
    select(RECORDS.c.seq)
    .where(RECORDS.c.idempotency_key.startswith("evaluation:"), RECORDS.c.type == "start_evaluation")
    .order_by(RECORDS.c.seq)
)
_by_judge = select(_a.c.message_id, _a.c.name, _a.c.number).where(
    _a.c.message_id.in_(bindparam("ids", expanding=True)),
    _a.c.name.in_((JUDGE_FEEDBACK, JUDGE_SCORE)),
    _a.c.source_type == SourceType.LLM_JUDGE.value,
    _a.c.source_id == bindparam("judge"),
    _a.c.origin == bindparam("origin"),
    _a.c.current == true(),
)


@dataclass(slots=True)
class Answer:
    """Another model's answer, and what the judge says of it so far."""

    id: str
    content: str
    withheld: bool
    feedback: float | None = None
    score: float | None = None
    preference: float | None = None
    rationales: dict[str, str] = field(default_factory=dict)
    """By the name of what was said."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a judge says of one reply."""

    feedback: float
    score: float


@dataclass(frozen=True, slots=True)
class BothSaid:
    """What a judge and people say of one reply."""

    judge_feedback: float | None
    judge_score: float | None
    likes: int
    """People."""
    dislikes: int
    mean_rating: float | None
    """Of people's scores, 1 to 5."""


async def runs(database: Database) -> list[Run]:
    """Every evaluation there is, the oldest first."""

    def work(connection: Connection) -> list[Record]:
        seqs = list(connection.execute(_starts).scalars())
        return [
            record
            for start in range(0, len(seqs), _CHUNK)
            for record in log.read_seqs(connection, seqs[start:][:_CHUNK])
        ]

    return [_run(record) for record in await database.read(work)]


async def run_of(database: Database, id_: str) -> Run:
    """The evaluation of this id. Raises NotFoundError."""
    found = next((each for each in await runs(database) if each.id == id_), None)
    if found is None:
        raise NotFoundError(f"There is no evaluation {id_}. `plaudit evaluations` lists them.")
    return found


async def answers_of(database: Database, run_id: str) -> dict[str, Answer]:
    """What the other model answered in an evaluation, by the item's id."""
    records = await database.read(partial(log.read_conversation, conversation_id=run_id, as_of=None))
    answers: dict[str, Answer] = {}
    by_id: dict[str, Answer] = {}
    for record in records:
        data = record.data
        if record.type == "log_answer":
            answer = Answer(data["id"], data["content"], bool(data.get("withheld")))
            answers[data["message_id"]] = by_id[answer.id] = answer
        elif record.type == "log_feedback" and (about := by_id.get(data["id"])) is not None:
            _said(about, data)
    return answers


async def scores_of(database: Database, judge: str, origin: str, ids: Collection[str]) -> dict[str, Scored]:
    """What a judge, asked in the words of `origin`, says of some replies; those that it has judged."""

    def work(connection: Connection) -> dict[str, dict[str, float]]:
        said: dict[str, dict[str, float]] = defaultdict(dict)
        for chunk in _chunks(list(ids)):
            rows = connection.execute(_by_judge, {"ids": chunk, "judge": judge, "origin": origin})
            for message_id, name, number in rows:
                said[message_id][name] = number
        return said

    both = (JUDGE_FEEDBACK, JUDGE_SCORE)
    said = await database.read(work)
    return {id_: Scored(*(each[name] for name in both)) for id_, each in said.items() if all(n in each for n in both)}


async def judged_by_both(database: Database, judge: str, origin: str) -> list[BothSaid]:
    """Every reply that both a judge and people judged, and what they said."""
    of_judge = _a.alias("of_judge").c
    people = _a.alias("of_people")
    of_people = people.c
    feedback, score = (
        func.max(case((of_judge.name == name, of_judge.number))) for name in (JUDGE_FEEDBACK, JUDGE_SCORE)
    )
    judged = (
        select(of_judge.message_id, feedback.label("feedback"), score.label("score"))
        .where(
            of_judge.source_type == SourceType.LLM_JUDGE.value,
            of_judge.source_id == judge,
            of_judge.origin == origin,
            of_judge.name.in_((JUDGE_FEEDBACK, JUDGE_SCORE)),
            of_judge.current == true(),
        )
        .group_by(of_judge.message_id)
        .subquery()
    )
    is_vote = of_people.name == USER_FEEDBACK
    by_people = and_(
        of_people.message_id == judged.c.message_id,
        of_people.source_type == SourceType.HUMAN.value,
        of_people.name.in_((USER_FEEDBACK, USER_RATING)),
        of_people.current == true(),
        of_people.number.is_not(None),
    )
    query = (
        select(
            judged.c.feedback,
            judged.c.score,
            func.sum(case((is_vote & (of_people.number >= _BETWEEN), 1), else_=0)),
            func.sum(case((is_vote & (of_people.number < _BETWEEN), 1), else_=0)),
            func.avg(case((of_people.name == USER_RATING, of_people.number))),
        )
        .select_from(judged.join(people, by_people))
        .group_by(judged.c.message_id, judged.c.feedback, judged.c.score)
        .order_by(judged.c.message_id)
    )
    return await database.read(lambda connection: [BothSaid(*row) for row in connection.execute(query)])


def _said(answer: Answer, data: Json) -> None:
    name, value = data["name"], data["value"]
    if value is None or data["source_type"] != SourceType.LLM_JUDGE:
        return
    if name == JUDGE_FEEDBACK:
        answer.feedback = float(value)
    elif name == JUDGE_SCORE:
        answer.score = float(value)
    elif name == JUDGE_PREFERENCE:
        answer.preference = float(value)
    if data["rationale"]:
        answer.rationales[name] = data["rationale"]


def _run(record: Record) -> Run:
    data = record.data
    return Run(
        id=data["id"],
        at=record.at,
        model=_identity(data["model"]),
        parameters=data["parameters"],
        judge=_identity(data["judge"]) if data["judge"] else None,
        prompt_version=data["prompt_version"],
        options=data["options"],
    )


def _identity(model: dict[str, Any]) -> ModelIdentity:
    return ModelIdentity(model["id"], model.get("metadata", {}))


def _chunks(items: list[str]) -> Iterable[list[str]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
