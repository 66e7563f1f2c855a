"""The Web API of the box's Slack, asked by slack_sdk's own client."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.pocket.server import Pocket
from bots.pocket.slack import Fault
from bots.pocket.slack_rules import Rate, SlackRules


@asynccontextmanager
async def open_pocket(rules: SlackRules | None = None) -> AsyncIterator[tuple[Pocket, AsyncWebClient]]:
    async with Pocket(slack=rules or SlackRules.unlimited()) as pocket, aiohttp.ClientSession() as session:
        slack = pocket.slack
        yield pocket, AsyncWebClient(token=slack.bot_token, base_url=slack.base_url, session=session)


@pytest.fixture
async def box() -> AsyncIterator[tuple[Pocket, AsyncWebClient]]:
    async with open_pocket() as opened:
        yield opened


Box = tuple[Pocket, AsyncWebClient]


def markdown(text: str) -> list[dict[str, Any]]:
    return [{"type": "markdown", "text": text}]


async def test_auth_test_says_who_the_bot_is(box: Box) -> None:
    _, client = box

    me = await client.auth_test()
    user = await client.users_info(user=me["user_id"])
    bot = await client.bots_info(bot=me["bot_id"])

    assert me["user"] == user["user"]["name"] == bot["bot"]["name"] == "plaudit"
    assert user["user"]["is_bot"]
    assert me["team_id"] == (await client.team_info())["team"]["id"]


@pytest.mark.parametrize(
    ("token", "error"),
    [("xoxb-wrong", "invalid_auth"), ("", "not_authed"), ("xapp-pocket", "not_allowed_token_type")],
)
async def test_a_wrong_token_opens_nothing(box: Box, token: str, error: str) -> None:
    _, client = box
    client.token = token

    with pytest.raises(SlackApiError) as refused:
        await client.auth_test()

    assert refused.value.response["error"] == error


async def test_a_posted_message_can_be_edited_and_deleted(box: Box) -> None:
    pocket, client = box
    ada, room = pocket.person("Ada"), pocket.room("general", on="slack")
    question = await ada.says("hi", room)
    channel = (await client.conversations_list())["channels"][0]["id"]
    thread_ts = (await client.conversations_history(channel=channel))["messages"][0]["ts"]

    posted = await client.chat_postMessage(channel=channel, text="a &amp; b", thread_ts=thread_ts)
    reply = await pocket.reply_to(question)
    edited = await client.chat_update(channel=channel, ts=posted["ts"], text="x", blocks=markdown("**c**"))

    assert [state.text for state in reply.states] == ["a & b", "**c**"]
    assert edited["message"]["blocks"] == markdown("**c**")
    assert reply.thread is question
    await client.chat_delete(channel=channel, ts=posted["ts"])
    assert room.messages == [question]


async def test_an_edit_without_blocks_keeps_those_it_had(box: Box) -> None:
    pocket, client = box
    pocket.room("general", on="slack")
    posted = await client.chat_postMessage(channel="general", text="one", blocks=markdown("one"))

    kept = await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="two")
    emptied = await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="two", blocks=[])

    assert kept["message"]["blocks"] == markdown("one")
    assert "blocks" not in emptied["message"]


async def test_text_is_read_as_people_see_it_and_what_rings_is_known(box: Box) -> None:
    pocket, client = box
    pocket.person("Ada")
    room = pocket.room("general", on="slack")
    user = next(each for each in (await client.users_list())["members"] if each["name"] == "ada")
    text = f"<@{user['id']}> &lt;3 <https://x.org|this> <!here>"

    await client.chat_postMessage(channel="general", text=text)

    message = room.messages[0]
    assert message.text == "@Ada <3 this @here"
    assert pocket.slack.rings(message) == [f"<@{user['id']}>", "<!here>"]


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


async def test_what_does_not_fit_or_exist_is_refused_with_slacks_words(box: Box) -> None:
    pocket, client = box
    ada, room = pocket.person("Ada"), pocket.room("general", on="slack")
    pocket.room("elsewhere", on="slack", members=[ada])
    theirs = await ada.says("mine", room)
    ts = f"{theirs.id // 10**6}.{theirs.id % 10**6:06d}"
    posted = await client.chat_postMessage(channel="general", text="x")
    here: dict[str, Any] = {"channel": posted["channel"], "ts": posted["ts"]}

    refusals = [
        await refusal(client.chat_postMessage(channel="C404", text="x")),
        await refusal(client.chat_postMessage(channel="elsewhere", text="x")),
        await refusal(client.chat_postMessage(channel="general", text="x", thread_ts="1.000001")),
        await refusal(client.api_call("chat.postMessage", json={"channel": "general", "blocks": []})),
        await refusal(client.chat_postMessage(channel="general", text="x", blocks=markdown("m" * 12_001))),
        await refusal(client.chat_postMessage(channel="general", text="x", blocks=markdown("x") * 51)),
        await refusal(client.chat_postMessage(channel="general", text="x", markdown_text="y")),
        await refusal(client.chat_update(**here, text="x" * 4_001)),
        await refusal(client.chat_update(channel=posted["channel"], ts=ts, text="x")),
        await refusal(client.chat_update(channel=posted["channel"], ts="1.000001", text="x")),
        await refusal(client.chat_delete(channel=posted["channel"], ts=ts)),
        await refusal(client.api_call("chat.shout")),
    ]

    assert refusals == [
        "channel_not_found",
        "not_in_channel",
        "thread_not_found",
        "no_text",
        "msg_blocks_too_long",
        "invalid_blocks",
        "markdown_text_conflict",
        "msg_too_long",
        "cant_update_message",
        "message_not_found",
        "cant_delete_message",
        "unknown_method",
    ]


async def test_a_reaction_is_put_once_and_taken_once(box: Box) -> None:
    pocket, client = box
    ada, room = pocket.person("Ada"), pocket.room("general", on="slack")
    posted = await client.chat_postMessage(channel="general", text="x")
    at: dict[str, Any] = {"channel": posted["channel"], "timestamp": posted["ts"]}
    ada.skin_tone = 2
    await ada.reacts("👍", room.messages[0])

    await client.reactions_add(**at, name="thumbsup")
    twice = await refusal(client.reactions_add(**at, name="+1"))
    seen = (await client.reactions_get(**at))["message"]["reactions"]
    await client.reactions_remove(**at, name="thumbsup")

    assert twice == "already_reacted"
    assert [(each["name"], each["count"]) for each in seen] == [("+1::skin-tone-2", 1), ("+1", 1)]
    assert await refusal(client.reactions_remove(**at, name="thumbsup")) == "no_reaction"
    assert await refusal(client.reactions_add(**at, name="no such name")) == "invalid_name"
    assert list(room.messages[0].reactions) == ["👍🏻"]


async def test_history_comes_in_pages_newest_first_without_replies(box: Box) -> None:
    pocket, client = box
    ada, room = pocket.person("Ada"), pocket.room("general", on="slack")
    messages = [await ada.says(f"{number}", room) for number in range(5)]
    await ada.says("a reply", room, thread=messages[0])

    pages = await client.conversations_history(channel="general", limit=2)
    texts = [[each["text"] for each in page["messages"]] async for page in pages]

    assert texts == [["4", "3"], ["2", "1"], ["0"]]


async def test_metadata_shows_in_history_to_who_asks_for_it(box: Box) -> None:
    pocket, client = box
    pocket.room("general", on="slack")
    metadata = {"event_type": "reply", "event_payload": {"nonce": "1"}}
    await client.chat_postMessage(channel="general", text="x", metadata=metadata)

    plain = await client.conversations_history(channel="general")
    full = await client.conversations_history(channel="general", include_all_metadata=True)

    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == metadata


async def test_replies_come_oldest_first_below_their_question(box: Box) -> None:
    pocket, client = box
    ada, room = pocket.person("Ada"), pocket.room("general", on="slack")
    question = await ada.says("why?", room)
    replies = [await ada.says(f"{number}", room, thread=question) for number in range(3)]
    newest = (await client.conversations_history(channel="general"))["messages"][0]

    whole = await client.conversations_replies(channel="general", ts=newest["ts"])
    since = await client.conversations_replies(channel="general", ts=newest["ts"], oldest=f"{replies[0].id / 1e6:.6f}")

    assert newest["reply_count"] == 3
    assert [each["text"] for each in whole["messages"]] == ["why?", "0", "1", "2"]
    assert [each["text"] for each in since["messages"]] == ["why?", "1", "2"]


async def test_a_deleted_question_leaves_a_tombstone_over_its_replies(box: Box) -> None:
    pocket, client = box
    ada, room = pocket.person("Ada"), pocket.room("general", on="slack")
    question = await ada.says("why?", room)
    await ada.says("because", room, thread=question)

    await ada.deletes(question)
    history = (await client.conversations_history(channel="general"))["messages"]

    assert [(each["subtype"], each["reply_count"]) for each in history] == [("tombstone", 1)]


async def test_a_direct_conversation_is_opened_by_its_user(box: Box) -> None:
    pocket, client = box
    ada = pocket.person("Ada")
    user = next(each for each in (await client.users_list())["members"] if each["name"] == "ada")

    opened = await client.conversations_open(users=[user["id"]])
    await client.chat_postMessage(channel=opened["channel"]["id"], text="psst")

    assert opened["channel"]["id"].startswith("D")
    assert [each.text for each in ada.dm("slack").messages] == ["psst"]


async def test_a_whisper_is_for_one_person_and_in_no_history(box: Box) -> None:
    pocket, client = box
    ada, room = pocket.person("Ada"), pocket.room("general", on="slack")
    said = await ada.says("x", room)
    user = (await client.conversations_history(channel="general"))["messages"][0]["user"]

    await client.chat_postEphemeral(channel="general", user=user, text="only you")

    assert [each.only_for for each in room.history] == [None, ada]
    assert room.messages == [said]


async def test_posts_are_limited_a_channel_and_edits_a_workspace() -> None:
    rules = SlackRules(rates={"chat.postMessage": Rate(2, per_channel=True), "chat.update": Rate(3)})
    async with open_pocket(rules) as (pocket, client):
        for name in ("one", "two"):
            pocket.room(name, on="slack")
        posted = [await client.chat_postMessage(channel=name, text="x") for name in ("one", "one", "two", "two")]
        for each in posted[:3]:
            await client.chat_update(channel=each["channel"], ts=each["ts"], text="y")

        with pytest.raises(SlackApiError) as post:
            await client.chat_postMessage(channel="one", text="x")
        with pytest.raises(SlackApiError) as edit:
            await client.chat_update(channel=posted[3]["channel"], ts=posted[3]["ts"], text="y")

        for refused in (post, edit):
            assert refused.value.response.status_code == 429
            assert refused.value.response["error"] == "ratelimited"
            assert 1 <= int(refused.value.response.headers["Retry-After"]) <= 60
        assert [each.method for each in pocket.slack.refused] == ["chat.postMessage", "chat.update"]
        assert len(pocket.slack.calls_of("chat.update")) == 4


async def test_after_the_pause_a_call_passes_again() -> None:
    async with open_pocket(SlackRules(rates={"auth.test": Rate(2, 0.1)})) as (_, client):
        await client.auth_test()
        await client.auth_test()
        refused = await refusal(client.auth_test())

        await asyncio.sleep(0.11)
        passed = await client.auth_test()

    assert refused == "ratelimited"
    assert passed["ok"]


async def test_latency_is_paid_both_ways() -> None:
    async with open_pocket(SlackRules.unlimited(latency=0.05)) as (_, client):
        began = time.monotonic()
        await client.auth_test()

        assert 0.1 <= time.monotonic() - began < 0.5


async def test_a_call_can_be_carried_out_and_its_answer_lost(box: Box) -> None:
    pocket, client = box
    room = pocket.room("general", on="slack")
    pocket.slack.fail("chat.postMessage", Fault(done=True, cut=True))
    client.retry_handlers = []  # the SDK's own would post a second time

    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel="general", text="did it work?")

    assert [each.text for each in room.messages] == ["did it work?"]


async def test_a_call_can_fail_as_often_as_one_likes(box: Box) -> None:
    pocket, client = box
    pocket.slack.fail("auth.test", Fault("fatal_error"))
    pocket.slack.fail("auth.test", Fault(status=503))

    errors = [await refusal(client.auth_test()) for _ in range(2)]

    assert errors == ["fatal_error", "internal_error"]
    assert (await client.auth_test())["ok"]


async def test_a_status_is_shown_in_its_thread(box: Box) -> None:
    pocket, client = box
    ada, room = pocket.person("Ada"), pocket.room("general", on="slack")
    question = await ada.says("why?", room)
    at = (await client.conversations_history(channel="general"))["messages"][0]["ts"]
    channel = (await client.conversations_info(channel="general"))["channel"]["id"]

    await client.assistant_threads_setStatus(channel_id=channel, thread_ts=at, status="is thinking…")

    _, status = pocket.house.statuses[0]
    assert (status.room, status.thread, status.text) == (room, question, "is thinking…")
