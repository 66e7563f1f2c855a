"""What people press, send and command in Slack, as events."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.slack.interactions import Ticket, actor_of, interaction
from bots.slack.translate import Identity, Profile
from core.events import ButtonPressed, CommandGiven, FormSubmitted
from core.messages import MessageRef, Person, PersonRef, PlaceRef

ME = Identity("T1", "UBOT", "B1")
PEOPLE = {"U1": Profile("Ada", roles=("admin",))}
ADA = Person(PersonRef("slack", "T1", "U1"), "Ada", roles=("admin",))
NOW = datetime(2026, 1, 2, tzinfo=UTC)
URL = "https://hooks.slack.example/actions/1"
USER = {"id": "U1", "name": "ada", "username": "ada"}


def pressed(**more) -> dict:
    usual = {
        "type": "block_actions",
        "user": USER,
        "trigger_id": "11.22.aa",
        "response_url": URL,
        "container": {"type": "message", "message_ts": "5.0", "channel_id": "C1", "thread_ts": "4.0"},
        "actions": [{"type": "button", "action_id": "plaudit:0", "value": "why:01J", "action_ts": "1700000000.000100"}],
    }
    return usual | more


def chosen(**more) -> dict:
    usual = {
        "type": "message_action",
        "callback_id": "plaudit_rate",
        "user": USER,
        "trigger_id": "11.23.aa",
        "response_url": URL,
        "channel": {"id": "C1"},
        "message": {"ts": "5.0", "thread_ts": "4.0"},
        "action_ts": "1700000000.000100",
    }
    return usual | more


def submitted(values=None, **more) -> dict:
    view = {
        "id": "V1",
        "callback_id": "plaudit:why:01J",
        "private_metadata": str(Ticket("U1", "C1", "4.0", URL)),
        "state": {"values": values or {}},
    }
    return {"type": "view_submission", "user": USER, "trigger_id": "11.24.aa", "view": view} | more


def commanded(**more) -> dict:
    usual = {
        "command": "/plaudit",
        "text": "  privacy export ",
        "user_id": "U1",
        "user_name": "ada",
        "channel_id": "C1",
        "trigger_id": "11.25.aa",
        "response_url": URL,
    }
    return usual | more


def test_a_pressed_button_says_who_what_when_and_on_which_message():
    event = interaction(pressed(), ME, PEOPLE, NOW)

    assert event == ButtonPressed(
        event_id="11.22.aa",
        at=datetime(2023, 11, 14, 22, 13, 20, 100, tzinfo=UTC),
        person=ADA,
        place=PlaceRef("slack", "T1", "C1", "4.0"),
        message=MessageRef("slack", "T1", "C1", "5.0"),
        action="why:01J",
        ticket=str(Ticket("U1", "C1", "4.0", URL, "11.22.aa")),
    )


def test_half_of_a_feedback_element_is_a_button():
    half = {"type": "feedback_buttons", "action_id": "plaudit:vote", "value": "dislike", "action_ts": "1.0"}

    event = interaction(pressed(actions=[half]), ME, PEOPLE, NOW)

    assert event.action == "dislike"


def test_the_answer_to_a_button_on_a_whisper_takes_its_place():
    container = {"type": "message", "message_ts": "5.0", "channel_id": "C1", "is_ephemeral": True}

    event = interaction(pressed(container=container), ME, PEOPLE, NOW)

    assert Ticket.parse(event.ticket).replaces
    assert event.place == PlaceRef("slack", "T1", "C1")


@pytest.mark.parametrize(("channel", "thread"), [("C1", "5.0"), ("D1", "")])
def test_a_message_outside_a_thread_starts_one_but_for_a_direct_one(channel, thread):
    container = {"type": "message", "message_ts": "5.0", "channel_id": channel}

    event = interaction(pressed(container=container), ME, PEOPLE, NOW)

    assert event.place.thread == thread
    assert Ticket.parse(event.ticket).thread == ""


def test_the_home_tab_is_the_persons_own_place():
    event = interaction(pressed(container={"type": "view", "view_id": "V1"}), ME, PEOPLE, NOW)

    assert event.place == PlaceRef("slack", "T1", "U1")
    assert Ticket.parse(event.ticket) == Ticket("U1", trigger="11.22.aa")


@pytest.mark.parametrize(("entry", "action"), [("plaudit_rate", "rate"), ("plaudit_correct", "correct")])
def test_an_entry_in_a_messages_menu_is_a_button_on_it(entry, action):
    event = interaction(chosen(callback_id=entry), ME, PEOPLE, NOW)

    assert isinstance(event, ButtonPressed)
    assert (event.action, event.message) == (action, MessageRef("slack", "T1", "C1", "5.0"))
    assert event.place.thread == "4.0"


def test_a_sent_form_has_its_values_by_name_and_no_way_to_another_form():
    values = {
        "wrong": {"wrong": {"type": "checkboxes", "selected_options": [{"value": "rude"}, {"value": "unclear"}]}},
        "score": {"score": {"type": "static_select", "selected_option": {"value": "4"}}},
        "none": {"none": {"type": "static_select", "selected_option": None}},
        "text": {"text": {"type": "plain_text_input", "value": "hm"}},
        "empty": {"empty": {"type": "plain_text_input", "value": None}},
    }

    event = interaction(submitted(values), ME, PEOPLE, NOW)

    assert isinstance(event, FormSubmitted)
    assert (event.action, event.at) == ("why:01J", NOW)
    assert event.place == PlaceRef("slack", "T1", "C1", "4.0")
    assert event.values == {"wrong": ("rude", "unclear"), "score": "4", "none": "", "text": "hm", "empty": ""}
    assert Ticket.parse(event.ticket) == Ticket("U1", "C1", "4.0", URL)


@pytest.mark.parametrize(("channel", "lasting"), [("C1", False), ("D1", True)])
def test_a_command_says_what_stands_behind_its_name(channel, lasting):
    event = interaction(commanded(channel_id=channel), ME, PEOPLE, NOW)

    assert event == CommandGiven(
        event_id="11.25.aa",
        at=NOW,
        person=ADA,
        place=PlaceRef("slack", "T1", channel),
        lasting=lasting,
        text="privacy export",
        ticket=str(Ticket("U1", channel, "", URL, "11.25.aa")),
    )


def test_who_is_not_known_is_called_as_the_payload_says():
    event = interaction(pressed(), ME, {}, NOW)

    assert event.person.name == "ada"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        None,
        [],
        "command",
        pressed(actions=[]),
        pressed(actions=[{"action_id": "someone:else", "value": "like"}]),
        pressed(container={"type": "message_attachment"}),
        chosen(callback_id="someone_elses"),
        submitted(view={"callback_id": "someone:else", "state": {"values": {}}}),
        {"type": "view_closed", "user": USER, "trigger_id": "1"},
        {"type": "block_suggestion", "user": USER},
    ],
)
def test_what_is_none_of_ours_is_nothing(payload):
    assert interaction(payload, ME, PEOPLE, NOW) is None


@pytest.mark.parametrize(
    ("payload", "actor"), [(pressed(), "U1"), (commanded(), "U1"), (None, None), ({"user": "U1"}, None), (7, None)]
)
def test_it_is_known_who_did_it(payload, actor):
    assert actor_of(payload) == actor


@pytest.mark.parametrize("ticket", [Ticket("U1"), Ticket("U1", "C1", "4.0", URL, "1.2.3", replaces=True)])
def test_a_ticket_goes_through_text(ticket):
    assert Ticket.parse(str(ticket)) == ticket


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FILLED = {"a": {"a": {"selected_options": [{"value": "x"}]}, "b": {"selected_option": {"value": "y"}}}}
VALID = [pressed(), chosen(), submitted(FILLED), commanded(), pressed(container={"type": "view", "view_id": "V1"})]


def places(value, path=()):
    """Every way into a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


def changed(value, path, new):
    """A copy of a JSON value with another at `path`."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]], path[1:], new)
    return copy


@st.composite
def mutilated(draw):
    """A valid payload with anything in one place of it."""
    payload = draw(st.sampled_from(VALID))
    return changed(payload, draw(st.sampled_from(list(places(payload)))), draw(JSON))


@settings(max_examples=200, deadline=None)
@given(JSON | mutilated())
def test_no_payload_raises(payload):
    actor_of(payload)
    event = interaction(payload, ME, PEOPLE, NOW)

    assert event is None or event.at.tzinfo is UTC
