"""What `plaudit.toml` says of a place: layer over layer, key by key."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import SettingsError
from core.feedback import USER_CATEGORY, USER_FEEDBACK, USER_RATING, Meaning
from core.messages import MessageRef, PlaceRef
from core.policy import DEFAULT, Audience, Seeds, ThreadPolicy
from core.policy.file import load_policies, read_policies


def policy(text, platform="slack", workspace="T1", channel="C1"):
    return read_policies(text, name="plaudit.toml").at(PlaceRef(platform, workspace, channel))


def test_an_empty_file_means_all_defaults():
    loaded = read_policies("", name="plaudit.toml")

    policies = [loaded.at(MessageRef(platform, "T1", "C1", "1")) for platform in ("slack", "discord", "web")]

    assert policies == [DEFAULT] * 3
    assert (loaded.look_back, loaded.look_back_every) == (timedelta(days=3), timedelta(hours=1))


def test_the_nearest_layer_wins_key_by_key():
    text = """
        thread = "chat"
        seeds = "reactions"
        ask_pause = "90s"
        ask_why = false
        [slack]
        thread = "mention"
        seeds = "nothing"
        [slack.workspace.T1]
        thread = "feedback"
        ask_pause = "2d"
        [slack.workspace.T1.channel.C1]
        ask_pause = "15m"
    """
    places = [("slack", "T1", "C1"), ("slack", "T1", "C2"), ("slack", "T2", "C1"), ("discord", "1", "2")]

    found = [policy(text, *place) for place in places]

    assert [each.thread for each in found] == ["feedback", "feedback", "mention", "chat"]
    assert [each.seeds for each in found] == [Seeds.NOTHING, Seeds.NOTHING, Seeds.NOTHING, Seeds.REACTIONS]
    assert [each.ask_pause.total_seconds() for each in found] == [900, 172_800, 90, 90]
    assert [each.ask_why for each in found] == [False] * 4


def test_a_layer_may_go_back_to_the_default():
    text = 'thread = "chat"\nheard = { roles = ["admin"] }\n[discord]\nthread = "feedback"\nheard = {}'

    found = policy(text, "discord", "1", "2")

    assert found == DEFAULT
    assert policy(text).thread is ThreadPolicy.CHAT


def test_a_discord_guild_and_its_channel_are_places_and_so_are_direct_messages():
    text = '[discord.guild.81.channel.7]\nseeds = "reactions"\n[discord.guild.dm]\nseeds = "nothing"'

    found = [policy(text, "discord", *place).seeds for place in (("81", "7"), ("81", "8"), ("dm", "7"))]

    assert found == ["reactions", "buttons", "nothing"]


def test_emoji_are_merged_one_by_one_whatever_they_are_called():
    text = """
        [emoji]
        ":+1::skin-tone-3:" = 5
        ":shipit:" = true
        "🐌" = "slow"
        [slack.emoji]
        "👍🏽" = "great"
        ":snail:" = ""
        [slack.workspace.T1.channel.C1.emoji]
        "❤️" = 4
    """

    here, elsewhere = policy(text), policy(text, "discord", "1", "2")

    assert here.emoji["👍"] == Meaning(USER_CATEGORY, "great")
    assert here.emoji["shipit"] == Meaning(USER_FEEDBACK, value=True)
    assert here.emoji["❤"] == Meaning(USER_RATING, 4)
    assert "🐌" not in here.emoji
    assert elsewhere.emoji["👍"] == Meaning(USER_RATING, 5)
    assert elsewhere.emoji["🐌"] == Meaning(USER_CATEGORY, "slow")
    assert elsewhere.emoji["👎"] == Meaning(USER_FEEDBACK, value=False)


def test_the_categories_of_the_emoji_are_among_those_that_are_offered():
    text = 'categories = ["wrong", "unclear"]\n[emoji]\n"🐌" = "slow"\n"🦥" = "wrong"'

    found = policy(text)

    assert found.categories == ("wrong", "unclear", "slow")
    assert {each.value for each in found.emoji.values() if each.name == USER_CATEGORY} == {"wrong", "unclear", "slow"}


def test_a_comment_belongs_to_the_first_of_other_dimensions():
    text = 'comment_dimension = "helpfulness"\n[slack]\ndimensions = ["tone", "truth"]\n[discord]\nask_why = false'

    found = [policy(text), policy(text, "discord", "1", "2")]

    assert [(each.dimensions[0], each.comment_dimension) for each in found] == [
        ("tone", "tone"),
        ("accuracy", "helpfulness"),
    ]


def test_people_are_heard_and_named_as_the_file_says():
    text = """
        heard = { channels = ["C1"], roles = ["tester"] }
        unheard.people = ["U9"]
        [segments.staff]
        roles = ["admin"]
        [slack.segments.us]
        people = ["U1"]
        roles = ["admin"]
    """

    here, there = policy(text), policy(text, "discord", "1", "2")

    assert here.heard == Audience(channels=frozenset({"C1"}), roles=frozenset({"tester"}))
    assert here.hears("U1", (), "C1")
    assert not here.hears("U9", ("tester",), "C1")
    assert [here.segment("U1", ()), here.segment("U2", ("admin",)), there.segment("1", ("admin",))] == [
        "us",
        "us",
        "staff",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('look_back_days = 14\nlook_back_every = "15m"', (timedelta(days=14), timedelta(minutes=15))),
        ('look_back_every = "never"', (timedelta(days=3), None)),
    ],
)
def test_how_far_and_how_often_to_look_back_is_chosen_for_all(text, found):
    loaded = read_policies(text, name="plaudit.toml")

    chosen = (loaded.look_back, loaded.look_back_every)

    assert chosen == found


def test_a_file_from_any_editor_is_read(tmp_path):
    path = tmp_path / "plaudit.toml"
    path.write_bytes(b'\xef\xbb\xbfthread = "chat"\r\n[slack]\r\nseeds = "nothing"\r\n')

    found = load_policies(path).at(PlaceRef("slack", "T1", "C1"))

    assert found == replace(DEFAULT, thread=ThreadPolicy.CHAT, seeds=Seeds.NOTHING)


def test_a_missing_file_is_an_error_only_where_it_was_named(tmp_path):
    path = tmp_path / "none.toml"

    unnamed = load_policies(path, required=False)

    assert unnamed.at(PlaceRef("slack", "T1", "C1")) == DEFAULT
    with pytest.raises(SettingsError, match="There is no file"):
        load_policies(path)


@pytest.mark.parametrize("is_directory", [True, False])
def test_a_file_that_cannot_be_read_is_said_with_its_name(tmp_path, is_directory):
    path = tmp_path / "plaudit.toml"
    path.mkdir() if is_directory else path.write_bytes(b'thread = "chat"\nseeds = "\xff"')

    with pytest.raises(SettingsError) as caught:
        load_policies(path, required=False)

    assert str(path) in str(caught.value)
    assert is_directory or "line 2" in str(caught.value)
