"""What MLflow is told of a log, on both databases, against a small server with the real one's rules."""

from dataclasses import replace

import pytest

from core.exports.mlflow.client import Address, MlflowAwayError, MlflowError, connected
from core.exports.mlflow.entries import Target
from core.exports.mlflow.syncing import MlflowEraser
from core.exports.mlflow.traces import Manner, trace_id
from core.forgetting import propagate
from core.messages import PersonRef
from core.store.database import connected as database_at
from tests.contract.exports_log import ANN, BOB, CAT, asked, begun, correction, vote
from tests.contract.store_stories import categorised, changed, commented, consented, moment, voted, withdrew
from tests.mlflow.fake import FakeMlflow, fake_mlflow
from tests.mlflow.syncs import EXPERIMENT, send

TIMES = {
    "started_at": moment(1).isoformat(),
    "first_token_at": moment(1.5).isoformat(),
    "ended_at": moment(3).isoformat(),
    "prompt_tokens": 12,
    "completion_tokens": 30,
    "client_request_id": "slack-C1-1.0",
}
FIRST = trace_id("c1-a1")


@pytest.fixture
async def fake():
    async with fake_mlflow() as server:
        yield server


@pytest.fixture
def sync(sql_store, database_url, fake):
    """One pass, as the operator chose."""

    async def do(**how):
        return await send(sql_store, database_url, Address(fake.url, EXPERIMENT), **how)

    return do


def tagged(fake: FakeMlflow, name: str) -> list[object]:
    return sorted(trace["tags"][name] for trace in fake.traces.values())


async def test_a_trace_has_who_asked_in_which_session_what_and_when(sql_store, fake, sync):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1, **TIMES))
    ann = (await sql_store.pseudonyms()).of(ANN)

    await sync()

    trace = fake.traces[FIRST]
    assert trace["client_request_id"] == "slack-C1-1.0"
    assert (trace["request_preview"], trace["response_preview"]) == ("one?", "One.")
    assert (trace["request_time"], trace["execution_duration"]) == ("2026-01-01T00:00:01.000000Z", "2.000s")
    assert trace["state"] == "OK"
    assert trace["trace_metadata"]["mlflow.trace.user"] == ann
    assert trace["trace_metadata"]["mlflow.trace.session"] == "c1"
    assert trace["trace_metadata"]["plaudit.seconds_to_first_token"] == "0.500"
    assert trace["trace_metadata"]["mlflow.trace.tokenUsage"] == (
        '{"input_tokens":12,"output_tokens":30,"total_tokens":42}'
    )
    assert (trace["tags"]["model"], trace["tags"]["platform"], trace["tags"]["channel"]) == ("org/model", "slack", "C1")
    [span] = fake.spans[FIRST].values()
    assert int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"]) == 2_000_000_000
    assert ANN not in repr(fake)


async def test_people_judges_and_checks_say_what_they_say(sql_store, fake, sync):
    await sql_store.append(
        begun("c1"),
        *asked("c1", "one?", "One.", 1),
        vote("c1", ANN, value=True, metadata={"segment": "staff", "by_asker": True}),
        voted("c1-a1", BOB, 4, 11, name="user_accuracy", rationale="nearly"),
        voted("c1-a1", "org/judge", value=False, name="correct", source_type="LLM_JUDGE", rationale="wrong year"),
        voted("c1-a1", "not_empty", value=True, name="not_empty", source_type="CODE"),
        correction("c1", BOB, "One is one.", 12),
    )
    names = await sql_store.pseudonyms()
    ann, bob = names.of(ANN), names.of(BOB)

    await sync()

    told = {each["assessment_name"]: each for each in fake.assessments[FIRST].values()}
    assert fake.values == {
        (ann, "user_feedback"): True,
        (bob, "user_accuracy"): 0.8,
        (bob, "expected_response"): "One is one.",
        ("org/judge", "correct"): False,
        ("not_empty", "not_empty"): True,
    }
    assert told["user_accuracy"]["rationale"] == "nearly"
    assert told["user_accuracy"]["metadata"]["plaudit.score"] == "4"
    assert told["user_feedback"]["metadata"]["plaudit.segment"] == "staff"
    assert told["user_feedback"]["metadata"]["plaudit.by_asker"] == "true"
    assert told["correct"]["source"]["source_type"] == "LLM_JUDGE"
    assert told["correct"]["rationale"] == "wrong year"
    assert told["not_empty"]["source"]["source_type"] == "CODE"


async def test_sent_twice_is_there_once(sql_store, fake, sync):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", ANN, value=True))

    await sync()
    before = repr((fake.traces, fake.assessments, fake.spans))
    await sync(since=0)

    assert repr((fake.traces, fake.assessments, fake.spans)) == before
    assert len(fake.traces) == len(fake.assessments[FIRST]) == len(fake.spans[FIRST]) == 1


async def test_what_was_sent_is_not_sent_again(sql_store, fake, sync):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", ANN, value=True))
    await sync()
    fake.calls.clear()

    sent = await sync()

    assert (sent.traces, [call for call in fake.calls if "trace" in call]) == (0, [])


async def test_a_vote_that_is_changed_is_changed_there_and_one_that_is_withdrawn_is_gone(sql_store, fake, sync):
    await sql_store.append(
        begun("c1"),
        *asked("c1", "one?", "One.", 1),
        vote("c1", ANN, value=True, seconds=10),
        vote("c1", BOB, value=True, seconds=11),
    )
    names = await sql_store.pseudonyms()
    await sync()
    ids = set(fake.assessments[FIRST])

    await sql_store.append(vote("c1", ANN, value=False, seconds=20))
    await sync()
    both = (fake.values, set(fake.assessments[FIRST]))
    await sql_store.append(withdrew("c1-a1", BOB, value=True, seconds=21, conversation_id="c1"))
    await sync()

    assert both == ({(names.of(ANN), "user_feedback"): False, (names.of(BOB), "user_feedback"): True}, ids)
    assert fake.values == {(names.of(ANN), "user_feedback"): False}


async def test_categories_and_comments_of_one_person_stand_side_by_side(sql_store, fake, sync):
    await sql_store.append(
        begun("c1"),
        *asked("c1", "one?", "One.", 1),
        categorised("c1-a1", ANN, "unclear", 10),
        categorised("c1-a1", ANN, "wrong", 11),
        commented("c1-a1", ANN, "no", 12),
        commented("c1-a1", ANN, "really not", 13),
    )
    await sync()
    four = sorted(each["feedback"]["value"] for each in fake.assessments[FIRST].values())

    await sql_store.append(
        withdrew("c1-a1", ANN, value="unclear", seconds=20, name="user_category", conversation_id="c1")
    )
    await sync()

    assert four == ["no", "really not", "unclear", "wrong"]
    assert sorted(each["feedback"]["value"] for each in fake.assessments[FIRST].values()) == [
        "no",
        "really not",
        "wrong",
    ]


async def test_a_reply_that_is_deleted_stays_without_its_words(sql_store, fake, sync):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", ANN, value=True))
    await sync()

    await sql_store.append(changed("c1-a1", 20, deleted=True), changed("c1-q1", 21, content="two?"))
    await sync()

    trace = fake.traces[FIRST]
    assert (trace["request_preview"], trace["response_preview"]) == ("two?", "")
    assert "One." not in repr(fake)
    assert len(fake.values) == 1


async def test_of_who_wants_nothing_kept_nothing_stays(sql_store, fake, sync):
    question, answer = asked("c1", "one?", "One.", 1, by=ANN)
    await sql_store.append(
        begun("c1"),
        replace(question, subject=ANN),
        answer,
        begun("c2", 5),
        *asked("c2", "two?", "Two.", 6, by=BOB),
        replace(vote("c2", ANN, value=False), subject=ANN),
        vote("c2", BOB, value=True),
    )
    await sync()

    await sql_store.append(consented(ANN, 30, keep=False))
    sent = await sync()
    left = (set(fake.traces), list(fake.values.values()))
    await sql_store.append(consented(ANN, 40, keep=True))
    await sync()

    assert sent.deleted == 1
    assert left == ({trace_id("c2-a1")}, [True])
    assert set(fake.traces) == {FIRST, trace_id("c2-a1")}
    assert len(fake.values) == 2


async def test_who_wanted_nothing_kept_when_they_asked_has_no_trace(sql_store, fake, sync):
    question, answer = asked("c1", "", "", 1, by="", withheld=True)
    await sql_store.append(begun("c1"), question, answer, vote("c1", BOB, value=True))

    sent = await sync()

    assert (fake.traces, sent.deleted) == ({}, 1)


async def test_of_who_was_erased_nothing_stays_that_is_theirs(sql_store, fake, sync):
    await sql_store.append(
        begun("c1"),
        *asked("c1", "one?", "One.", 1, by=ANN),
        begun("c2", 5),
        *asked("c2", "two?", "Two.", 6, by=BOB),
        voted("c2-a1", ANN, value=False, seconds=10, conversation_id="c2", rationale="ann's own reason"),
        vote("c2", CAT, value=True, seconds=11),
    )
    ann = (await sql_store.pseudonyms()).of(ANN)
    await sync()
    before = repr(fake)

    await sql_store.erase(PersonRef.parse(ANN))
    await sync()

    after = repr(fake)
    assert all(each in before and each not in after for each in (ann, "one?", "One.", "ann's own reason"))
    assert set(fake.traces) == {trace_id("c2-a1")}
    assert sorted(fake.values.values()) == [False, True]  # the numbers stay
    assert [each.stale_since for each in await sql_store.ledger().exports()] == [None]


async def test_forgetting_reaches_mlflow_at_once_where_it_is_wanted(sql_store, database_url, fake, sync):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1, by=ANN))
    await sync()
    await sql_store.erase(PersonRef.parse(ANN))
    ledger = sql_store.ledger()

    async with database_at(database_url) as database:
        manner = Manner((await sql_store.pseudonyms()).of)
        address = Address(fake.url, EXPERIMENT)
        [told] = await propagate(ledger, {"mlflow": MlflowEraser(sql_store, database, address, manner)})

    assert (told.fault, told.export.target) == (None, f"{fake.url}/#/experiments/1")
    assert fake.traces == {}
    assert [each.stale_since for each in await ledger.exports()] == [None]


async def test_who_is_erased_while_their_words_are_under_way_is_erased_there_too(sql_store, fake, sync):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1, by=ANN))

    async def erase():
        await sql_store.erase(PersonRef.parse(ANN))

    fake.before_put = erase
    await sync()

    assert fake.traces == fake.spans == {}


async def test_words_that_become_too_old_leave_mlflow_too(sql_store, fake, sync):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), commented("c1-a1", BOB, "well", 10))
    await sql_store.append(begun("c2", 1_000), *asked("c2", "two?", "Two.", 1_001))
    await sync()
    before = repr(fake)

    await sql_store.retention().redact(moment(500))
    await sync()

    after = repr(fake)
    assert all(each in before and each not in after for each in ("one?", "One.", "well"))
    assert "two?" in after
    assert len(fake.traces) == 2


async def test_without_text_only_numbers_and_choices_leave(sql_store, fake, sync):
    await sql_store.append(
        begun("c1"),
        *asked("c1", "one?", "One.", 1),
        voted("c1-a1", BOB, value=True, rationale="because"),
        commented("c1-a1", BOB, "well", 10),
        categorised("c1-a1", BOB, "unclear", 11),
    )

    await sync(text=False)

    told = repr(fake)
    assert not any(each in told for each in ("one?", "One.", "because", "well"))
    assert sorted(map(str, fake.values.values())) == ["", "True", "unclear"]


async def test_people_can_be_called_as_the_platform_knows_them(sql_store, fake, sync):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1, by=ANN), vote("c1", BOB, value=True))

    await sync(named=True)

    assert fake.values == {(BOB, "user_feedback"): True}
    assert fake.traces[FIRST]["trace_metadata"]["mlflow.trace.user"] == ANN


async def test_a_long_log_is_sent_in_pages_each_reply_once(sql_store, fake, sync):
    for number in range(130):
        name = f"c{number}"
        await sql_store.append(begun(name), *asked(name, "?", "!", 1), vote(name, ANN, value=number % 3 == 0))

    sent = await sync()

    puts = [call for call in fake.calls if call == "POST /api/3.0/mlflow/traces"]
    assert (len(fake.traces), len(puts), sent.traces) == (130, 130, 130)
    assert sum(fake.values.values()) <= len(fake.values) == 1  # one person
    assert sum(len(each) for each in fake.assessments.values()) == 130
    assert tagged(fake, "status") == ["complete"] * 130


async def test_what_mlflow_does_not_take_is_named_and_does_not_stop_the_rest(sql_store, fake, sync):
    for name in ("c1", "c2", "c3"):
        await sql_store.append(begun(name), *asked(name, "?", "!", 1))
    fake.refuses = lambda given: trace_id("c2-a1") in repr(given)

    sent = await sync()

    assert sent.refused == ["c2-a1"]
    assert set(fake.traces) == {FIRST, trace_id("c3-a1")} == set(fake.spans)


async def test_nothing_is_lost_when_the_experiment_is_deleted_under_way(sql_store, fake, sync):
    await sql_store.append(begun("c1"), *asked("c1", "?", "!", 1))

    async def delete():
        fake.deleted_experiments.add(EXPERIMENT)

    fake.before_put = delete
    with pytest.raises(MlflowError, match="was deleted in MLflow: restore it there"):
        await sync()
    fake.deleted_experiments.clear()
    await sync()

    assert set(fake.traces) == {FIRST}


async def test_what_breaks_mlflow_is_told_from_mlflow_being_away(sql_store, fake, sync):
    for name in ("c1", "c2", "c3"):
        await sql_store.append(begun(name), *asked(name, "?", "!", 1))
    fake.breaks = lambda given: trace_id("c2-a1")[3:] in repr(given)

    sent = await sync()

    assert sent.refused == ["c2-a1"]
    assert {FIRST, trace_id("c3-a1")} == set(fake.traces) == set(fake.spans)


async def test_what_the_operator_chooses_holds_for_what_was_sent_before_too(sql_store, fake, sync):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1, by=ANN), vote("c1", BOB, value=True))
    await sync()
    await sql_store.append(begun("c2"), *asked("c2", "two?", "Two.", 1, by=ANN))

    await sync(text=False)
    without = repr(fake)
    await sync(text=False, named=True)
    named = fake.values
    fake.calls.clear()
    await sync(text=False, named=True)

    assert not any(each in without for each in ("one?", "One.", "two?"))
    assert named == {(BOB, "user_feedback"): True}
    assert len(fake.traces) == 2
    assert [call for call in fake.calls if "trace" in call] == []


@pytest.mark.parametrize("path", ["/version", "/api/3.0/mlflow/traces", "/v1/traces"])
async def test_while_mlflow_is_away_nothing_is_lost(sql_store, fake, sync, path):
    await sql_store.append(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", ANN, value=True))
    await sync()
    await sql_store.append(begun("c2"), *asked("c2", "two?", "Two.", 5), vote("c1", BOB, value=True))

    fake.is_away = lambda called: called == path
    with pytest.raises(MlflowAwayError, match="out of order: 503"):
        await sync()
    fake.is_away = lambda _: False
    sent = await sync()

    assert sent.traces == 2
    assert set(fake.traces) == {FIRST, trace_id("c2-a1")} == set(fake.spans)
    assert len(fake.values) == 2


async def test_a_call_is_tried_again_while_another_try_may_do(fake):
    fake.answers = [503, 429]

    async with connected(Address(fake.url), pauses=(0, 0, 0)) as mlflow:
        version = await mlflow.version()

    assert (version, len(fake.calls)) == ("3.17.2", 3)


@pytest.mark.parametrize(
    ("version", "says"),
    [("2.22.0", "MLflow 3 or newer is needed"), ("1.30.1", "is MLflow 1.30.1"), ("<html>", "is no MLflow server")],
)
async def test_a_server_that_is_too_old_is_refused(fake, version, says):
    fake.version = version

    async with connected(Address(fake.url)) as mlflow:
        with pytest.raises(MlflowError, match=says):
            await mlflow.version()


async def test_what_is_not_as_it_must_be_is_said(fake):
    fake.token = "secret"
    async with connected(Address(fake.url, token="wrong")) as mlflow:
        with pytest.raises(MlflowError, match="MLFLOW_TRACKING_TOKEN"):
            await mlflow.version()
    async with connected(Address(fake.url, "gone", token="secret")) as mlflow:
        await mlflow.experiment_id()
        fake.deleted_experiments.add("gone")
        with pytest.raises(MlflowError, match="restore it there"):
            await mlflow.experiment_id()
    async with connected(Address("http://127.0.0.1:9"), pauses=()) as mlflow:
        with pytest.raises(MlflowAwayError, match=r"cannot be reached at http://127\.0\.0\.1:9"):
            await mlflow.version()


def test_an_experiment_has_an_address_from_which_it_is_known_again():
    target = Target("http://127.0.0.1:5000/mlflow", "12")

    assert Target.of(target.address) == target
