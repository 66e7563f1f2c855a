"""Who gets in where Slack's requests come in: what is signed by Slack, now, for the first time; and what it becomes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bots.pocket.slack_http import signed
from bots.slack.door import Door
from bots.slack.manifest import PATH
from bots.slack.over_http import Workspace
from bots.slack.signed import Signatures
from bots.slack.translate import Identity
from bots.web.app import MAX_BODY
from bots.web.problems import handle_problems
from core.events import Event
from core.ports import ChatPlatform

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # the one of Slack's own example
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
EVENT = b'{"type": "event_callback", "team_id": "T1", "event": {"type": "message"}}'
OLD, AHEAD = NOW - timedelta(seconds=301), NOW + timedelta(seconds=301)


class StoppedClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()


@dataclass
class Room:
    """A door, what came through it, and how that is answered."""

    client: httpx2.AsyncClient
    door: Door
    clock: StoppedClock
    heard: list[Any] = field(default_factory=list)
    answer: Callable[[], BoltResponse] = lambda: BoltResponse(status=200)

    async def dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        self.heard.append(request.body)
        return self.answer()

    async def post(self, body: bytes, headers: dict[str, str] | None = None) -> httpx2.Response:
        given = signed(body, SECRET, int(self.clock.time.timestamp())) if headers is None else headers
        return await self.client.post(PATH, content=body, headers=given)


@asynccontextmanager
async def a_room() -> AsyncIterator[Room]:
    clock = StoppedClock()
    door = Door(Signatures(SECRET, clock))
    app = FastAPI(max_body_size=MAX_BODY)
    app.include_router(door.router())
    handle_problems(app)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://bot") as client:
        yield Room(client, door, clock)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with a_room() as made, made.door.open(made.dispatch):
        yield made


def test_slacks_own_example_is_taken() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
        b"96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    clock = StoppedClock()
    clock.time = datetime.fromtimestamp(1531420618, UTC)

    told = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"

    assert Signatures(SECRET, clock).refusal(body, "1531420618", told) == ""


async def test_what_is_signed_is_heard_and_acknowledged(room: Room) -> None:
    answer = await room.post(EVENT)

    assert answer.status_code == 200
    assert [each["team_id"] for each in room.heard] == ["T1"]


@pytest.mark.parametrize(
    ("why", "headers"),
    [
        ("not signed", {}),
        ("not signed", {"X-Slack-Signature": "v0=0", "X-Slack-Request-Timestamp": ""}),
        ("wrong signature", signed(EVENT, "another secret", int(NOW.timestamp()))),
        ("wrong signature", signed(EVENT + b" ", SECRET, int(NOW.timestamp()))),
        ("wrong signature", signed(EVENT, SECRET, int(NOW.timestamp())) | {"X-Slack-Signature": "v0="}),
        ("too old", signed(EVENT, SECRET, int(OLD.timestamp()))),
        ("too old", signed(EVENT, SECRET, int(AHEAD.timestamp()))),
        ("too old", signed(EVENT, SECRET, 0)),
        ("malformed", signed(EVENT, SECRET, int(NOW.timestamp())) | {"X-Slack-Request-Timestamp": "soon"}),
        ("malformed", signed(EVENT, SECRET, int(NOW.timestamp())) | {"X-Slack-Request-Timestamp": "9" * 5_000}),
        ("malformed", signed(EVENT, SECRET, -1)),
    ],
)
async def test_what_is_not_signed_so_is_refused_and_nobody_hears_of_it(
    room: Room, caplog: pytest.LogCaptureFixture, why: str, headers: dict[str, str]
) -> None:
    answer = await room.post(EVENT, headers)

    assert answer.status_code == 401
    assert why in answer.json()["detail"]
    assert room.heard == []
    [line] = [each for each in caplog.records if each.message == "slack_request_refused"]
    assert "event_callback" not in str(vars(line))


async def test_a_request_that_was_acknowledged_is_refused_when_it_is_replayed(room: Room) -> None:
    headers = signed(EVENT, SECRET, int(NOW.timestamp()))
    first = await room.post(EVENT, headers)

    again = [await room.post(EVENT, headers)]
    room.clock.time += timedelta(seconds=299)
    again.append(await room.post(EVENT, headers))
    room.clock.time += timedelta(seconds=2)
    again.append(await room.post(EVENT, headers))

    assert first.status_code == 200
    assert [each.status_code for each in again] == [401, 401, 401]
    assert ["replayed" in each.text for each in again] == [True, True, False]
    assert len(room.heard) == 1


async def test_a_retry_that_slack_signs_anew_is_heard(room: Room) -> None:
    await room.post(EVENT)
    room.clock.time += timedelta(seconds=3)

    again = await room.post(EVENT)

    assert again.status_code == 200
    assert len(room.heard) == 2


async def test_what_could_not_be_kept_is_not_acknowledged_and_may_come_again_as_it_was(room: Room) -> None:
    headers = signed(EVENT, SECRET, int(NOW.timestamp()))
    room.answer = lambda: BoltResponse(status=500)
    failed = await room.post(EVENT, headers)
    room.answer = lambda: BoltResponse(status=200)

    again = await room.post(EVENT, headers)

    assert (failed.status_code, again.status_code) == (500, 200)


def test_signatures_are_forgotten_once_they_are_too_old_anyhow() -> None:
    clock = StoppedClock()
    signatures = Signatures(SECRET, clock)

    for second in range(400):
        signatures.took(str(int(clock.time.timestamp())), f"v0={second}")
        clock.time += timedelta(seconds=1)

    assert len(signatures._taken) == 301


async def test_slack_is_answered_when_it_tries_the_address_though_the_bot_is_not_connected() -> None:
    async with a_room() as room:
        trial = await room.post(b'{"type": "url_verification", "challenge": "3eZbrw1aB", "token": "x"}')
        event = await room.post(EVENT)

    assert (trial.status_code, trial.text) == (200, "3eZbrw1aB")
    assert event.status_code == 503


async def test_a_challenge_that_is_not_signed_is_not_answered(room: Room) -> None:
    answer = await room.post(b'{"type": "url_verification", "challenge": "3eZbrw1aB"}', {})

    assert answer.status_code == 401
    assert "3eZ" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"type": "url_verification"}', b"payload=%7B", b"payload=[1]", b'"x"'])
async def test_what_is_signed_and_malformed_is_answered_in_a_sentence(room: Room, body: bytes) -> None:
    answer = await room.post(body)

    assert answer.status_code == 400 or room.heard
    assert answer.status_code in {200, 400}


async def test_bytes_that_are_no_text_are_refused(room: Room) -> None:
    answer = await room.post(b"\xff\xfe")

    assert answer.status_code == 401


async def test_a_huge_body_is_refused_unread(room: Room) -> None:
    answer = await room.post(b" " * (MAX_BODY + 1))

    assert answer.status_code == 413
    assert room.heard == []


async def test_what_nobody_listens_for_is_acknowledged_all_the_same(room: Room) -> None:
    room.answer = lambda: BoltResponse(status=404, body=json.dumps({"error": "unhandled request"}))

    answer = await room.post(EVENT)

    assert (answer.status_code, answer.text) == (200, "")


async def test_a_retry_that_comes_after_a_minute_makes_the_bot_look_back_once() -> None:
    caught_up: list[datetime | None] = []
    clock = StoppedClock()

    async def handle(event: Event, platform: ChatPlatform) -> None:
        raise AssertionError(event)

    workspace = Workspace(
        AsyncWebClient(token="xoxb-x"),
        Identity("T1", "U1", "B1"),
        handle=handle,
        catch_up=lambda _, since: caught_up.append(since),
        streams=True,
        clock=clock,
    )

    async def retry(number: int) -> int:
        headers = {"x-slack-retry-num": str(number)}
        await workspace.dispatch(
            AsyncBoltRequest(body=EVENT.replace(b"message", b"team_join").decode(), headers=headers)
        )
        return len(caught_up)

    soon_after_the_start = await retry(2)
    clock.time += timedelta(minutes=7)

    assert soon_after_the_start == 0
    assert [await retry(number) for number in (0, 1, 2, 3, 3)] == [0, 0, 1, 1, 1]


async def test_closing_waits_for_the_requests_under_way() -> None:
    may_end, began = asyncio.Event(), asyncio.Event()

    async def slow(_: AsyncBoltRequest) -> BoltResponse:
        began.set()
        await may_end.wait()
        return BoltResponse(status=200)

    async with a_room() as room:
        async with room.door.open(slow):
            asking = asyncio.create_task(room.post(EVENT))
            await began.wait()
            asyncio.get_running_loop().call_later(0.01, may_end.set)
        closed_after_it = may_end.is_set()
        answer = await asking

    assert closed_after_it
    assert answer.status_code == 200
