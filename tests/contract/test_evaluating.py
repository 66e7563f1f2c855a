"""Evaluations on both databases: what is chosen, what is kept, what goes on, what an erasure leaves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest

from core.clock import SystemClock
from core.errors import ModelFailedError, SettingsError
from core.evaluating import kept
from core.evaluating.asking import Asking, EndpointRefusedError
from core.evaluating.evaluations import Evaluations, Wish
from core.evaluating.from_log import Choice, Selection, items_from_log
from core.evaluating.judge import Judge
from core.exports.options import Scope
from core.forgetting import kept_of
from core.language_models.scripted import ScriptedModel, words
from core.messages import PersonRef
from tests.contract.exports_log import ANN, BOB, CAT, asked, begun, correction, vote
from tests.contract.store_stories import changed, consented, moment

GOOD, BAD = '{"rationale": "It says %s.", "score": 5, "content": true}', '{"rationale": "No.", "score": 1}'


@contextmanager
def silent(_what: str, _total: int) -> Iterator[Callable[..., None]]:
    yield lambda _item, _failure: None


async def sleepless(_seconds: float) -> None:
    pass


def asking(script, name: str) -> Asking:
    return Asking(ScriptedModel(script, name), SystemClock(), tries=2, sleep=sleepless)


def other(answer: str = "Four.") -> Asking:
    """A model that says one thing to everything."""
    return asking(lambda _: words(answer), "org/other")


def likes(text: str) -> Judge:
    """A judge that likes the answers that hold a text."""

    def script(prompt):
        user = prompt[-1].content
        if "<answer_a>" not in user:
            judged = user[user.index("<answer>") :]
            return words(GOOD % text if text in judged else BAD)
        first = user[user.index("<answer_a>") : user.index("</answer_a>")]
        second = user[user.index("<answer_b>") :]
        better = "neither" if (text in first) == (text in second) else "A" if text in first else "B"
        return words(orjson.dumps({"better": better, "rationale": f"It says {text}."}).decode())

    return Judge(asking(script, "org/judge"))


@pytest.fixture
def evaluations(sql_store) -> Evaluations:
    return Evaluations(sql_store, sql_store.database, "test", SystemClock(), silent)


@pytest.fixture
async def told(sql_store):
    """Three questions of two people: one answer liked, one disliked, one corrected."""
    await sql_store.append(
        begun("c1"), *asked("c1", "2+3?", "Five.", 1), vote("c1", BOB, value=True),
        begun("c2", 100), *asked("c2", "2+2?", "Five.", 101), vote("c2", ANN, value=False),
        begun("c3", 200), *asked("c3", "3+1?", "Six.", 201, by=BOB), correction("c3", CAT, "Four, I say."),
    )  # fmt: skip
    return sql_store


def chosen(choice: Choice = Choice.WRONG, **more: Any) -> Wish:
    return Wish(Selection(choice=choice, **more))


async def ids(store, **selection: Any) -> list[str]:
    items = await items_from_log(store.database, Selection(**selection), await store.newest())
    return [each.id for each in items]


async def test_what_people_disliked_or_corrected_is_evaluated_the_newest_first(told) -> None:
    items = await items_from_log(told.database, Selection(system="Be brief."), await told.newest())

    corrected, disliked = items
    assert (corrected.id, disliked.id) == ("c3-a1", "c2-a1")
    assert [each.content for each in corrected.prompt] == ["Be brief.", "3+1?"]
    assert (corrected.response, corrected.expected) == ("Six.", ("Four, I say.",))
    assert (corrected.asker, corrected.corrected_by, corrected.question_id) == (BOB, (CAT,), "c3-q1")


async def test_other_replies_are_chosen_by_what_is_asked_for(told) -> None:
    await told.append(begun("c4", 300), *asked("c4", "1+1?", "Two.", 301, model={"id": "org/new", "metadata": {}}))

    assert await ids(told, choice=Choice.JUDGED) == ["c2-a1", "c1-a1"]
    assert await ids(told, choice=Choice.ALL) == ["c4-a1", "c3-a1", "c2-a1", "c1-a1"]
    assert await ids(told, choice=Choice.ALL, limit=2) == ["c4-a1", "c3-a1"]
    assert await ids(told, choice=Choice.ALL, scope=Scope(models=("org/new",))) == ["c4-a1"]
    assert await ids(told, choice=Choice.ALL, scope=Scope(until=moment(150))) == ["c2-a1", "c1-a1"]
    assert await ids(told, choice=Choice.ALL, scope=Scope(platforms=("discord",))) == []


async def test_what_someone_wants_not_kept_or_was_taken_away_is_not_evaluated(told) -> None:
    await told.append(consented(ANN, 400, keep=False), changed("c3-a1", 400, in_conversation="c3", deleted=True))

    assert await ids(told, choice=Choice.ALL) == []


async def test_another_models_answers_stand_beside_the_replies_and_the_judge_sees_both(told, evaluations) -> None:
    found = await evaluations.evaluate(chosen(), other(), likes("Four"))

    assert (found.outcome.items, found.outcome.answered) == (2, 2)
    assert (found.outcome.wins, found.outcome.losses, found.outcome.ties) == (2, 0, 0)
    assert (found.outcome.original.mean, found.outcome.other.mean, found.outcome.difference.mean) == (1, 5, 4)
    answers = await kept.answers_of(told.database, found.run.id)
    assert {item: each.content for item, each in answers.items()} == {"c2-a1": "Four.", "c3-a1": "Four."}
    [answer, *_] = [each async for each in told.records() if each.type == "log_answer"]
    assert (answer.data["model"]["id"], answer.data["evaluation_id"]) == ("org/other", found.run.id)
    said = [each for each in await told.assessments("c2-a1") if each.source.type == "LLM_JUDGE"]
    assert {(each.name, each.value, each.source.id) for each in said} == {
        ("judge_feedback", False, "org/judge"),
        ("judge_score", 1, "org/judge"),
    }
    [vote_] = [each for each in said if each.name == "judge_feedback"]
    assert (vote_.rationale, vote_.metadata["prompt_version"]) == ("No.", "1")
    exports = await told.ledger().exports()
    assert [(each.kind, each.target) for each in exports] == [("evaluation", "org/other"), ("judge", "org/judge")]
    assert await told.check() == []


async def test_nothing_of_it_is_a_conversation_or_counts_as_people(told, evaluations) -> None:
    def without_machines(rows: list[Any]) -> list[Any]:
        return [each for each in rows if each.source.type == "HUMAN"]

    async def numbers() -> list[Any]:
        asked_for = ("tally", "dimension_counts", "category_counts", "ratings", "disliked")
        counted = [await getattr(told, name)() for name in asked_for]
        past = await told.as_of(await told.newest())
        counted += [await getattr(past, name)() for name in asked_for]
        counted += [await told.model_votes(["org/model", "org/other"]), await told.streaming_figures()]
        counted += [await told.recent_replies(moment(0)), without_machines(await told.assessments("c2-a1"))]
        return [*counted, await told.idle_conversations(moment(10_000_000)), await told.conversation("c2")]

    before = await numbers()
    await evaluations.evaluate(chosen(), other(), likes("Four"))
    await evaluations.judge(chosen(Choice.ALL), likes("Five"))

    assert await numbers() == before
    view = await told.conversation_view("c2")
    assert [(each.role, each.rating, each.feedback) for each in view.messages] == [
        ("user", "", ""),
        ("assistant", "dislike", ""),
    ]


async def test_one_items_failure_leaves_the_others_alone_and_resuming_does_what_is_missing(told, evaluations) -> None:
    def fails_at(text: str):
        def script(prompt):
            asked_ = prompt[-1].content
            return [ModelFailedError("It is busy.", reason="http_503")] if text in asked_ else words("Four.")

        return asking(script, "org/other")

    first = await evaluations.evaluate(chosen(), fails_at("2+2"), likes("Four"))
    await told.append(vote("c1", CAT, value=False), vote("c1", ANN, value=False))
    again, judge = other(), likes("Four")
    second = await evaluations.evaluate(replace(chosen(), resume=True), again, judge)

    assert list(first.failed) == ["c2-a1"]
    assert "http_503" in first.failed["c2-a1"]
    assert (first.outcome.answered, second.outcome.answered) == (1, 2)
    assert second.run.id == first.run.id
    assert second.failed == {}
    assert len(again._model.prompts) == 1  # type: ignore[attr-defined] # a scripted one
    assert len(judge.asking._model.prompts) == 4  # type: ignore[attr-defined]
    assert len([each async for each in told.records() if each.type == "start_evaluation"]) == 1


async def test_a_judge_that_fails_leaves_the_answer_that_was_given(told, evaluations) -> None:
    broken = Judge(asking(lambda _: words("I cannot say."), "org/judge"))

    first = await evaluations.evaluate(chosen(), other(), broken)
    again = other()
    second = await evaluations.evaluate(replace(chosen(), resume=True), again, likes("Four"))

    assert len(first.failed) == 2
    assert first.outcome.answered == 2
    assert again._model.prompts == []  # type: ignore[attr-defined]
    assert second.outcome.wins == 2


async def test_a_model_that_cannot_be_asked_ends_it_and_what_is_done_is_kept(told, evaluations) -> None:
    gone = asking(lambda _: [ModelFailedError("It is gone.", reason="http_404")], "org/judge")

    with pytest.raises(EndpointRefusedError, match="no model org/judge"):
        await evaluations.evaluate(replace(chosen(), at_once=1), other(), Judge(gone))

    [run] = await kept.runs(told.database)
    assert len(await kept.answers_of(told.database, run.id)) == 1


async def test_there_is_nothing_to_resume_where_it_was_asked_otherwise(told, evaluations) -> None:
    await evaluations.evaluate(chosen(), other(), None)

    for wish, judge in ((chosen(limit=1), None), (chosen(Choice.ALL), None), (chosen(), likes("Four"))):
        with pytest.raises(SettingsError, match="nothing to resume"):
            await evaluations.evaluate(replace(wish, resume=True), other(), judge)


async def test_without_a_judge_the_answers_are_kept(told, evaluations) -> None:
    found = await evaluations.evaluate(chosen(), other(), None)

    assert found.outcome.answered == 2
    assert found.agreement is None
    assert "--judge" in found.outcome.words


async def test_a_judge_says_how_far_it_agrees_and_judges_nothing_twice(told, evaluations) -> None:
    judge = likes("Five")

    found = await evaluations.judge(chosen(Choice.JUDGED), judge)
    again = await evaluations.judge(chosen(Choice.ALL), judge)

    assert (found.replies, found.score.mean) == (2, 5)
    assert found.agreement.votes.units == 2
    assert again.replies == 3
    assert len(judge.asking._model.prompts) == 3  # type: ignore[attr-defined]


async def test_a_set_in_a_file_is_evaluated_and_may_be_ones_own(told, evaluations, tmp_path) -> None:
    mine = {"inputs": {"messages": [{"role": "user", "content": "1+3?"}]}}
    corrected = [
        {
            "inputs": {"messages": [{"role": "user", "content": "3+1?"}]},
            "outputs": {"response": "Six."},
            "expectations": {"expected_response": text},
            "message_id": "c3-a1",
        }
        for text in ("Four.", "4")
    ]
    path = tmp_path / "set.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(each) for each in (mine, *corrected)))

    found = await evaluations.evaluate(Wish(Selection(), path), other(), likes("Four"))
    resumed = await evaluations.evaluate(Wish(Selection(), path, resume=True), other("Nothing."), likes("Four"))

    assert (found.outcome.items, found.outcome.answered, found.outcome.wins) == (2, 2, 1)
    assert resumed.answers == found.answers
    [record] = [each async for each in told.records() if each.data.get("message_id") == "c3-a1"]
    assert record.subject == BOB


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "row 1"),
        ('{"prompt": []}', "plaudit export eval"),
        ('{"inputs": {"messages": [{"role": "assistant", "content": "a"}]}}', "not a user's"),
    ],
)
async def test_a_file_that_is_no_set_is_refused(told, evaluations, tmp_path, text, says) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(text)

    with pytest.raises(SettingsError, match=says):
        await evaluations.evaluate(Wish(Selection(), path), other(), None)


async def test_an_erasure_takes_the_words_of_answers_and_judges_along(told, evaluations, database_url) -> None:
    found = await evaluations.evaluate(chosen(), other("Four, 77secret77."), likes("77secret77"))

    await told.erase(PersonRef.parse(ANN))
    one_left = await evaluations.result(found.run)
    await told.erase(PersonRef.parse(BOB))
    none_left = await evaluations.result(found.run)

    assert [each.withheld for each in one_left.answers.values()].count(True) == 1
    assert all(each.withheld and not each.content and not each.rationales for each in none_left.answers.values())
    assert none_left.outcome.wins == found.outcome.wins == 2
    assert "77secret77" not in str([each async for each in told.records()])
    assert await told.check() == []
    assert all(each.stale_since for each in await told.ledger().exports())


async def test_who_wrote_a_correction_is_erased_from_what_a_judge_makes_of_it(told, evaluations) -> None:
    await evaluations.evaluate(chosen(), other(), likes("Four"))

    await told.erase(PersonRef.parse(CAT))

    about = [each for each in [each async for each in told.records()] if each.data.get("name") == "judge_preference"]
    assert sorted(each.data["rationale"] for each in about) == ["", "It says Four."]
    assert CAT not in str([each async for each in told.records()])
    assert await told.check() == []


async def test_who_is_erased_while_another_model_answers_leaves_no_words(told, evaluations) -> None:
    async def erased_first() -> None:
        await told.erase(PersonRef.parse(ANN))

    class Slow(ScriptedModel):
        async def reply(self, prompt):
            if "2+2" in prompt[-1].content:
                await erased_first()
            async for chunk in super().reply(prompt):
                yield chunk

    slow = Asking(Slow(lambda _: words("Four, 77secret77."), "org/other"), SystemClock())
    found = await evaluations.evaluate(chosen(), slow, None)

    assert found.answers["c2-a1"].withheld
    assert ANN not in str([each async for each in told.records()])


async def test_words_that_are_too_old_go_from_answers_too(told, evaluations) -> None:
    found = await evaluations.evaluate(chosen(), other("Four, 77secret77."), likes("77secret77"))

    await told.retention().redact(SystemClock().now())
    after = await evaluations.result(found.run)

    assert all(each.withheld for each in after.answers.values())
    assert after.outcome.wins == found.outcome.wins
    assert "77secret77" not in str([each async for each in told.records()])


async def test_what_a_judge_says_of_a_reply_is_the_askers_but_not_their_opinion(told, evaluations) -> None:
    async def of_ann():
        return await kept_of(told.data_of(ANN))

    before = await of_ann()
    await evaluations.evaluate(chosen(), other(), likes("Four"))
    after = await of_ann()

    assert (after.messages, after.opinions) == (before.messages, before.opinions)
    assert after.records > before.records
