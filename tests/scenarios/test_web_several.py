"""Several processes, and one that died: whoever asked over HTTP has the answer, wherever it is written."""

import asyncio
import json

import pytest

from core.answering import Answering
from core.ports import Chunk
from tests.scenarios.web_world import web_world
from tests.unit.fakes import until


async def test_an_answer_that_another_process_writes_comes_from_the_log(postgres_url) -> None:
    going_on = asyncio.Event()

    def until_told(prompt):
        yield Chunk(text=f"To {prompt[-1].content}: ")
        while not going_on.is_set():
            yield 0.01
        yield Chunk(text="so it is.")
        yield Chunk(finish_reason="stop")

    async with web_world(postgres_url, script=until_told) as here, web_world(postgres_url) as there:
        session = {"X-User-ID": "ada", "X-Session-ID": "s"}
        first = asyncio.create_task(here.stream(json={"message": "one"}, headers=session))
        await until(lambda: here.assistant.live_replies)
        # The conversation is the other process's: it answers this one, too.
        second = asyncio.create_task(there.stream(json={"message": "two"}, headers=session))
        async with asyncio.timeout(10):
            while len([each async for each in there.store.records() if each.data.get("content") == "two"]) < 1:  # noqa: ASYNC110 - the database has no event
                await asyncio.sleep(0.02)
        going_on.set()

        answers = await asyncio.gather(first, second)

        texts = ["".join(json.loads(each.data).get("content", "") for each in events) for events in answers]
        assert texts == ["To one: so it is.", "To two: so it is."]
        assert [events[-1].event for events in answers] == ["done", "done"]
        assert there.model.prompts == []


async def test_an_answer_that_a_process_left_behind_is_read_from_the_next(sqlite_url, monkeypatch) -> None:
    async def dies(*_) -> None:
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as patch:
        patch.setattr(Answering, "answer", dies)
        async with (
            web_world(sqlite_url) as first,
            first.client.stream("POST", "/chat/stream", json={"message": "hello"}) as stream,
        ):
            request = stream.headers["x-client-request-id"]

    async with web_world(sqlite_url) as second:
        reading = asyncio.create_task(second.stream("GET", params={"client_request_id": request}))
        await second.assistant.adopt_turns()
        events = await reading

        assert "".join(json.loads(each.data).get("content", "") for each in events) == "You said: hello"
        assert events[-1].event == "done"


async def test_an_answer_that_broke_off_is_read_later_with_a_sentence(sqlite_url) -> None:
    def endless(_):
        return [Chunk(text="Half an "), *[0.05] * 400]

    async with web_world(sqlite_url, script=endless, grace=0.1) as first:
        reading = asyncio.create_task(first.stream(json={"message": "hello"}))
        await until(lambda: first.model.prompts)
        await first.leave()
        [*_, told] = await reading

    async with web_world(sqlite_url) as second:
        events = await second.stream("GET", headers={"Last-Event-ID": told.id})
        request = json.loads(told.data)["client_request_id"]
        again = await second.stream("GET", params={"client_request_id": request})

        assert [each.event for each in events] == ["error"]
        assert json.loads(events[0].data)["error"].startswith("The answer broke off")
        assert json.loads(again[0].data)["content"] == "Half an "
        judged = await second.client.post(f"/feedback?client_request_id={request}", json={"is_correct": False})
        assert judged.status_code == 200


@pytest.mark.parametrize("name", ["web-0123456789abcdef-0123456789ab", "web-x-y", "slack-C1-1712.5"])
async def test_what_was_never_asked_is_not_read(sqlite_url, name) -> None:
    async with web_world(sqlite_url) as world:
        answer = await world.client.get("/chat/stream", params={"client_request_id": name})

        assert answer.status_code == 404
        assert "asked" in answer.json()["detail"]
