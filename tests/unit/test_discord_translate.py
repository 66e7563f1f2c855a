"""Discord's gateway frames as events."""

import copy
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.discord.reading import moment, snowflake
from bots.discord.translate import EVENTS, channel_of, plain_text, translate
from core.events import (
    CommandGiven,
    FormSubmitted,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
)
from core.messages import Attached, MessageRef, PersonRef, PlaceRef
from tests.unit.discord_frames import (
    ADA,
    BEN,
    CHANNEL,
    GUILD,
    ME,
    MESSAGE,
    MY_ROLE,
    OTHER_ROLE,
    THREAD,
    FakeSurroundings,
    command,
    direct,
    form,
    menu,
    message,
    press,
    reaction,
    user,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HERE = MessageRef("discord", GUILD, CHANNEL, MESSAGE)


def told(frame):
    return translate(frame, FakeSurroundings(), name="s:7", now=NOW)


def test_a_mention_in_a_channel_is_a_question_in_a_chain_of_replies():
    [event] = told(message(content=f"<@{ME}> what is WAL?", mentions=[user(ME, "plaudit", bot=True)]))

    assert isinstance(event, MessageReceived)
    assert (event.text, event.addressed, event.lasting, event.parent) == ("what is WAL?", True, False, None)
    assert (event.message, event.place) == (HERE, PlaceRef("discord", GUILD, CHANNEL))
    assert (event.author.name, event.author.ref) == ("Ada", PersonRef("discord", GUILD, ADA))
    assert event.at == datetime(2016, 4, 30, 11, 18, 25, 796000, tzinfo=UTC)  # the example in Discord's reference


def test_a_thread_is_a_lasting_place_under_the_message_it_was_made_from():
    [event] = told(message(channel_id=THREAD))

    assert event.place == PlaceRef("discord", GUILD, CHANNEL, THREAD)
    assert (event.lasting, event.addressed) == (True, False)
    assert event.parent == MessageRef("discord", GUILD, CHANNEL, THREAD)
    assert event.message.channel == THREAD


def test_a_reply_stands_under_what_it_replies_to_also_in_a_thread():
    reference = {"type": 0, "channel_id": THREAD, "message_id": "77"}

    [event] = told(message(channel_id=THREAD, type=19, message_reference=reference))

    assert event.parent == MessageRef("discord", GUILD, THREAD, "77")


def test_a_forwarded_message_is_no_reply():
    [event] = told(message(message_reference={"type": 1, "channel_id": "1", "message_id": "77"}))

    assert event.parent is None


def test_a_reply_speaks_to_the_assistant_where_it_rings_it():
    reply = {"type": 19, "message_reference": {"channel_id": CHANNEL, "message_id": "77"}}

    [ringing] = told(message(**reply, mentions=[user(ME, "plaudit")]))
    [quiet] = told(message(**reply))

    assert ringing.addressed
    assert not quiet.addressed


def test_a_direct_message_speaks_to_the_assistant_without_a_mention():
    [event] = told(direct(message()))

    assert (event.addressed, event.lasting) == (True, True)
    assert event.place == PlaceRef("discord", "dm", CHANNEL)


@pytest.mark.parametrize(("role", "addressed"), [(MY_ROLE, True), (OTHER_ROLE, False)])
def test_a_mention_of_the_assistants_own_role_speaks_to_it(role, addressed):
    [event] = told(message(content=f"<@&{role}> hello", mention_roles=[role]))

    assert event.addressed is addressed
    assert event.text == ("hello" if addressed else "@moderators hello")


def test_bots_and_webhooks_are_known_as_such():
    [bot] = told(message(author=user(BEN, "Robot", bot=True)))
    [hook] = told(message(webhook_id="12"))

    assert bot.author.is_bot
    assert hook.author.is_bot


def test_a_nick_is_the_name_people_know():
    [event] = told(message(member={"nick": "Countess"}))

    assert event.author.name == "Countess"


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (f"<@{ME}> and <@!{BEN}>", "and @Ben"),
        ("<@3001>", "@3001"),
        (f"see <#{CHANNEL}> or <#1>", "see #general or #1"),
        ("<:party:123> <a:dance:456> </ask me:789>", ":party: :dance: /ask me"),
        ("a < b > c <https://x.y> <t:1:R> <@x>", "a < b > c <https://x.y> <t:1:R> <@x>"),
    ],
)
def test_text_is_read_with_names_for_ids(raw, read):
    data = message(content=raw, mentions=[user(BEN, "Ben")])["d"]

    assert plain_text(raw, data, FakeSurroundings()) == read


def test_roles_come_with_messages_and_with_reactions_that_are_added():
    member = {"roles": [OTHER_ROLE], "user": user(ADA, "Ada")}

    [written], [added], [removed] = (
        told(message(member=member)),
        told(reaction(member=member)),
        told(reaction("REMOVE")),
    )

    assert written.author.roles == added.roles == (OTHER_ROLE, "moderators")
    assert isinstance(removed, ReactionRemoved)


def test_an_edit_counts_only_where_words_were_changed():
    edited = "2026-01-02T03:04:05.678000+00:00"

    [event] = told(message("MESSAGE_UPDATE", edited_timestamp=edited, content="better"))
    previews = told(message("MESSAGE_UPDATE"))
    mine = told(message("MESSAGE_UPDATE", edited_timestamp=edited, author=user(ME, "plaudit")))

    assert isinstance(event, MessageEdited)
    assert (event.text, event.at.isoformat()) == ("better", edited)
    assert event.event_id == f"{MESSAGE}:edited:{edited}"
    assert (previews, mine) == ([], [])


def test_deletions_name_each_message():
    one = told({"t": "MESSAGE_DELETE", "d": {"id": MESSAGE, "channel_id": CHANNEL, "guild_id": GUILD}})
    many = told({"t": "MESSAGE_DELETE_BULK", "d": {"ids": ["1", "2"], "channel_id": CHANNEL, "guild_id": GUILD}})

    assert one == [MessageDeleted(event_id=f"{MESSAGE}:deleted", at=NOW, message=HERE)]
    assert [each.message.id for each in many] == ["1", "2"]


@pytest.mark.parametrize(("kind", "event_type"), [("ADD", ReactionAdded), ("REMOVE", ReactionRemoved)])
def test_a_reaction_is_named_after_its_frame(kind, event_type):
    [event] = told(reaction(kind, burst=True, type=1))

    assert isinstance(event, event_type)
    assert (event.event_id, event.at, event.message) == ("s:7", NOW, HERE)
    assert (event.person, event.emoji, event.by_bot) == (PersonRef("discord", GUILD, ADA), "👍", False)


def test_the_reactions_of_bots_are_theirs():
    around = FakeSurroundings(bots={BEN})

    by = [
        translate(frame, around, name="s:7", now=NOW)[0].by_bot
        for frame in (
            reaction(user_id=ME),
            reaction(member={"user": user(ADA, "Robot", bot=True)}),
            reaction("REMOVE", user_id=BEN),
            reaction("REMOVE"),
        )
    ]

    assert by == [True, True, True, False]


@pytest.mark.parametrize(
    ("emoji", "name"), [({"id": "12", "name": "party"}, "party"), ({"id": "12", "name": None}, "12")]
)
def test_an_emoji_of_the_guilds_own_goes_by_its_name(emoji, name):
    [event] = told(reaction(emoji=emoji))

    assert event.emoji == name


def test_reactions_are_cleared_all_or_those_of_one_emoji():
    every = told(reaction("REMOVE_ALL"))
    one = told(reaction("REMOVE_EMOJI"))

    assert every == [ReactionsCleared(event_id="s:7", at=NOW, message=HERE)]
    assert one == [ReactionsCleared(event_id="s:7", at=NOW, message=HERE, emoji="👍")]


@pytest.mark.parametrize(
    "frame",
    [
        message(type=7),
        message(type=21),
        message(author=user(ME, "plaudit", bot=True)),
        message(id="not a number"),
        message(id=str(2**70)),
        message(content=None),
        message(author=None),
        {"t": "GUILD_CREATE", "d": {}},
        {"t": None, "d": None, "op": 11},
        {},
        None,
        [],
        "text",
        reaction(emoji={"id": None, "name": None}),
        reaction(user_id=12),
    ],
)
def test_what_is_none_of_ours_is_nothing(frame):
    assert told(frame) == []


def test_only_a_message_in_a_guild_needs_its_channel_known():
    frames = [message(), direct(message()), reaction(), None, {"t": "MESSAGE_CREATE", "d": None}]

    assert [channel_of(each) for each in frames] == [CHANNEL, None, None, None, None]


def test_snowflakes_and_moments_are_each_others():
    assert moment(snowflake(NOW)) == NOW
    assert snowflake(datetime(2000, 1, 1, tzinfo=UTC)) == "0"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([ME, GUILD, CHANNEL, "👍"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
VALID = st.sampled_from(
    [
        message(),
        message("MESSAGE_UPDATE", edited_timestamp="2026-01-02T03:04:05+00:00"),
        reaction(),
        reaction("REMOVE"),
        press(),
        form(),
        command("help"),
        menu("Rate this reply"),
    ]
)


@st.composite
def mutilated(draw):
    """A valid frame of which some parts are gone or became something else."""
    frame = draw(VALID)
    data = copy.deepcopy(frame["d"])
    for _ in range(draw(st.integers(0, 3))):
        inside = data
        while len(inside):
            names = sorted(inside) if isinstance(inside, dict) else range(len(inside))
            name = draw(st.sampled_from(names))
            if not isinstance(inside[name], dict | list) or draw(st.booleans()):
                break
            inside = inside[name]
        if not len(inside):
            continue
        if draw(st.booleans()):
            del inside[name]
        else:
            inside[name] = draw(JSON)
    return {**frame, "t": draw(st.sampled_from([frame["t"], *sorted(EVENTS)])), "d": data}


@settings(max_examples=200, deadline=None)
@given(frame=JSON | mutilated())
def test_any_json_is_events_or_nothing(frame):
    channel_of(frame)

    for event in told(frame):
        assert (event.place if isinstance(event, FormSubmitted | CommandGiven) else event.message).platform == "discord"
        assert event.at.tzinfo is not None


def test_what_stands_beside_a_message_is_told_and_what_is_malformed_of_it_is_left():
    shared = {"filename": "a.txt", "content_type": "text/plain", "size": 9, "url": "https://cdn.discordapp.com/a"}

    [event] = told(message(content="", attachments=[shared, 7, {"filename": None}]))

    assert event.files == (Attached("a.txt", "text/plain", 9, "https://cdn.discordapp.com/a"),)
