"""A real MLflow server is told of logs, and asked what it knows: by its own client, with the queries of its guide.

Run by `make test-mlflow`, which installs MLflow beside the project; elsewhere this is skipped.
"""

import asyncio
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from core.exports.mlflow.client import Address, MlflowError, connected
from core.exports.mlflow.traces import trace_id
from core.insight.report import report
from core.messages import PersonRef
from tests.contract.exports_log import ANN, BOB, CAT, asked, begun, correction, vote
from tests.contract.store_stories import changed, commented, moment, voted, withdrew
from tests.mlflow.syncs import send

if "TEST_MLFLOW" not in os.environ:
    pytest.skip("MLflow is installed by `make test-mlflow`", allow_module_level=True)
MLFLOW = Path(os.environ["TEST_MLFLOW"]).absolute()
PEOPLE = [f"slack:T1:U0000{number:03}" for number in range(7)]
# As mlflow.org/docs/latest/genai/assessments/feedback shows how collected feedback is looked at.
GUIDE = """
import json, sys
import mlflow
_, url, name, kind = sys.argv
mlflow.set_tracking_uri(url)
experiment = mlflow.get_experiment_by_name(name)
def search(filter_string=None):
    return mlflow.search_traces(
        locations=[experiment.experiment_id], filter_string=filter_string, max_results=1000, return_type="list"
    )
traces = search()
by_people = [[a for a in t.info.assessments if a.source.source_type == "HUMAN" and a.feedback] for t in traces]
votes = [a.feedback.value for each in by_people for a in each if a.name == "user_feedback"]
print(json.dumps({
    "total_traces": len(traces),
    "traces_with_feedback": sum(1 for each in by_people if each),
    "positive_count": sum(1 for vote in votes if vote),
    "negative_count": sum(1 for vote in votes if not vote),
    "liked": len(search("feedback.user_feedback = 'true'")),
    "disliked": len(search("feedback.user_feedback = 'false'")),
    "scored_high": len(search("feedback.user_accuracy > 0.7")),
    "corrected": len(search("expectation.expected_response IS NOT NULL")),
    "of_a_session": len(search(f"metadata.`mlflow.trace.session` = '{kind}7'")),
    "of_a_request": len(search(f"client_request_id = '{kind}-7'")),
    "of_a_platform": len(search("tags.platform = 'slack'")),
    "tokens": sum((t.info.token_usage or {}).get("total_tokens", 0) for t in traces),
    "judged": sum(1 for t in traces for a in t.info.assessments if a.source.source_type == "LLM_JUDGE"),
    "checked": sum(1 for t in traces for a in t.info.assessments if a.source.source_type == "CODE"),
    "answer": search(f"client_request_id = '{kind}-7'")[0].data.spans[0].outputs["choices"][0]["message"],
}))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    """The address of one that has just been started."""
    directory = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = ("--backend-store-uri", f"sqlite:///{directory}/mlflow.db", "--default-artifact-root", str(directory))
    with subprocess.Popen(
        [str(MLFLOW), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *store],
        cwd=directory,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": f"{MLFLOW.parent}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield _answering(f"http://127.0.0.1:{port}", until=time.monotonic() + 180)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # it takes its time to end by itself


def _answering(url: str, until: float) -> str:
    """The URL, as soon as somebody answers there."""
    while True:
        try:
            httpx2.get(f"{url}/health", timeout=5)
        except httpx2.TransportError:
            assert time.monotonic() < until
            time.sleep(0.2)
        else:
            return url


async def guide(url: str, *arguments: str) -> dict[str, Any]:
    """What MLflow's own client says."""
    process = await asyncio.create_subprocess_exec(
        *(str(MLFLOW.with_name("python")), "-W", "ignore", "-c", GUIDE, url, *arguments),
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 300)
    told: dict[str, Any] = orjson.loads(out)
    return told


@pytest.fixture
def kind(request) -> str:
    """The database: what ids of conversations begin with, for on one server a trace is there once."""
    return request.node.callspec.id


async def traces(url: str, experiment: str) -> dict[str, dict[str, Any]]:
    """All of an experiment, by their ids."""
    async with connected(Address(url, experiment)) as mlflow:
        where = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": await mlflow.experiment_id()}}
    async with httpx2.AsyncClient(base_url=url) as http:
        answer = await http.post("/api/3.0/mlflow/traces/search", json={"locations": [where], "max_results": 500})
    return {each["trace_id"]: each for each in answer.json().get("traces", [])}


def values(found: dict[str, dict[str, Any]]) -> list[tuple[str, Any]]:
    """What is said there, by the names."""
    said = [each for trace in found.values() for each in trace.get("assessments", [])]
    return sorted((each["assessment_name"], each.get("feedback", each.get("expectation"))["value"]) for each in said)


async def a_month(store, kind: str) -> None:
    """Replies that people judge, change their minds about, and score; a judge and a check, too."""
    dice = random.Random(7)
    for number in range(60):
        name, at = f"{kind}{number}", 100.0 * number
        request = {"client_request_id": f"{kind}-{number}", "prompt_tokens": 3, "completion_tokens": number}
        await store.append(begun(name, at), *asked(name, f"{number}?", f"{number}!", at, by=PEOPLE[0], **request))
        for person in dice.sample(PEOPLE, dice.randrange(4)):
            await store.append(vote(name, person, value=dice.random() < 0.7, seconds=at + 10))
            if dice.random() < 0.3:
                await store.append(vote(name, person, value=dice.random() < 0.5, seconds=at + 20, origin="button"))
            if dice.random() < 0.2:
                taken = {"value": None, "origin": "button", "conversation_id": name}
                await store.append(withdrew(f"{name}-a1", person, seconds=at + 30, **taken))
        about = {"conversation_id": name, "seconds": at + 40}
        if number % 5 == 0:
            score = 1 + number // 5 % 5
            await store.append(voted(f"{name}-a1", ANN, score, name="user_accuracy", origin="form", **about))
            await store.append(correction(name, BOB, f"better {number}", at + 41))
        judge = {"name": "correct", "source_type": "LLM_JUDGE"}
        await store.append(
            voted(f"{name}-a1", "org/judge", number % 2 == 0, **about, **judge),
            voted(f"{name}-a1", "not_empty", value=True, name="not_empty", source_type="CODE", **about),
        )


async def test_the_queries_of_the_guide_say_what_the_report_says(sql_store, database_url, server, kind, request):
    experiment = request.node.name
    await a_month(sql_store, kind)
    address = Address(server, experiment)

    await send(sql_store, database_url, address)
    await send(sql_store, database_url, address, since=0)
    there = await guide(server, experiment, kind)

    here = report(await sql_store.tally())
    for name in ("total_traces", "traces_with_feedback", "positive_count", "negative_count"):
        assert there[name] == getattr(here, name), name
    assert (there["total_traces"], there["judged"], there["checked"]) == (60, 60, 60)
    disliked = await sql_store.disliked()
    assert there["disliked"] == len(disliked)
    assert there["liked"] <= here.positive_count
    assert (there["scored_high"], there["corrected"], there["of_a_platform"]) == (4, 12, 60)
    assert (there["of_a_session"], there["of_a_request"]) == (1, 1)
    assert there["tokens"] == sum(3 + number for number in range(60))
    assert there["answer"] == {"role": "assistant", "content": "7!"}


async def test_what_people_change_take_back_and_have_erased_shows_there(sql_store, database_url, server, kind, request):
    experiment = request.node.name
    address = Address(server, experiment)
    one, two = f"{kind}-c1", f"{kind}-c2"
    await sql_store.append(
        begun(one),
        *asked(one, "ann's question?", "To ann.", 1, by=ANN),
        begun(two, 5),
        *asked(two, "bob's question?", "To bob.", 6, by=BOB),
        vote(two, BOB, value=True, seconds=10),
        vote(two, CAT, value=True, seconds=11),
        voted(f"{two}-a1", ANN, value=False, seconds=12, conversation_id=two, rationale="ann's reason"),
        commented(f"{two}-a1", CAT, "cat's comment", 13),
    )
    await send(sql_store, database_url, address)
    first = await traces(server, experiment)

    await sql_store.append(vote(two, BOB, value=False, seconds=20))
    await sql_store.append(withdrew(f"{two}-a1", CAT, value=True, seconds=21, conversation_id=two))
    await send(sql_store, database_url, address)
    second = await traces(server, experiment)
    await sql_store.append(changed(f"{two}-a1", 22, in_conversation=two, content="To bob, edited."))
    await sql_store.erase(PersonRef.parse(ANN))
    await send(sql_store, database_url, address)
    third = await traces(server, experiment)

    both = {trace_id(f"{one}-a1"), trace_id(f"{two}-a1")}
    assert set(first) == set(second) == both
    assert values(first) == [
        ("user_comment", "cat's comment"),
        *(("user_feedback", each) for each in (False, True, True)),
    ]
    assert values(second) == [("user_comment", "cat's comment"), ("user_feedback", False), ("user_feedback", False)]
    assert set(third) == {trace_id(f"{two}-a1")}
    assert third[trace_id(f"{two}-a1")]["response_preview"] == "To bob, edited."
    assert values(third) == values(second)
    assert "ann's reason" in repr(second)
    ann = (await sql_store.pseudonyms()).of(ANN)
    assert not any(each in repr(third) for each in ("ann's", "To ann", ann))


async def test_words_that_are_taken_out_are_taken_out_there(sql_store, database_url, server, kind, request):
    experiment = request.node.name
    address = Address(server, experiment)
    old = f"{kind}-c3"
    await sql_store.append(
        begun(old),
        *asked(old, "an old question?", "An old answer.", 1),
        commented(f"{old}-a1", BOB, "an old comment", 9),
    )
    await send(sql_store, database_url, address)
    before = await traces(server, experiment)

    await sql_store.retention().redact(moment(500))
    await send(sql_store, database_url, address)
    after = await traces(server, experiment)

    assert sum(repr(before).count(each) for each in ("old question", "old answer", "old comment")) == 3
    assert "old" not in repr(after)
    assert values(after) == [("user_comment", "")]


async def test_an_experiment_that_was_deleted_there_is_said_to_be(server):
    async with connected(Address(server, "gone")) as mlflow, httpx2.AsyncClient(base_url=server) as http:
        gone = {"experiment_id": await mlflow.experiment_id()}
        await http.post("/api/2.0/mlflow/experiments/delete", json=gone)

        with pytest.raises(MlflowError, match="restore it there"):
            await mlflow.experiment_id()
        with pytest.raises(MlflowError, match="restore it there"):
            await mlflow.check_experiment(gone["experiment_id"])
        with pytest.raises(MlflowError, match="any more"):
            await mlflow.check_experiment("999")
