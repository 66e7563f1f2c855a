"""Slack's payloads as events."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.slack.translate import Identity, Profile, plain_text, translate
from core.events import MessageDeleted, MessageEdited, MessageReceived, ReactionAdded, ReactionRemoved
from core.messages import Attached, MessageRef, PlaceRef

ME = Identity("T1", "UBOT", "B1")
PEOPLE = {"U1": Profile("Ada"), "UR": Profile("robot", is_bot=True)}


def body(**event) -> dict:
    return {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event}


def message(**more) -> dict:
    usual = {"type": "message", "user": "U1", "channel": "C1", "ts": "1700000000.000100", "text": "hi"}
    return body(**usual | more)


def test_a_mention_outside_a_thread_is_a_question_whose_answer_starts_one():
    event = translate(message(text="<@UBOT> what is &lt;WAL&gt;?"), ME, PEOPLE)

    assert isinstance(event, MessageReceived)
    assert event.addressed
    assert event.text == "what is <WAL>?"
    assert event.place == PlaceRef("slack", "T1", "C1", "1700000000.000100")
    assert event.parent is None
    assert event.author.name == "Ada"
    assert event.at == datetime(2023, 11, 14, 22, 13, 20, 100, tzinfo=UTC)


def test_a_message_in_a_thread_stands_under_its_first_message():
    event = translate(message(thread_ts="1699999999.000001"), ME, PEOPLE)

    assert not event.addressed
    assert event.parent == MessageRef("slack", "T1", "C1", "1699999999.000001")
    assert event.place.thread == "1699999999.000001"


@pytest.mark.parametrize("more", [{"channel_type": "im"}, {"channel": "D1"}])
def test_a_direct_message_speaks_to_the_assistant_without_a_mention(more):
    event = translate(body(type="message", user="U1", ts="1.0", text="hi", **({"channel": "D1"} | more)), ME, PEOPLE)

    assert event.addressed
    assert event.place.thread == ""


@pytest.mark.parametrize(
    "payload",
    [
        message(subtype="channel_join"),
        message(subtype="bot_message"),
        message(bot_id="B9"),
        body(type="message", user="UBOT", channel="C1", ts="1.0", text="mine"),
        body(type="team_join", user="U1"),
        {},
        None,
        [],
        "text",
        {"event": None, "event_id": "E"},
        message(user=None),
        body(type="message", user="U1", channel="C1", ts="not a number", text="hi"),
        body(type="reaction_added", user="U1", reaction="+1", item={"type": "file", "file": "F1"}, event_ts="1.0"),
    ],
)
def test_what_is_none_of_ours_is_nothing(payload):
    assert translate(payload, ME, PEOPLE) is None


def test_an_edit_and_a_deletion_name_the_message():
    edit = body(
        type="message",
        subtype="message_changed",
        channel="C1",
        event_ts="3.0",
        message={"user": "U1", "ts": "1.0", "text": "new", "edited": {"ts": "0.0"}},
        previous_message={"text": "old"},
    )
    deletion = body(type="message", subtype="message_deleted", channel="C1", deleted_ts="1.0", event_ts="4.0")

    assert translate(edit, ME, PEOPLE) == MessageEdited(
        event_id="Ev1", at=datetime.fromtimestamp(3, UTC), message=MessageRef("slack", "T1", "C1", "1.0"), text="new"
    )
    assert translate(deletion, ME, PEOPLE) == MessageDeleted(
        event_id="Ev1", at=datetime.fromtimestamp(4, UTC), message=MessageRef("slack", "T1", "C1", "1.0")
    )


def test_what_is_deleted_while_replies_stand_under_it_is_a_deletion():
    grave = body(
        type="message",
        subtype="message_changed",
        channel="C1",
        event_ts="4.0",
        message={"subtype": "tombstone", "user": "USLACKBOT", "ts": "1.0", "text": "This message was deleted."},
        previous_message={"user": "U1", "ts": "1.0", "text": "old"},
    )

    event = translate(grave, ME, PEOPLE)

    assert isinstance(event, MessageDeleted)
    assert event.message == MessageRef("slack", "T1", "C1", "1.0")


def test_a_link_preview_is_no_edit():
    unfurled = body(
        type="message",
        subtype="message_changed",
        channel="C1",
        message={"user": "U1", "ts": "1.0", "text": "same", "attachments": [{}]},
        previous_message={"text": "same"},
    )

    assert translate(unfurled, ME, PEOPLE) is None


@pytest.mark.parametrize(
    ("kind", "expected"), [("reaction_added", ReactionAdded), ("reaction_removed", ReactionRemoved)]
)
def test_a_reaction_is_known_by_channel_and_ts_even_without_item_user(kind, expected):
    item = {"type": "message", "channel": "C1", "ts": "1.0"}

    event = translate(body(type=kind, user="U1", reaction="+1", item=item, event_ts="2.0"), ME, PEOPLE)

    assert isinstance(event, expected)
    assert event.message == MessageRef("slack", "T1", "C1", "1.0")
    assert not event.by_bot


@pytest.mark.parametrize("user", ["UBOT", "UR"])
def test_reactions_of_bots_are_marked(user):
    item = {"type": "message", "channel": "C1", "ts": "1.0"}

    event = translate(body(type="reaction_added", user=user, reaction="+1", item=item, event_ts="2.0"), ME, PEOPLE)

    assert event.by_bot


def test_text_is_read_as_people_read_it():
    raw = (
        "<@UBOT> <@U1>, <@U7|Zoe>, <#C2|random>, <!here>, <https://x.org|x.org>, <https://y.org|why> &amp; &lt;@U1&gt;"
    )

    text = plain_text(raw, ME, PEOPLE)

    assert text == "@Ada, @Zoe, #random, @here, https://x.org, why (https://y.org) & <@U1>"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
VALID = [
    message(thread_ts="1.0"),
    message(subtype="message_changed", message={"user": "U1", "ts": "1.0", "text": "x"}, previous_message={}),
    message(subtype="message_deleted", deleted_ts="1.0"),
    body(
        type="reaction_added",
        user="U1",
        reaction="+1",
        item={"type": "message", "channel": "C", "ts": "1"},
        event_ts="2",
    ),
]


@st.composite
def mutilated(draw):
    """A valid payload with one place in it replaced by, or deprived of, anything."""
    payload = draw(st.sampled_from(VALID))
    event = dict(payload["event"])
    key = draw(st.sampled_from(sorted(event)))
    if draw(st.booleans()):
        event[key] = draw(JSON)
    else:
        del event[key]
    return {**payload, "event": event}


@settings(max_examples=400, deadline=None)
@given(JSON | mutilated())
def test_no_payload_raises(payload):
    event = translate(payload, ME, PEOPLE)

    assert event is None or event.at.tzinfo is UTC


def test_what_stands_beside_a_message_is_told_and_what_is_malformed_of_it_is_left():
    shared = {"name": "a.txt", "mimetype": "text/plain", "size": 9, "url_private": "https://files.slack.com/a"}
    gone = {"id": "F1", "mode": "tombstone"}

    event = translate(message(subtype="file_share", files=[shared, gone, 7, {"name": 7}]), ME, PEOPLE)

    assert event.files == (Attached("a.txt", "text/plain", 9, "https://files.slack.com/a", "T1"),)
    assert translate(message(files="all"), ME, PEOPLE).files == ()
