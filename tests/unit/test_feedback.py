"""How an emoji is read."""

import pytest
from emoji import emojize

from core.feedback import USER_FEEDBACK, USER_RATING, USUAL_NAMES, Meaning, canonical_emoji, meaning_of, toned_emoji


@pytest.mark.parametrize(
    "name",
    ["👍", "👍🏽", "+1", "thumbsup", ":+1:", "thumbsup::skin-tone-2", "+1::skin-tone-6", ":thumbsup::skin-tone-3:"],
)
def test_every_thumb_up_is_one_emoji(name):
    assert canonical_emoji(name) == "👍"


@pytest.mark.parametrize("name", USUAL_NAMES)
def test_the_names_that_are_known_by_heart_mean_what_they_mean_to_all(name):
    assert canonical_emoji(name) == canonical_emoji(emojize(f":{name}:", language="alias"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("👍🏽", "👍🏽"), ("thumbsup::skin-tone-4", "👍🏽"), ("+1", "👍"), ("5️⃣", "5⃣"), ("shipit", "shipit"), ("🕰️", "🕰")],
)
def test_a_tone_can_be_kept(name, shown):
    assert toned_emoji(name) == shown
    assert canonical_emoji(shown) == canonical_emoji(name)


@pytest.mark.parametrize(("name", "score"), [("one", 1), ("1️⃣", 1), ("1⃣", 1), ("five", 5), ("5️⃣", 5)])
def test_a_keycap_is_a_score(name, score):
    assert meaning_of(canonical_emoji(name)) == Meaning(USER_RATING, score)


def test_a_thumb_down_is_a_negative_vote():
    assert meaning_of(canonical_emoji("thumbsdown::skin-tone-4")) == Meaning(USER_FEEDBACK, value=False)


@pytest.mark.parametrize("name", ["tada", "❤️", "party_parrot", "", ":::", "six"])
def test_other_emoji_say_nothing_about_a_reply(name):
    assert meaning_of(canonical_emoji(name)) is None
