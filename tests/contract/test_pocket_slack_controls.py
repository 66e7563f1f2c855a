"""Streams, buttons, dialogs and commands of the box's Slack, through slack_sdk and Bolt."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.things import Message, Person

QUIET = logging.getLogger("test.bolt")
QUIET.setLevel(logging.CRITICAL)

FEEDBACK: dict[str, Any] = {
    "type": "context_actions",
    "block_id": "controls",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "vote",
            "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "good"},
            "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "bad"},
        }
    ],
}

DIALOG: dict[str, Any] = {
    "type": "modal",
    "callback_id": "better",
    "title": {"type": "plain_text", "text": "Better"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "answer",
            "label": {"type": "plain_text", "text": "What should it have said?"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


class MovedClock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds


class Desk:
    """A pocket with a Bolt app in it, and a question of Ada's."""

    def __init__(self, pocket: Pocket, web: AsyncWebClient, app: AsyncApp) -> None:
        self.pocket, self.web, self.app = pocket, web, app
        self.ada: Person = pocket.person("Ada")
        self.room = pocket.room("general", on="slack")

    async def asks(self) -> tuple[Message, dict[str, Any]]:
        question = await self.ada.says("why?", self.room)
        shown = (await self.web.conversations_history(channel="general", limit=1))["messages"][0]
        return question, shown

    async def stream_arguments(self) -> dict[str, Any]:
        _, shown = await self.asks()
        channel = (await self.web.conversations_info(channel="general"))["channel"]["id"]
        recipient = {"recipient_team_id": shown["team"], "recipient_user_id": shown["user"]}
        return {"channel": channel, "thread_ts": shown["ts"], **recipient}


@asynccontextmanager
async def desk(clock: MovedClock | None = None, **rules: Any) -> AsyncIterator[Desk]:
    slack_rules = SlackRules.unlimited(**rules)
    async with Pocket(slack=slack_rules, clock=clock) as pocket, aiohttp.ClientSession() as session:
        web = AsyncWebClient(token=pocket.slack.bot_token, base_url=pocket.slack.base_url, session=session)
        app = AsyncApp(client=web, logger=QUIET)
        handler = AsyncSocketModeHandler(app, pocket.slack.app_token, logger=QUIET)
        await handler.connect_async()
        await pocket.until(lambda: pocket.slack.connected)
        try:
            yield Desk(pocket, web, app)
        finally:
            await handler.close_async()
            await handler.client.aiohttp_client_session.close()


async def test_a_stream_grows_and_ends_with_its_controls() -> None:
    async with desk() as at:
        arguments = await at.stream_arguments()

        stream = await at.web.chat_stream(**arguments, buffer_size=1)
        await stream.append(markdown_text="**be")
        await stream.append(markdown_text="cause**")
        await stream.stop(blocks=[FEEDBACK])

        reply = at.room.messages[-1]
        assert [state.text for state in reply.states] == ["**be", "**because**", "**because**"]
        assert reply.wire["streaming_state"] == "completed"
        assert reply.wire["blocks"] == [FEEDBACK]


async def test_a_stream_in_a_channel_needs_to_know_its_reader() -> None:
    async with desk() as at:
        arguments = await at.stream_arguments()
        del arguments["recipient_team_id"]

        with pytest.raises(SlackApiError) as refused:
            await at.web.chat_startStream(**arguments)

        assert refused.value.response["error"] == "missing_recipient_team_id"


async def test_a_stream_ends_after_five_minutes_and_its_message_can_be_edited_then() -> None:
    clock = MovedClock()
    async with desk(clock) as at:
        started = await at.web.chat_startStream(**await at.stream_arguments(), markdown_text="slow")
        here: dict[str, Any] = {"channel": started["channel"], "ts": started["ts"]}
        clock.seconds += 299
        await at.web.chat_appendStream(**here, markdown_text=" and")
        with pytest.raises(SlackApiError) as early:
            await at.web.chat_update(**here, text="slow and steady")

        clock.seconds += 2
        with pytest.raises(SlackApiError) as late:
            await at.web.chat_appendStream(**here, markdown_text=" steady")
        await at.web.chat_update(**here, text="slow and steady")

        assert early.value.response["error"] == "streaming_state_conflict"
        assert late.value.response["error"] == "message_not_in_streaming_state"
        assert at.room.messages[-1].text == "slow and steady"


async def test_a_stream_that_its_reader_stopped_takes_no_more() -> None:
    async with desk() as at:
        started = await at.web.chat_startStream(**await at.stream_arguments(), markdown_text="on and on")
        at.pocket.slack.stop_stream(at.room.messages[-1])

        with pytest.raises(SlackApiError) as refused:
            await at.web.chat_appendStream(channel=started["channel"], ts=started["ts"], markdown_text=" and on")

        assert refused.value.response["error"] == "stopped_by_user"


async def test_a_pressed_feedback_button_tells_who_where_and_what() -> None:
    async with desk() as at:
        actions = list[dict[str, Any]]()

        @at.app.action("vote")
        async def vote(ack: Any, body: dict[str, Any]) -> None:
            actions.append(body)
            await ack()

        _, shown = await at.asks()
        posted = await at.web.chat_postMessage(channel="general", text="x", blocks=[FEEDBACK], thread_ts=shown["ts"])
        await at.ada.presses("Bad", at.room.messages[-1])

        action = actions[0]["actions"][0]
        assert (action["type"], action["value"], action["block_id"]) == ("feedback_buttons", "bad", "controls")
        assert actions[0]["user"]["id"] == shown["user"]
        assert actions[0]["container"]["message_ts"] == posted["ts"]
        assert actions[0]["container"]["thread_ts"] == shown["ts"]


async def test_there_is_nothing_to_press_where_nothing_is() -> None:
    async with desk() as at:
        question, _ = await at.asks()

        with pytest.raises(LookupError, match="no control called 'Bad'"):
            await at.ada.presses("Bad", question)


async def test_a_press_opens_a_dialog_that_can_be_refused_and_sent_again() -> None:
    async with desk() as at:
        sent = list[str]()

        @at.app.action("vote")
        async def vote(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=DIALOG)

        @at.app.view("better")
        async def better(ack: Any, view: dict[str, Any]) -> None:
            text = view["state"]["values"]["answer"]["text"]["value"]
            if not text:
                await ack(response_action="errors", errors={"answer": "Say something."})
                return
            sent.append(text)
            await ack()

        await at.web.chat_postMessage(channel="general", text="x", blocks=[FEEDBACK])
        slack = at.pocket.slack
        await at.ada.presses("Bad", at.room.messages[-1])
        await at.pocket.until(lambda: slack.views.dialog(at.ada))
        refused = await at.ada.submits({"text": None}, on="slack")
        still_open = slack.views.dialog(at.ada) is not None
        await at.ada.submits({"text": "Forty-two."}, on="slack")

        assert refused["errors"] == {"answer": "Say something."}
        assert still_open
        assert sent == ["Forty-two."]
        assert slack.views.dialog(at.ada) is None


async def test_a_trigger_opens_a_dialog_for_three_seconds_only() -> None:
    clock = MovedClock()
    async with desk(clock) as at:
        trigger = at.pocket.slack.views.trigger(at.ada)
        clock.seconds += 3.1

        with pytest.raises(SlackApiError) as late:
            await at.web.views_open(trigger_id=trigger, view=DIALOG)
        with pytest.raises(SlackApiError) as wrong:
            await at.web.views_open(trigger_id="1.2.3", view=DIALOG)

        assert late.value.response["error"] == "expired_trigger_id"
        assert wrong.value.response["error"] == "invalid_trigger_id"


async def test_a_command_is_answered_with_a_whisper() -> None:
    async with desk() as at:

        @at.app.command("/plaudit")
        async def plaudit(ack: Any, body: dict[str, Any], respond: Any) -> None:
            await ack(f"you said {body['text']}")
            await respond("and this beside it")

        await at.ada.commands("/plaudit", "help", at.room)
        await at.pocket.until(lambda: len(at.room.history) == 2)

        assert {each.text for each in at.room.history} == {"you said help", "and this beside it"}
        assert {each.only_for for each in at.room.history} == {at.ada}


async def test_an_app_that_does_not_answer_a_press_is_told_on() -> None:
    async with desk(ack_timeout=0.05) as at:

        @at.app.action("vote")
        async def vote() -> None: ...

        await at.web.chat_postMessage(channel="general", text="x", blocks=[FEEDBACK])

        with pytest.raises(TimeoutError, match="did not acknowledge"):
            await at.ada.presses("Good", at.room.messages[-1])


async def test_a_messages_menu_reaches_the_app() -> None:
    async with desk() as at:
        chosen = list[str]()

        @at.app.shortcut("rate")
        async def rate(ack: Any, body: dict[str, Any]) -> None:
            chosen.append(body["message"]["text"])
            await ack()

        question, _ = await at.asks()
        await at.ada.chooses("rate", question)

        assert chosen == ["why?"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"private_metadata": "x" * 3001},
        {"blocks": []},
        {"type": "home", "blocks": [{"type": "markdown", "text": "**x**"}]},
        {"blocks": [FEEDBACK]},
    ],
)
async def test_a_view_that_slack_would_not_show_is_refused(wrong: dict[str, Any]) -> None:
    async with desk() as at:
        trigger = at.pocket.slack.views.trigger(at.ada)

        with pytest.raises(SlackApiError) as refused:
            await at.web.views_open(trigger_id=trigger, view={**DIALOG, **wrong})

        assert refused.value.response["error"] == "invalid_arguments"


async def test_two_buttons_of_a_row_need_two_names() -> None:
    button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "A"}, "value": "a"}
    async with desk() as at:
        with pytest.raises(SlackApiError) as refused:
            await at.web.chat_postMessage(
                channel="general", text="x", blocks=[{"type": "actions", "elements": [button, button]}]
            )

        assert refused.value.response["error"] == "invalid_blocks"


async def test_an_address_takes_so_many_answers_for_so_long() -> None:
    clock = MovedClock()
    async with desk(clock, responses=2) as at:
        urls = list[str]()

        @at.app.command("/plaudit")
        async def plaudit(ack: Any, body: dict[str, Any]) -> None:
            urls.append(body["response_url"])
            await ack()

        for _ in range(2):
            await at.ada.commands("/plaudit", "", at.room)

        async def answer(url: str) -> str:
            return (await AsyncWebhookClient(url, session=at.web.session).send(text="x")).body

        used = [await answer(urls[0]) for _ in range(3)]
        clock.seconds += 1801
        late = await answer(urls[1])

        assert used[:2] == ["ok", "ok"]
        assert "used_url" in used[2]
        assert "expired_url" in late


async def test_a_file_is_shown_once_its_bytes_have_come() -> None:
    async with desk() as at:
        announced = await at.web.files_getUploadURLExternal(filename="a.txt", length=5)
        files: list[dict[str, Any]] = [{"id": announced["file_id"]}]
        with pytest.raises(SlackApiError) as early:
            await at.web.files_completeUploadExternal(files=files)

        session = at.web.session
        assert session is not None
        async with session.post(announced["upload_url"], data=b"other than announced") as wrong:
            refused = wrong.status
        await at.web.files_upload_v2(channel="general", filename="b.txt", content=b"hello", initial_comment="Here:")

        assert early.value.response["error"] == "file_not_found"
        assert refused == 400
        assert at.room.messages[-1].text == "Here:\n[b.txt]"


async def test_whoever_opens_the_home_tab_is_told_of() -> None:
    async with desk() as at:
        seen = list[dict[str, Any]]()

        @at.app.event("app_home_opened")
        async def opened(event: dict[str, Any], client: AsyncWebClient) -> None:
            seen.append(event)
            view = {"type": "home", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}]}
            await client.views_publish(user_id=event["user"], view=view)

        at.pocket.slack.open_home(at.ada)
        home = await at.pocket.until(lambda: at.pocket.slack.views.homes.get(at.ada.id))

        assert (seen[0]["tab"], home.person) == ("home", at.ada)
        with pytest.raises(LookupError, match="no control"):
            await at.pocket.slack.hands.press_at_home(at.ada, "X")
