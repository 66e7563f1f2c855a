"""What is kept, read over HTTP: conversations, the log by offset and live, the report, and the page about it all."""

import json

import pytest

from tests.scenarios.web_world import web_world


@pytest.fixture
async def world(sqlite_url):
    async with web_world(sqlite_url) as made:
        yield made


async def test_a_conversation_is_shown_with_what_people_think_of_it(database_url) -> None:
    async with web_world(database_url) as world:
        asked = await world.ask("hello")
        vote = {"is_correct": True, "comment": "Yes."}
        await world.client.post(f"/feedback?trace_id={asked['trace_id']}", json=vote, headers={"X-User-ID": "lovelace"})

        answer = await world.client.get(f"/conversations/{asked['conversation_id']}")

        question, reply = answer.json()["messages"]
        assert (question["role"], question["content"]) == ("user", "hello")
        assert (reply["role"], reply["rating"]) == ("assistant", "like")
        assert reply["opinions"][0]["rationale"] == "Yes."
        assert "lovelace" not in json.dumps(reply["opinions"])


async def test_conversations_are_listed_page_by_page_without_words(database_url) -> None:
    async with web_world(database_url) as world:
        asked = [await world.ask(each) for each in ("one", "two", "three")]

        first = (await world.client.get("/conversations", params={"limit": 2})).json()
        rest = (await world.client.get("/conversations", params={"limit": 2, "before": first["next"]})).json()

        listed = [*first["conversations"], *rest["conversations"]]
        assert [each["id"] for each in listed] == [each["conversation_id"] for each in reversed(asked)]
        assert (listed[0]["place"]["platform"], listed[0]["ended_at"]) == ("web", None)
        assert rest["next"] is None
        assert "three" not in json.dumps(listed)


async def test_the_log_is_read_on_where_one_was(world) -> None:
    await world.ask("one")
    first = (await world.client.get("/events", params={"limit": 2})).json()
    rest = (await world.client.get("/events", params={"after": first["next"]})).json()
    end = (await world.client.get("/events", params={"after": rest["next"]})).json()

    assert [each["type"] for each in first["events"]] == ["start_conversation", "add_message"]
    assert [each["seq"] for each in rest["events"]] == [first["next"] + 1]
    assert end == {"events": [], "next": rest["next"]}


async def test_the_log_is_followed_and_taken_up_again(world) -> None:
    await world.ask("one")
    read = []
    async with world.client.stream("GET", "/events", headers={"Accept": "text/event-stream"}) as stream:
        lines = stream.aiter_lines()
        while len(read) < 3:
            read += [line[4:] async for line in _until_id(lines)]
        asked = await world.ask("two")
        while len(read) < 5:
            read += [line[4:] async for line in _until_id(lines)]
    async with world.client.stream("GET", "/events?follow=true", headers={"Last-Event-ID": read[-1]}) as again:
        async for line in again.aiter_lines():
            if line.startswith("data: "):
                next_one = json.loads(line[6:])
                break

    assert read == [str(number) for number in range(1, 6)]
    assert (next_one["seq"], next_one["message_id"]) == (6, asked["trace_id"])


async def _until_id(lines):
    async for line in lines:
        if line.startswith("id: "):
            yield line
            return


async def test_the_report_is_that_of_the_command_line(world) -> None:
    for number in range(3):
        asked = await world.ask(f"question {number}")
        vote = {"is_correct": number > 0}
        await world.client.post(f"/feedback?trace_id={asked['trace_id']}", json=vote, headers={"X-User-ID": "ada"})

    whole = (await world.client.get("/report")).json()["all"]
    parts = (await world.client.get("/report", params={"by": ["platform", "model"], "hours": 1})).json()

    assert (whole["total_traces"], whole["traces_with_feedback"]) == (3, 3)
    assert (whole["positive_count"], whole["negative_count"]) == (2, 1)
    assert list(parts) == ["web · scripted-model", "all"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("hours=1&since=2026-01-01T00:00:00Z", "choose one of them"),
        ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "before it begins"),
        ("since=yesterday", "since: "),
        ("by=weather", "by.0: "),
        ("hours=-1", "hours: "),
        ("hours=nan", "hours: "),
        ("until=0001-01-01T00:00:00%2B14:00", "no moment"),
        ("until=0001-01-01T00:00:00Z", "before all time"),
    ],
)
async def test_a_window_that_cannot_be_is_a_sentence(world, query, says) -> None:
    answer = await world.client.get(f"/report?{query}")

    assert answer.status_code == 422
    assert says in answer.json()["detail"]


async def test_the_page_about_the_interface_names_every_route_and_needs_nothing_from_elsewhere(world) -> None:
    page = await world.client.get("/docs")
    described = (await world.client.get("/openapi.json")).json()

    assert all(f"<code>{path}</code>" in page.text for path in described["paths"])
    assert "integer 1–5" in page.text
    assert "http" not in page.text
    assert "<script" not in page.text
    assert (await world.client.get("/plain.css")).headers["content-type"].startswith("text/css")
    assert (await world.client.get("/")).headers["location"] == "/docs"
