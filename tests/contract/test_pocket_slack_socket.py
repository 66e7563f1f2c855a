"""Socket Mode of the box's Slack, with slack_sdk's own client, and once with Bolt."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.things import Person, Room

QUIET = logging.getLogger("test.socket_mode")
QUIET.setLevel(logging.CRITICAL)


class App:
    """A bare app: it keeps every request, and acknowledges them while it is `willing`."""

    def __init__(self, pocket: Pocket, *, ping_interval: float = 0.1) -> None:
        self.pocket = pocket
        self.requests: list[SocketModeRequest] = []
        self.willing = True
        self.answers: dict[str, dict[str, Any]] = {}
        slack = pocket.slack
        self.web = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url, logger=QUIET)
        self.client = SocketModeClient(slack.app_token, QUIET, self.web, ping_interval=ping_interval)
        self.client.socket_mode_request_listeners.append(self._heard)

    async def _heard(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.requests.append(request)
        if self.willing:
            answer = self.answers.get(request.payload.get("type", ""))
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, answer))
        self.pocket.house.stir()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [each.payload["event"] for each in self.requests if each.type == "events_api"]

    @property
    def kinds(self) -> list[str]:
        return [each.get("subtype") or each["type"] for each in self.events]

    async def heard(self, count: int) -> list[SocketModeRequest]:
        await self.pocket.until(lambda: len(self.requests) >= count)
        return self.requests


@asynccontextmanager
async def connected(pocket: Pocket) -> AsyncIterator[App]:
    app = App(pocket)
    async with aiohttp.ClientSession() as session:
        app.web.session = session
        before = pocket.slack.connected
        await app.client.connect()
        await pocket.until(lambda: pocket.slack.connected > before)
        try:
            yield app
        finally:
            await app.client.close()
            await app.client.aiohttp_client_session.close()
            await asyncio.sleep(0)  # lets the client's cancelled tasks end


@asynccontextmanager
async def opened(**rules: Any) -> AsyncIterator[tuple[Pocket, App, Person, Room]]:
    async with Pocket(slack=SlackRules.unlimited(**rules)) as pocket, connected(pocket) as app:
        yield pocket, app, pocket.person("Ada"), pocket.room("general", on="slack")


async def test_a_mention_comes_twice_with_one_ts_escaped_and_with_real_ids() -> None:
    async with opened() as (_, app, ada, room):
        await ada.says("@plaudit is 1 < 2 & http://a.b/c?", room)
        requests = await app.heard(2)

    message, mention = app.events
    assert (message["type"], mention["type"]) == ("message", "app_mention")
    assert message["ts"] == mention["ts"]
    assert requests[0].payload["event_id"] != requests[1].payload["event_id"]
    assert message["channel_type"] == "channel"
    authorized = requests[0].payload["authorizations"][0]["user_id"]
    assert message["text"] == f"<@{authorized}> is 1 &lt; 2 &amp; <http://a.b/c>?"


async def test_a_direct_message_is_of_channel_type_im_and_no_mention() -> None:
    async with opened() as (pocket, app, ada, _):
        await ada.says("hello @plaudit", ada.dm("slack"))
        await pocket.until(lambda: app.requests and not pocket.slack.undelivered)

    assert [(each["type"], each["channel_type"]) for each in app.events] == [("message", "im")]
    assert app.events[0]["channel"].startswith("D")


async def test_edits_deletions_and_reactions_are_told() -> None:
    async with opened() as (_, app, ada, room):
        ada.skin_tone = 6
        message = await ada.says("first", room)
        await ada.edits(message, "second")
        await ada.reacts("👍", message)
        await ada.takes_back("👍", message)
        await ada.deletes(message)
        await app.heard(5)

    assert app.kinds == ["message", "message_changed", "reaction_added", "reaction_removed", "message_deleted"]
    _, changed, added, _, deleted = app.events
    assert (changed["previous_message"]["text"], changed["message"]["text"]) == ("first", "second")
    assert added["reaction"] == "+1::skin-tone-6"
    assert added["item"]["ts"] == deleted["deleted_ts"] == changed["message"]["ts"]


async def test_the_deletion_of_a_question_with_replies_is_a_change_to_a_tombstone() -> None:
    async with opened() as (_, app, ada, room):
        question = await ada.says("why?", room)
        await ada.says("because", room, thread=question)
        await ada.deletes(question)
        await app.heard(3)

    assert app.kinds == ["message", "message", "message_changed"]
    assert app.events[1]["thread_ts"] == app.events[0]["ts"]
    assert app.events[2]["message"]["subtype"] == "tombstone"


async def test_the_bots_own_messages_and_edits_are_told_too() -> None:
    async with opened() as (_, app, _, _):
        posted = await app.web.chat_postMessage(channel="general", text="one")
        await app.web.chat_update(channel=posted["channel"], ts=posted["ts"], text="two")
        await app.heard(2)

    assert app.kinds == ["message", "message_changed"]
    assert app.events[0]["bot_id"] == posted["message"]["bot_id"]


async def test_rooms_without_the_bot_are_silent() -> None:
    async with opened() as (pocket, app, ada, room):
        elsewhere = pocket.room("elsewhere", on="slack", members=[ada])
        await ada.says("secret", elsewhere)
        await ada.says("public", room)
        await app.heard(1)

    assert [each["text"] for each in app.events] == ["public"]


async def test_an_event_comes_again_until_it_is_acknowledged() -> None:
    async with opened(ack_timeout=0.05, redelivery=(0.0, 0.05, 60.0)) as (pocket, app, ada, room):
        app.willing = False
        await ada.says("hello?", room)
        await app.heard(2)
        app.willing = True
        requests = await app.heard(3)
        await pocket.until(lambda: not pocket.slack.undelivered)

    assert [each.retry_attempt for each in requests] == [0, 1, 2]
    assert [each.retry_reason for each in requests] == ["", "timeout", "timeout"]
    assert len({each.payload["event_id"] for each in requests}) == 1
    assert len({each.envelope_id for each in requests}) == 3


async def test_an_event_that_nobody_acknowledges_is_lost_after_the_last_retry() -> None:
    async with opened(ack_timeout=0.02, redelivery=(0.0, 0.02)) as (pocket, app, ada, room):
        app.willing = False
        await ada.says("hello?", room)
        await pocket.until(lambda: pocket.slack.sockets.lost)

    assert len(app.requests) == 3
    assert pocket.slack.undelivered == 0


async def test_everything_comes_twice_where_one_asks_for_it() -> None:
    async with opened(deliver_twice=True) as (pocket, app, ada, room):
        await ada.says("hello", room)
        await app.heard(2)
        await pocket.until(lambda: not pocket.slack.undelivered)

    assert [each["text"] for each in app.events] == ["hello", "hello"]
    assert len({each.payload["event_id"] for each in app.requests}) == 1


async def test_after_a_disconnect_the_app_comes_back_and_loses_nothing() -> None:
    async with opened(redelivery=(0.0, 0.0, 0.0)) as (pocket, app, ada, room):
        pocket.slack.disconnect("refresh_requested")
        for number in range(3):
            await ada.says(f"{number}", room)
        await pocket.until(lambda: len(pocket.slack.calls_of("apps.connections.open")) == 2)
        await pocket.until(lambda: {each["text"] for each in app.events} == {"0", "1", "2"})

    assert not pocket.slack.sockets.lost


async def test_what_was_on_a_dropped_socket_comes_again_on_the_next() -> None:
    async with opened() as (pocket, app, ada, room):
        app.willing = False
        await ada.says("hello?", room)
        await app.heard(1)
        app.willing = True
        pocket.slack.drop()
        requests = await app.heard(2)

    assert (requests[0].retry_attempt, requests[-1].retry_attempt) == (0, 1)
    assert requests[0].payload["event_id"] == requests[-1].payload["event_id"]


async def test_what_happens_while_the_app_is_kept_out_comes_when_it_is_back() -> None:
    async with opened() as (pocket, app, ada, room):
        with pocket.slack.away():
            await ada.says("anyone?", room)
            await pocket.until(lambda: not pocket.slack.connected)
        requests = await app.heard(1)

    assert [each["text"] for each in app.events] == ["anyone?"]
    assert requests[0].retry_attempt == 1


async def test_each_envelope_goes_to_one_of_several_connections() -> None:
    async with opened() as (pocket, one, ada, room), connected(pocket) as other:
        for number in range(10):
            await ada.says(f"{number}", room)
        await pocket.until(lambda: len(one.requests) + len(other.requests) == 10)

    assert len(one.requests) == len(other.requests) == 5


async def test_one_connection_too_many_is_sent_away() -> None:
    async with opened(max_connections=1) as (pocket, _, _, _):
        web = AsyncWebClient(base_url=pocket.slack.base_url)
        opening = await web.apps_connections_open(app_token=pocket.slack.app_token)
        async with aiohttp.ClientSession() as session, session.ws_connect(opening["url"]) as socket:
            goodbye = await socket.receive_json()

    assert (goodbye["type"], goodbye["reason"]) == ("disconnect", "too_many_websockets")


async def test_envelopes_are_as_late_as_the_latency_says_and_in_order() -> None:
    async with opened(latency=0.25) as (_, app, ada, room):
        began = time.monotonic()
        for number in range(20):
            await ada.says(f"{number}", room)
        await app.heard(20)
        took = time.monotonic() - began

    assert [each["text"] for each in app.events] == [f"{number}" for number in range(20)]
    assert 0.25 <= took < 0.95 * 20 * 0.25  # they are on their way at the same time


async def test_a_mutilated_frame_harms_only_itself() -> None:
    async with opened() as (pocket, app, ada, room):
        pocket.slack.send_raw({"type": "events_api", "envelope_id": "x", "payload": {"type": "event_callback"}})
        pocket.slack.send_raw({"nonsense": True})
        pocket.slack.send_event({"type": "message", "channel": "C404"})
        await ada.says("still there?", room)
        requests = await app.heard(3)

    assert "event" not in requests[0].payload
    assert requests[2].payload["event"]["text"] == "still there?"


async def test_bolt_answers_a_question_and_counts_a_thumb() -> None:
    async with Pocket() as pocket, aiohttp.ClientSession() as session:
        slack, thumbs = pocket.slack, list[str]()
        web = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url, session=session)
        app = AsyncApp(client=web, logger=QUIET)

        @app.event("app_mention")
        async def answer(event: dict[str, Any], say: Any) -> None:
            await say(f"<@{event['user']}> a log", thread_ts=event["ts"])

        @app.event("reaction_added")
        async def count(event: dict[str, Any]) -> None:
            thumbs.append(event["reaction"])

        @app.event("message")
        async def ignore() -> None: ...

        handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=3)
        await handler.connect_async()
        ada, room = pocket.person("Ada"), pocket.room("general", on="slack")

        question = await ada.says("@plaudit what is WAL?", room)
        reply = await pocket.reply_to(question)
        await ada.reacts("👍", reply)
        await pocket.until(lambda: not slack.undelivered)
        await handler.close_async()
        await handler.client.aiohttp_client_session.close()

    assert reply.text == "@Ada a log"
    assert reply.thread is question
    assert thumbs == ["+1"]


async def test_leaving_the_box_leaves_nothing_behind() -> None:
    async with opened() as (_, app, ada, room):
        app.willing = False
        await ada.says("never answered", room)
        await app.heard(1)

    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
