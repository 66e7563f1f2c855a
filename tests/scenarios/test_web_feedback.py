"""What people think of replies, over HTTP: votes and scores, of what and by whom; MLflow's guide as its pages do it."""

import asyncio
import json
from urllib.parse import urlencode

import pytest

from core.assistant import Options
from core.policy import Audience, OnePolicy, Policy
from core.ports import Chunk
from tests.scenarios.web_world import web_world
from tests.unit.fakes import until

ADA = {"X-User-ID": "ada"}


@pytest.fixture
async def world(sqlite_url):
    async with web_world(sqlite_url) as made:
        yield made


async def test_a_vote_is_kept_with_its_reason_by_either_name_of_the_reply(database_url) -> None:
    async with web_world(database_url) as world:
        one, two = await world.ask("one"), await world.ask("two")

        by_trace = await world.client.post(
            f"/feedback?trace_id={one['trace_id']}", json={"is_correct": True, "comment": " Quite so. "}, headers=ADA
        )
        by_request = await world.client.post(
            f"/feedback?client_request_id={two['client_request_id']}", json={"is_correct": False}, headers=ADA
        )

        assert by_trace.json() == {"status": "success", "trace_id": one["trace_id"]}
        assert by_request.json() == {"status": "success", "trace_id": two["trace_id"]}
        assert await world.opinions() == [
            ("web:local:ada", "user_feedback", True, "Quite so."),
            ("web:local:ada", "user_feedback", False, ""),
        ]


async def test_said_twice_it_is_one_vote_and_said_otherwise_the_last(world) -> None:
    trace = (await world.ask("hello"))["trace_id"]

    async def vote(*, is_correct: bool, who: str) -> None:
        sent = {"json": {"is_correct": is_correct}, "headers": {"X-User-ID": who}}
        assert (await world.client.post(f"/feedback?trace_id={trace}", **sent)).status_code == 200

    await asyncio.gather(*(vote(is_correct=True, who="ada") for _ in range(5)))
    await vote(is_correct=False, who="bob")
    await vote(is_correct=True, who="bob")

    assert await world.opinions() == [
        ("web:local:ada", "user_feedback", True, ""),
        ("web:local:bob", "user_feedback", True, ""),
    ]
    assert len([each async for each in world.store.records() if each.type == "log_feedback"]) == 3


async def test_scores_are_an_assessment_each_and_the_comment_is_why_the_accuracy_is_so(world) -> None:
    trace = (await world.ask("hello"))["trace_id"]
    scores = {"accuracy": 2, "helpfulness": 4, "relevance": 5}

    answer = await world.client.post(
        f"/detailed-feedback?trace_id={trace}", json={**scores, "user_id": "ada", "comment": "It was Tuesday."}
    )

    assert answer.json() == {"status": "success", "trace_id": trace, "feedback_recorded": scores}
    assert sorted(await world.opinions()) == [
        ("web:local:ada", "user_accuracy", 2, "It was Tuesday."),
        ("web:local:ada", "user_helpfulness", 4, ""),
        ("web:local:ada", "user_relevance", 5, ""),
    ]
    [accuracy] = [each for each in await world.store.assessments(trace) if each.name == "user_accuracy"]
    assert accuracy.metadata["normalised"] == 0.4


@pytest.mark.parametrize("change", [{"accuracy": 0}, {"accuracy": 6}, {"relevance": 4.5}, {"user_id": None}, {"x": 1}])
async def test_scores_out_of_bounds_are_refused_by_name(world, change) -> None:
    trace = (await world.ask("hello"))["trace_id"]
    body = {"accuracy": 2, "helpfulness": 4, "relevance": 5, "user_id": "ada", **change}
    body = {name: value for name, value in body.items() if value is not None}

    answer = await world.client.post(f"/detailed-feedback?trace_id={trace}", json=body)

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{next(iter(change))}: ")
    assert await world.opinions() == []


async def test_an_unknown_reply_is_404_with_a_sentence(world) -> None:
    for name in ("trace_id", "client_request_id"):
        for path, body in (
            ("/feedback", {"is_correct": True}),
            ("/detailed-feedback", {"accuracy": 1, "helpfulness": 1, "relevance": 1, "user_id": "u"}),
        ):
            answer = await world.client.post(f"{path}?{name}=nobody", json=body)
            assert answer.status_code == 404
            assert answer.json()["detail"] == f"There is no reply of the {name} nobody: send the one that /chat gave."


async def test_neither_name_or_both_are_refused(world) -> None:
    for query in ("", "?trace_id=a&client_request_id=b"):
        answer = await world.client.post(f"/feedback{query}", json={"is_correct": True})
        assert answer.status_code == 422
        assert "one of them" in answer.json()["detail"]


async def test_a_reply_that_is_still_written_is_not_judged_yet(sqlite_url) -> None:
    going_on = asyncio.Event()

    def until_told(_):
        yield Chunk(text="one ")
        while not going_on.is_set():
            yield 0.01
        yield Chunk(finish_reason="stop")

    async with (
        web_world(sqlite_url, script=until_told) as world,
        world.client.stream("POST", "/chat/stream", json={"message": "hi"}) as stream,
    ):
        await until(lambda: world.model.prompts)
        request = stream.headers["x-client-request-id"]
        reply_id = await turn_of(world)
        early = [
            await world.client.post(f"/feedback?{name}={value}", json={"is_correct": True}, headers=ADA)
            for name, value in (("client_request_id", request), ("trace_id", reply_id))
        ]
        going_on.set()
        await stream.aread()
        late = await world.client.post(f"/feedback?client_request_id={request}", json={"is_correct": True})

        assert [each.status_code for each in early] == [409, 409]
        assert "still being written" in early[0].json()["detail"]
        assert late.json()["trace_id"] == reply_id


async def turn_of(world) -> str:
    """The id of the one reply that is being written."""
    async with world.store.leases() as leases, asyncio.timeout(5):
        while not (turns := await leases.orphans()):  # noqa: ASYNC110 - the database has no event to wait for
            await asyncio.sleep(0.01)
        return turns[0].reply_id


async def test_who_names_nobody_is_told_apart_by_the_session_or_not_at_all(world) -> None:
    trace = (await world.ask("hello"))["trace_id"]

    for headers in ({"X-Session-ID": "tab-1"}, {"X-Session-ID": "tab-2"}, {}, {}):
        await world.client.post(f"/feedback?trace_id={trace}", json={"is_correct": True}, headers=headers)
    await world.client.post(f"/feedback?trace_id={trace}&user_id=eve", json={"is_correct": True})

    assert sorted(who for who, *_ in await world.opinions()) == [
        "web:local:anonymous",
        "web:local:eve",
        "web:local:session-tab-1",
        "web:local:session-tab-2",
    ]


async def test_whom_the_policy_does_not_hear_is_told_so(sqlite_url) -> None:
    policies = OnePolicy(Policy(unheard=Audience(people=frozenset({"troll"}))))
    async with web_world(sqlite_url, policies=policies) as world:
        trace = (await world.ask("hello"))["trace_id"]

        refused, taken = [
            await world.client.post(
                f"/feedback?trace_id={trace}", json={"is_correct": False}, headers={"X-User-ID": who}
            )
            for who in ("troll", "ada")
        ]

        assert (refused.status_code, taken.status_code) == (403, 200)
        assert [who for who, *_ in await world.opinions()] == ["web:local:ada"]


async def test_without_feedback_none_is_kept(sqlite_url) -> None:
    async with web_world(sqlite_url, options=Options(keep_feedback=False)) as world:
        trace = (await world.ask("hello"))["trace_id"]

        answer = await world.client.post(f"/feedback?trace_id={trace}", json={"is_correct": True})

        assert answer.status_code == 403


async def test_the_react_client_of_mlflows_guide_works_as_it_is(sqlite_url) -> None:
    # Its steps, with its names: ask; thumbs with `trace_id` in the query; a stream read line by line; scores.
    def guided(_):
        return [Chunk(text="Paris "), 0.05, Chunk(text="it is."), Chunk(finish_reason="stop")]

    async with web_world(sqlite_url, script=guided) as world:
        session = {"Content-Type": "application/json", "X-Session-ID": "session-1", "X-User-ID": "user-7"}

        asked = await world.client.post("/chat", headers=session, content=json.dumps({"message": "The capital?"}))
        data = asked.json()
        params = urlencode({"trace_id": data["trace_id"], "user_id": "user-7"})
        voted = await world.client.post(
            f"/feedback?{params}", headers=session, content=json.dumps({"is_correct": True, "comment": None})
        )
        content, trace_id, failed = "", None, None
        async with world.client.stream("POST", "/chat/stream", headers=session, json={"message": "Again?"}) as answer:
            buffer = ""
            async for piece in answer.aiter_text():
                *lines, buffer = (buffer + piece).split("\n")
                for line in lines:
                    if not line.startswith("data: "):
                        continue
                    event = json.loads(line[6:])
                    match event["type"]:
                        case "token":
                            content += event["content"]
                        case "done":
                            trace_id = event["trace_id"]
                        case "error":
                            failed = event["error"]
        rated = await world.client.post(
            f"/detailed-feedback?trace_id={trace_id}",
            headers=session,
            json={"accuracy": 5, "helpfulness": 4, "relevance": 5, "user_id": "user-7", "comment": "Nice."},
        )

        assert data["response"] == "Paris it is."
        assert voted.json()["status"] == "success"
        assert (content, failed) == ("Paris it is.", None)
        assert rated.json()["feedback_recorded"] == {"accuracy": 5, "helpfulness": 4, "relevance": 5}
        assert {who for who, *_ in await world.opinions()} == {"web:local:user-7"}
