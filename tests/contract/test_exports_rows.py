"""Which rows an export has, on both databases: labels, pairs, prompts, and what must not be in any."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from core.errors import SettingsError
from core.exports.making import Source, make
from core.exports.options import Aggregation, Format, Kind, Options, Rules, Scope
from core.messages import PersonRef, PlaceRef
from core.store.database import connected
from tests.contract.exports_log import ANN, BOB, CAT, MODEL, asked, begun, correction, exported, rows_in, vote
from tests.contract.store_stories import changed, consented, moment, replied, said, started, withdrew

KTO = Options(Kind.KTO, test_share=0)
LIKED, DISLIKED, BETWEEN = True, False, None


@pytest.fixture
def rows_of(sql_store, database_url, tmp_path):
    """Exports, each into a directory of its own; gives its rows."""
    numbers = iter(range(100))

    async def rows(options: Options, **more: Any) -> list[dict[str, Any]]:
        found, _ = await exported(sql_store, database_url, tmp_path / str(next(numbers)), options, **more)
        return found

    return rows


def texts(turns: list[dict[str, str]]) -> list[str]:
    return [f"{turn['role']}: {turn['content']}" for turn in turns]


async def test_a_liked_reply_is_a_row_with_the_conversation_before_it(sql_store, rows_of):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), *asked("c1", "two?", "Two.", 3, number=2))
    await sql_store.append(vote("c1", BOB, value=True, number=2, metadata={"segment": "staff", "by_asker": False}))

    [row] = await rows_of(KTO)

    assert texts(row["prompt"]) == ["user: one?", "assistant: One.", "user: two?"]
    assert texts(row["completion"]) == ["assistant: Two."]
    assert row["label"] is True
    assert (row["conversation_id"], row["message_id"], row["model"]) == ("c1", "c1-a2", "org/model")
    assert (row["raters"], row["rating"], row["platform"], row["workspace"]) == (1, 5.0, "slack", "T1")
    assert row["created_at"] == "2026-01-01T00:00:04.000000+00:00"
    [told] = orjson.loads(row["metadata_json"])["votes"]
    assert told | {"rater": ""} == {
        "rater": "",
        "name": "user_feedback",
        "value": True,
        "segment": "staff",
        "by_asker": False,
    }
    assert told["rater"].startswith("person-")
    assert BOB not in str(row)


@pytest.mark.parametrize(("score", "label"), [(5, LIKED), (4, LIKED), (3, BETWEEN), (2, DISLIKED), (1, DISLIKED)])
async def test_a_score_is_a_label_by_its_thresholds(sql_store, rows_of, score, label):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1))
    await sql_store.append(vote("c1", BOB, score, name="user_rating"))

    rows = await rows_of(KTO)

    assert [each["label"] for each in rows] == ([] if label is None else [label])
    assert [each["rating"] for each in rows] == ([] if label is None else [float(score)])


@pytest.mark.parametrize(
    ("votes", "aggregation", "label"),
    [
        ((True, True, False), Aggregation.MAJORITY, LIKED),
        ((True, False), Aggregation.MAJORITY, BETWEEN),
        ((True, True, False), Aggregation.ANY, BETWEEN),
        ((True, 3), Aggregation.ANY, LIKED),
        ((True, True, True, False), Aggregation.MEAN, LIKED),
        ((True, True, False), Aggregation.MEAN, BETWEEN),
        ((1, 2, 3), Aggregation.MEAN, DISLIKED),
    ],
)
async def test_several_peoples_votes_become_one(sql_store, rows_of, votes, aggregation, label):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1))
    for number, value in enumerate(votes):
        name = "user_feedback" if isinstance(value, bool) else "user_rating"
        await sql_store.append(vote("c1", f"slack:T1:U000000{number}", value, name=name))

    rows = await rows_of(replace(KTO, rules=Rules(aggregation=aggregation)))

    assert [(each["label"], each["raters"]) for each in rows] == ([] if label is None else [(label, len(votes))])


async def test_of_one_person_the_latest_vote_counts_and_a_thumb_more_than_a_score(sql_store, rows_of):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1))
    await sql_store.append(vote("c1", BOB, value=True), vote("c1", BOB, value=False, seconds=20))
    await sql_store.append(vote("c1", BOB, 5, 30, name="user_rating"))

    [row] = await rows_of(KTO)

    assert (row["label"], row["raters"]) == (False, 1)


async def test_replies_judged_by_too_few_are_left_out(sql_store, rows_of):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", BOB, value=True))

    rows = await rows_of(replace(KTO, rules=Rules(min_raters=2)))

    assert rows == []


async def test_fine_tuning_gets_what_was_liked_and_what_it_should_have_said(sql_store, rows_of):
    for name in ("c1", "c2", "c3"):
        await sql_store.append(begun(name), *asked(name, f"{name}?", f"{name}.", 1))
    await sql_store.append(vote("c1", BOB, value=True), vote("c2", BOB, value=False))
    await sql_store.append(correction("c2", BOB, "Better."), correction("c3", CAT, "Best."))

    rows = await rows_of(Options(Kind.SFT, test_share=0))

    found = {each["conversation_id"]: (each["completion"][0]["content"], each["source"]) for each in rows}
    assert found == {"c1": ("c1.", "reply"), "c2": ("Better.", "correction"), "c3": ("Best.", "correction")}
    assert all(each["prompt"][-1]["role"] == "user" for each in rows)


async def test_pairs_are_a_correction_beside_the_original_and_second_answers_that_were_voted_on_differently(
    sql_store, rows_of
):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), correction("c1", BOB, " Better. "))
    await sql_store.append(begun("c2"), *asked("c2", "two?", "Worse.", 1), vote("c2", BOB, value=False))
    again = replied("c2-a2", 5, content="Two.", to="c2", question_id="c2-q1", retry_of="c2-a1", model=MODEL)
    await sql_store.append(again, vote("c2", BOB, value=True, number=2))
    await sql_store.append(begun("c3"), *asked("c3", "same?", "Same.", 1), correction("c3", BOB, "Same."))

    rows = await rows_of(Options(Kind.DPO, test_share=0))

    found = {each["conversation_id"]: each for each in rows}
    assert found.keys() == {"c1", "c2"}
    assert (texts(found["c1"]["chosen"]), texts(found["c1"]["rejected"])) == (
        ["assistant: Better."],
        ["assistant: One."],
    )
    assert (texts(found["c2"]["chosen"]), texts(found["c2"]["rejected"])) == (
        ["assistant: Two."],
        ["assistant: Worse."],
    )
    assert texts(found["c2"]["prompt"]) == ["user: two?"]


async def test_a_pair_is_the_same_whichever_answer_was_the_better_one(sql_store, rows_of):
    await sql_store.append(begun("c2"), *asked("c2", "two?", "Better.", 1), vote("c2", BOB, value=True))
    again = replied("c2-a2", 5, content="Worse.", to="c2", question_id="c2-q1", retry_of="c2-a1", model=MODEL)
    await sql_store.append(again, vote("c2", BOB, value=False, number=2))

    [row] = await rows_of(Options(Kind.DPO, test_share=0))

    assert (row["message_id"], texts(row["chosen"])) == ("c2-a1", ["assistant: Better."])


async def test_evaluation_gets_what_was_disliked_or_corrected_with_the_reasons(sql_store, rows_of):
    for name in ("c1", "c2", "c3"):
        await sql_store.append(begun(name), *asked(name, f"{name}?", f"{name}.", 1))
    await sql_store.append(vote("c1", BOB, value=False), vote("c2", BOB, value=True), vote("c3", BOB, value=True))
    await sql_store.append(vote("c1", BOB, "made up", name="user_category", origin="form:made up"))
    await sql_store.append(vote("c1", BOB, "No such day.", name="user_comment", origin="message:1"))
    await sql_store.append(correction("c2", CAT, "Better."))

    rows = await rows_of(Options(Kind.EVAL, test_share=0))

    found = {each["conversation_id"]: each for each in rows}
    assert found.keys() == {"c1", "c2"}
    assert texts(found["c1"]["inputs"]["messages"]) == ["user: c1?"]
    assert found["c1"]["outputs"] == {"response": "c1."}
    assert found["c1"]["expectations"] == {"expected_response": None}
    assert found["c1"]["tags"]["categories"] == "made up"
    assert orjson.loads(found["c1"]["metadata_json"])["comments"] == ["No such day."]
    assert found["c2"]["expectations"] == {"expected_response": "Better."}
    assert [found[name]["tags"]["label"] for name in ("c1", "c2")] == ["disliked", "liked"]


async def test_what_is_withdrawn_opted_out_or_erased_is_in_no_row(sql_store, rows_of):
    for name, person in (("c1", ANN), ("c2", BOB), ("c3", CAT), ("c4", ANN)):
        await sql_store.append(begun(name), *asked(name, f"{name}?", f"{name}.", 1, by=person))
        await sql_store.append(vote(name, ANN, value=True))
    before = await rows_of(KTO)

    await sql_store.append(withdrew("c1-a1", ANN, value=True, seconds=20, conversation_id="c1"))
    after_withdrawal = await rows_of(KTO)
    await sql_store.append(consented(BOB, 30, keep=False))
    after_opting_out = await rows_of(KTO)
    await sql_store.erase(PersonRef.parse(CAT))
    after_erasure = await rows_of(KTO)

    named = [{each["conversation_id"] for each in rows} for rows in (before, after_withdrawal, after_opting_out)]
    assert named == [{"c1", "c2", "c3", "c4"}, {"c2", "c3", "c4"}, {"c3", "c4"}]
    assert {each["conversation_id"] for each in after_erasure} == {"c4"}


async def test_votes_and_corrections_of_who_opted_out_do_not_count(sql_store, rows_of):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", ANN, value=True))
    await sql_store.append(
        vote("c1", BOB, value=False), correction("c1", BOB, "Better."), consented(BOB, 30, keep=False)
    )

    [rated], corrected = await rows_of(KTO), await rows_of(Options(Kind.DPO))

    assert (rated["label"], rated["raters"]) == (True, 1)
    assert corrected == []


async def test_a_conversation_in_which_someone_opted_out_has_no_rows_after_their_words(sql_store, rows_of):
    await sql_store.append(
        begun("c1"), *asked("c1", "one?", "One.", 1), *asked("c1", "two?", "Two.", 3, number=2, by=BOB)
    )
    await sql_store.append(*asked("c1", "three?", "Three.", 5, number=3), consented(BOB, 30, keep=False))
    for number in (1, 2, 3):
        await sql_store.append(vote("c1", CAT, value=True, number=number))

    rows = await rows_of(KTO)

    assert [each["message_id"] for each in rows] == ["c1-a1"]


async def test_what_was_cut_off_deleted_or_has_no_question_is_left_out(sql_store, database_url, tmp_path):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One", 1, status="cut_off"))
    await sql_store.append(
        begun("c2"), *asked("c2", "one?", "One.", 1), changed("c2-a1", 5, deleted=True, in_conversation="c2")
    )
    await sql_store.append(
        begun("c3"), *asked("c3", "one?", "One.", 1), changed("c3-q1", 5, deleted=True, in_conversation="c3")
    )
    await sql_store.append(begun("c4"), *asked("c4", "one?", "  ", 1))
    for name in ("c1", "c2", "c3", "c4"):
        await sql_store.append(vote(name, BOB, value=True))

    rows, manifest = await exported(sql_store, database_url, tmp_path / "out", KTO)

    assert rows == []
    assert manifest["counts"]["left_out"] == {"deleted": 1, "empty": 1, "no_question": 1, "not_complete": 1}


async def test_a_question_that_was_edited_after_its_answer_is_no_prompt_for_it(sql_store, rows_of):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1))
    await sql_store.append(changed("c1-q1", 5, content="two?", in_conversation="c1"))
    await sql_store.append(*asked("c1", "three?", "Three.", 7, number=2))
    await sql_store.append(vote("c1", BOB, value=True), vote("c1", BOB, value=True, number=2))

    [row] = await rows_of(KTO)

    assert texts(row["prompt"]) == ["user: two?", "assistant: One.", "user: three?"]


async def test_a_branch_has_the_history_that_it_branched_from(sql_store, rows_of):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), *asked("c1", "two?", "Two.", 3, number=2))
    await sql_store.append(begun("c2", 5, branched="c1-a1", lasting=False), *asked("c2", "but?", "But.", 6))
    await sql_store.append(vote("c2", BOB, value=True))

    [row] = await rows_of(KTO)
    [cut] = await rows_of(replace(KTO, window=replace(KTO.window, messages=1)))

    assert texts(row["prompt"]) == ["user: one?", "assistant: One.", "user: but?"]
    assert texts(cut["prompt"]) == ["user: but?"]


async def test_the_system_text_begins_each_prompt_where_it_is_asked_for(sql_store, rows_of):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", BOB, value=True))

    [row] = await rows_of(replace(KTO, system="Be brief."))

    assert texts(row["prompt"]) == ["system: Be brief.", "user: one?"]


async def test_rows_that_say_the_same_are_one(sql_store, database_url, tmp_path):
    for name in ("c1", "c2", "c3"):
        await sql_store.append(begun(name), *asked(name, "hi", "Hello!", 1), vote(name, BOB, value=name != "c3"))

    rows, manifest = await exported(sql_store, database_url, tmp_path / "out", KTO)

    assert sorted((each["conversation_id"], each["label"]) for each in rows) == [("c1", True), ("c3", False)]
    assert manifest["counts"]["duplicates"] == 1


async def test_a_scope_is_kept_to(sql_store, rows_of):
    places = {
        "c1": PlaceRef("slack", "T1", "C1"),
        "c2": PlaceRef("slack", "T2", "C1"),
        "c3": PlaceRef("discord", "G", "C"),
    }
    for number, (name, place) in enumerate(places.items()):
        model = {"id": f"org/{name}", "metadata": {}}
        await sql_store.append(started(name, place=place), *asked(name, f"{name}?", "Yes.", number * 100, model=model))
        await sql_store.append(vote(name, BOB, value=True))

    async def named(**scope: Any) -> str:
        return " ".join(sorted(each["conversation_id"] for each in await rows_of(replace(KTO, scope=Scope(**scope)))))

    assert await named() == "c1 c2 c3"
    assert await named(platforms=("slack",)) == "c1 c2"
    assert await named(workspaces=("T2", "G")) == "c2 c3"
    assert await named(models=("org/c1",)) == "c1"
    assert await named(since=moment(50), until=moment(150)) == "c2"


async def test_things_are_as_they_were_after_an_earlier_record(sql_store, rows_of):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", BOB, value=True))
    await sql_store.append(begun("c2"), *asked("c2", "two?", "Two.", 1), vote("c2", BOB, value=True))
    as_of = await sql_store.newest()
    earlier = await rows_of(KTO)

    await sql_store.append(vote("c1", BOB, value=False, seconds=50), begun("c3"), *asked("c3", "three?", "Three.", 1))
    await sql_store.append(vote("c3", BOB, value=True), changed("c2-q1", 60, content="2?", in_conversation="c2"))
    now, then = await rows_of(KTO), await rows_of(KTO, as_of=as_of)

    assert then == earlier
    assert {each["conversation_id"]: each["label"] for each in now} == {"c1": False, "c3": True}


async def test_openai_gets_no_columns_but_its_own(sql_store, rows_of):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), correction("c1", BOB, "Better."))

    [pair] = await rows_of(Options(Kind.DPO, Format.OPENAI, test_share=0))
    [chat] = await rows_of(Options(Kind.SFT, Format.OPENAI, test_share=0))

    question, better = {"role": "user", "content": "one?"}, {"role": "assistant", "content": "Better."}
    assert chat == {"messages": [question, better]}
    assert pair == {
        "input": {"messages": [question]},
        "preferred_output": [better],
        "non_preferred_output": [{"role": "assistant", "content": "One."}],
    }


async def test_training_needs_the_terms_acknowledged_and_evaluation_does_not(sql_store, database_url, tmp_path):
    await sql_store.append(started("c1", place=PlaceRef("discord", "G", "C")), *asked("c1", "one?", "One.", 1))
    await sql_store.append(vote("c1", BOB, value=False))

    async with connected(database_url) as database:
        source = Source(database_url, database, sql_store.ledger(), await sql_store.pseudonyms(), {"slack"})
        with pytest.raises(
            SettingsError, match=r"discord .*Developer Policy.*PLAUDIT_ACKNOWLEDGED_TERMS=discord,slack"
        ):
            await make(source, KTO, tmp_path / "kto")
        await make(source, Options(Kind.EVAL), tmp_path / "eval")

    assert len(rows_in(tmp_path / "eval")) == 1
    assert not (tmp_path / "kto").exists()


async def test_a_reply_that_only_a_judge_judged_is_no_row(sql_store, rows_of):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1))
    await sql_store.append(vote("c1", "judge-1", value=True, source_type="LLM_JUDGE"))

    rows = await rows_of(KTO)

    assert rows == []


async def test_questions_that_came_while_one_was_answered_are_in_turns(sql_store, rows_of):
    first, answer = asked("c1", "one?", "One.", 1)
    second, other = asked("c1", "two?", "Two.", 2, number=2)
    await sql_store.append(begun("c1"), first, second, answer, other, said("c1-q3", 9, content="three?", to="c1"))
    await sql_store.append(vote("c1", BOB, value=True), vote("c1", BOB, value=True, number=2))

    rows = await rows_of(KTO)

    prompts = {each["message_id"]: texts(each["prompt"]) for each in rows}
    assert prompts == {"c1-a1": ["user: one?"], "c1-a2": ["user: one?", "assistant: One.", "user: two?"]}
