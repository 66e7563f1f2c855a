"""What people press, send and command on Discord, read from its frames."""

from datetime import UTC, datetime

import pytest

from bots.discord.interactions import Ticket
from bots.discord.reading import Channel
from bots.discord.translate import channel_of, translate
from core.events import ButtonPressed, CommandGiven, FormSubmitted
from core.messages import MessageRef, Person, PersonRef, PlaceRef
from tests.unit.discord_frames import (
    ADA,
    CHANNEL,
    GUILD,
    MESSAGE,
    OTHER_ROLE,
    THREAD,
    FakeSurroundings,
    command,
    direct,
    form,
    menu,
    press,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HERE = PlaceRef("discord", GUILD, CHANNEL)


def told(frame, around=None):
    return translate(frame, around or FakeSurroundings(), name="s:7", now=NOW)


def test_a_press_says_what_it_is_on_and_carries_its_ticket():
    [event] = told(press())

    assert isinstance(event, ButtonPressed)
    assert (event.action, event.message) == ("like", MessageRef("discord", GUILD, CHANNEL, MESSAGE))
    assert (event.event_id, event.place) == (MESSAGE, HERE)
    assert event.at == datetime(2016, 4, 30, 11, 18, 25, 796000, tzinfo=UTC)  # by its id, not by its arrival
    assert Ticket.parse(event.ticket) == Ticket(MESSAGE, 3, on_message=True, workspace=GUILD, token="a:token")


def test_who_acts_has_the_name_and_the_roles_of_the_guild():
    member = {"user": {"id": ADA, "username": "ada"}, "nick": "Countess", "roles": [OTHER_ROLE, "12"]}

    [event] = told(press(member=member))

    assert event.person == Person(PersonRef("discord", GUILD, ADA), "Countess", roles=(OTHER_ROLE, "moderators", "12"))


def test_outside_of_guilds_there_are_no_roles_and_the_place_lasts():
    [event] = told(direct(command("help")))

    assert event.person == Person(PersonRef("discord", "dm", ADA), "Ada")
    assert (event.place, event.lasting) == (PlaceRef("discord", "dm", CHANNEL), True)


@pytest.mark.parametrize("custom_id", ["like", "other:like", "plaudit:", ""])
def test_a_button_of_someone_else_is_none_of_ours(custom_id):
    assert told(press(data={"custom_id": custom_id, "component_type": 2})) == []


def test_what_is_pressed_in_a_direct_message_may_be_meant_in_a_guild():
    data = {"custom_id": f"plaudit@{GUILD}:correct:01J9", "component_type": 2}

    [event] = told(direct(press(data=data)))

    assert (event.action, event.person.ref) == ("correct:01J9", PersonRef("discord", GUILD, ADA))
    assert event.place == PlaceRef("discord", "dm", CHANNEL)
    assert Ticket.parse(event.ticket).workspace == GUILD


def test_a_form_is_read_field_by_field():
    [event] = told(form())

    assert isinstance(event, FormSubmitted)
    assert event.action == "why:01J9"
    assert event.values == {"comment": "too short", "accuracy": "3", "helpfulness": "", "reasons": ("rude",)}


def test_a_form_of_the_older_make_is_read_as_well():
    rows = [{"type": 1, "components": [{"type": 4, "custom_id": "comment", "value": "too short"}]}, {"type": 10}]

    [event] = told(form(data={"custom_id": "plaudit:why:01J9", "components": rows}))

    assert event.values == {"comment": "too short"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ([{"type": 1, "name": "help", "options": []}], "help"),
        ([{"type": 1, "name": "help"}], "help"),
        (
            [{"type": 1, "name": "privacy", "options": [{"type": 3, "name": "what", "value": "export"}]}],
            "privacy export",
        ),
        ([], ""),
    ],
)
def test_a_command_is_what_would_be_typed(options, text):
    [event] = told(command(data={"type": 1, "name": "plaudit", "options": options}))

    assert isinstance(event, CommandGiven)
    assert (event.text, event.place, event.lasting) == (text, HERE, False)


@pytest.mark.parametrize(("entry", "action"), [("Rate this reply", "rate"), ("Correct this reply", "correct")])
def test_an_entry_in_a_messages_menu_is_a_press_on_that_message(entry, action):
    [event] = told(menu(entry))

    assert isinstance(event, ButtonPressed)
    assert (event.action, event.message.id) == (action, MESSAGE)
    assert not Ticket.parse(event.ticket).on_message


@pytest.mark.parametrize(
    "frame",
    [
        command(data={"type": 1, "name": "other"}),
        command(data={"type": 2, "name": "plaudit", "target_id": ADA}) | {"d": {"type": 2}},
        menu("Another entry"),
        press(type=1),
        press(type=4),
        press(token=None),
        press(member={}),
        press(id="x"),
        form(data={"custom_id": "plaudit:why", "components": [{"type": 18, "component": {"custom_id": "x"}}]}),
    ],
)
def test_what_is_none_of_ours_is_nothing(frame):
    assert told(frame) == []


def test_a_thread_is_known_by_what_the_frame_says_or_by_what_is_around():
    said = press(channel_id="77", channel={"id": "77", "type": 11, "parent_id": CHANNEL})
    known = command("help", channel_id=THREAD, channel=None)
    around = FakeSurroundings(channels={THREAD: Channel("a thread", CHANNEL)})

    [pressed], [commanded] = told(said), told(known, around)

    assert pressed.place == PlaceRef("discord", GUILD, CHANNEL, "77")
    assert (commanded.place, commanded.lasting) == (PlaceRef("discord", GUILD, CHANNEL, THREAD), True)


def test_only_where_nothing_says_what_the_channel_is_it_must_be_found_out():
    frames = [press(), press(channel=None), direct(press(channel=None))]

    assert [channel_of(each) for each in frames] == [None, CHANNEL, None]


@pytest.mark.parametrize("text", ["", "1:2", "1:x:0:1:token"])
def test_what_is_no_ticket_is_not_read_as_one(text):
    with pytest.raises(ValueError, match=r".+"):
        Ticket.parse(text)
