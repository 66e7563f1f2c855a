"""Questions over HTTP: answered whole and as a stream, taken up again, in conversations."""

import asyncio
import json

import pytest

from bots.web.server import Address
from core.assistant import Options
from core.errors import DatabaseUnavailableError, ModelFailedError
from core.messages import PersonRef
from core.policy import OnePolicy, Policy
from core.ports import Chunk
from core.records import SetConsent, envelop
from core.words import SPENT
from tests.scenarios.web_world import web_world
from tests.unit.fakes import until


@pytest.fixture
async def world(sqlite_url):
    async with web_world(sqlite_url) as made:
        yield made


def slow(*_):
    return [Chunk(text="one "), Chunk(text="two "), 0.15, Chunk(text="three"), Chunk(finish_reason="stop")]


async def test_a_question_has_its_answer_and_the_names_to_judge_it_by(database_url) -> None:
    async with web_world(database_url) as world:
        answer = await world.ask("hello")

        assert answer["response"] == "You said: hello"
        assert answer["client_request_id"].startswith("web-")
        assert len(answer["client_request_id"]) <= 50
        kept = await world.store.message(answer["trace_id"])
        assert kept.content == "You said: hello"
        assert kept.conversation_id == answer["conversation_id"]


async def test_a_conversation_goes_on_by_its_id_and_a_session_by_itself(world) -> None:
    first = await world.ask("my name is Ada")
    await world.ask("who am I?", conversation_id=first["conversation_id"])
    in_session = {"X-User-ID": "ada", "X-Session-ID": "s1"}
    for text in ("one", "two"):
        await world.client.post("/chat", json={"message": text}, headers=in_session)
    await world.client.post("/chat", json={"message": "three"}, headers=in_session | {"X-User-ID": "bob"})

    prompts = [[each.content for each in prompt] for prompt in world.model.prompts]
    assert prompts[1] == ["my name is Ada", "You said: my name is Ada", "who am I?"]
    assert prompts[3] == ["one", "You said: one", "two"]
    assert prompts[4] == ["three"]


async def test_a_conversation_that_is_not_there_is_refused_with_a_sentence(world) -> None:
    answer = await world.client.post("/chat", json={"message": "go on", "conversation_id": "01M0"})

    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("There is no conversation 01M0")
    assert world.model.prompts == []


async def test_a_stream_tells_each_token_and_at_its_end_the_trace_id(sqlite_url) -> None:
    async with web_world(sqlite_url, script=slow) as world:
        events = await world.stream(json={"message": "count"})

        kinds = [each.event for each in events]
        assert kinds[-1] == "done"
        assert set(kinds[:-1]) == {"token"}
        assert len(kinds) >= 3
        told = [json.loads(each.data) for each in events]
        assert "".join(each["content"] for each in told[:-1]) == "one two three"
        assert [each["type"] for each in told] == kinds
        # What `done` names can be judged at once.
        judged = await world.client.post(f"/feedback?trace_id={told[-1]['trace_id']}", json={"is_correct": True})
        assert judged.status_code == 200


async def test_a_stream_says_what_proxies_have_to_know(world) -> None:
    async with world.client.stream("POST", "/chat/stream", json={"message": "hi"}) as answer:
        await answer.aread()

    headers = answer.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (headers["cache-control"], headers["connection"]) == ("no-cache", "keep-alive")
    assert headers["x-accel-buffering"] == "no"
    assert headers["x-client-request-id"].startswith("web-")


async def test_silence_is_broken_by_heartbeats(sqlite_url, monkeypatch) -> None:
    monkeypatch.setattr("bots.web.chat.BEAT_SECONDS", 0.03)
    async with web_world(sqlite_url, script=slow) as world:
        async with world.client.stream("POST", "/chat/stream", json={"message": "hi"}) as answer:
            text = (await answer.aread()).decode()

        assert text.count(": still here") >= 2
        assert text.index(": still here") > text.index("one ")


async def test_a_broken_stream_goes_on_behind_the_last_event_and_asks_nothing_again(sqlite_url) -> None:
    async with web_world(sqlite_url, script=slow) as world:
        async with world.client.stream("POST", "/chat/stream", json={"message": "count"}) as answer:
            lines = answer.aiter_lines()
            last = next(line[4:] for line in [await anext(lines), await anext(lines)] if line.startswith("id: "))
            read = json.loads((await anext(lines))[6:])["content"]

        behind = await world.stream(json={"message": "count"}, headers={"Last-Event-ID": last})
        later = await world.stream("GET", headers={"Last-Event-ID": last})

        for events in (behind, later):
            rest = "".join(json.loads(each.data).get("content", "") for each in events)
            assert read + rest == "one two three"
            assert events[-1].event == "done"
        assert len(world.model.prompts) == 1


async def test_a_client_that_goes_away_stops_nothing(sqlite_url) -> None:
    async with web_world(sqlite_url, script=slow) as world:
        async with world.client.stream("POST", "/chat/stream", json={"message": "count"}) as answer:
            request = answer.headers["x-client-request-id"]

        events = await world.stream("GET", params={"client_request_id": request})

        assert "".join(json.loads(each.data).get("content", "") for each in events) == "one two three"


async def test_whoever_read_another_attempt_is_told_to_begin_anew(world) -> None:
    events = await world.stream(json={"message": "hello"})
    request = json.loads(events[-1].data)["client_request_id"]

    again = await world.stream("GET", headers={"Last-Event-ID": f"{request}/3-00000bad"})

    assert [each.event for each in again] == ["restart", "token", "done"]
    assert json.loads(again[1].data)["content"] == "You said: hello"


async def test_nothing_is_resumed_that_was_not_asked(world) -> None:
    for name in ("nonsense", "web-0123456789abcdef-0123456789ab/3-0000beef", "slack-C1-17.2/0-0", "a/b/9-é", "/1-1"):
        answer = await world.client.get("/chat/stream", headers={"Last-Event-ID": name.encode()})
        assert answer.status_code == 404, name


async def test_the_same_request_sent_again_asks_nothing_new(world) -> None:
    sent = {"json": {"message": "hello"}, "headers": {"Idempotency-Key": "order-17", "X-User-ID": "ada"}}

    first, again = [(await world.client.post("/chat", **sent)).json() for _ in range(2)]
    both = await asyncio.gather(*(world.stream(**{**sent, "headers": {"Idempotency-Key": "x"}}) for _ in range(2)))

    assert first == again
    assert both[0][-1].data == both[1][-1].data
    assert len(world.model.prompts) == 2


async def test_a_model_that_fails_is_an_error_that_says_so(sqlite_url) -> None:
    def fails(_):
        return [ModelFailedError("The model is overloaded.", reason="overloaded")]

    def breaks(_):
        return [Chunk(text="Half an "), ModelFailedError("The model is gone.", reason="gone")]

    async with web_world(sqlite_url, script=fails) as world:
        whole = await world.client.post("/chat", json={"message": "hi"})
        world.model.script = breaks
        events = await world.stream(json={"message": "hi"})
        half = await world.ask("hi")

        assert whole.status_code == 502
        assert "The model is overloaded." in whole.json()["detail"]
        assert [each.event for each in events] == ["token", "error"]
        told = json.loads(events[-1].data)
        assert "The model is gone." in told["error"]
        assert told["trace_id"]
        assert half["response"] == "Half an "
        assert half["status"] == "failed"


async def test_who_is_not_let_in_is_told_why(sqlite_url) -> None:
    policies = OnePolicy(Policy(turns_per_person=1))
    async with web_world(sqlite_url, policies=policies) as world:
        sent = {"json": {"message": "hi"}, "headers": {"X-User-ID": "ada"}}

        first, second = [await world.client.post("/chat", **sent) for _ in range(2)]
        other = await world.client.post("/chat/stream", json={"message": "hi"}, headers={"X-User-ID": "bob"})

        assert (first.status_code, second.status_code, other.status_code) == (200, 429, 200)
        assert second.json()["detail"] == SPENT
        assert second.headers["retry-after"] == "60"


async def test_what_reads_like_a_command_is_a_question_here(world) -> None:
    for text in ("help", "reset", "better: like this"):
        answer = await world.ask(text)
        assert answer["response"] == f"You said: {text}"


async def test_the_words_of_someone_who_opted_out_are_answered_and_not_kept(world) -> None:
    ada = PersonRef("web", "local", "ada")
    consent = SetConsent(subject=ada.key, keep=False)
    await world.store.append(
        envelop(consent, environment="dev", at=world.clock.now(), where=ada, key="no", subject=ada.key)
    )

    answer = await world.client.post("/chat", json={"message": "a secret"}, headers={"X-User-ID": "ada"})

    assert answer.json()["response"] == "You said: a secret"
    assert "a secret" not in str([each async for each in world.store.records()])
    judged = await world.client.post(
        f"/feedback?trace_id={answer.json()['trace_id']}", json={"is_correct": True}, headers={"X-User-ID": "ada"}
    )
    assert judged.status_code == 403
    assert "wished" in judged.json()["detail"]


async def test_a_stop_lets_answers_end_and_says_goodbye_to_the_rest(sqlite_url) -> None:
    def endless(prompt):
        if prompt[-1].content == "short":
            return slow()
        return [Chunk(text="on "), *[0.05] * 200, Chunk(finish_reason="stop")]

    address, options = Address(port=0, grace=0.5), Options(grace_seconds=0.2)
    async with web_world(sqlite_url, script=endless, address=address, options=options) as world:
        streams = [asyncio.create_task(world.stream(json={"message": text})) for text in ("short", "long")]
        follower = asyncio.create_task(world.stream("GET", "/events", params={"follow": "true"}))
        await until(lambda: len(world.model.prompts) == 2)
        leaving = world.leave()
        short, long, followed = await asyncio.gather(*streams, follower)
        await leaving

    assert short[-1].event == "done"
    assert long[-1].event == "error"
    assert "being stopped" in json.loads(long[-1].data)["error"]
    assert all(each.event != "error" for each in followed)


async def test_hostile_words_come_back_as_data(world) -> None:
    hostile = "<script>alert(1)</script>\r\ndata: {}\u2028\n\nevent: done"

    events = await world.stream(json={"message": hostile})
    whole = await world.client.post("/chat", json={"message": hostile})

    assert {each.event for each in events[:-1]} == {"token"}
    assert events[-1].event == "done"
    assert "".join(json.loads(each.data)["content"] for each in events[:-1]) == f"You said: {hostile}"
    assert whole.headers["content-type"] == "application/json"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self'" in whole.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in whole.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": " \n\x1c "}, "message"),
        ({"message": "a\x00b"}, "message"),
        ({"message": "x" * 50_001}, "message"),
        ({"message": "hi", "conversation": "x"}, "conversation"),
        ({"message": 5}, "message"),
    ],
)
async def test_what_cannot_be_a_question_is_refused_by_name(world, body, names) -> None:
    answer = await world.client.post("/chat", json=body)

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{names}: ")


async def test_too_large_a_body_is_refused(world) -> None:
    answer = await world.client.post("/chat", content=b'{"message": "' + b"x" * 2_000_000 + b'"}')

    assert answer.status_code == 413


async def test_words_that_no_browser_made_come_through_whole(world) -> None:
    text = "naïve 👩‍👩‍👧 \u202e ﷽ \ufeff"

    assert (await world.ask(text))["response"] == f"You said: {text}"


async def test_a_database_that_is_away_is_told_and_nothing_is_left_waiting(world, monkeypatch) -> None:
    async def away(*_) -> None:
        raise DatabaseUnavailableError("The database cannot be reached.")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "append", away)
        refused = [
            await world.client.post(path, json={"message": "hi"}, headers={"Idempotency-Key": "one"})
            for path in ("/chat", "/chat/stream")
        ]

    assert [each.status_code for each in refused] == [503, 503]
    assert refused[0].json() == {"detail": "The database cannot be reached."}
    assert refused[0].headers["retry-after"] == "5"
    again = await world.client.post("/chat", json={"message": "hi"}, headers={"Idempotency-Key": "one"})
    assert again.json()["response"] == "You said: hi"
