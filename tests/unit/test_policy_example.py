"""The example of `plaudit.toml`, and a policy written as the file would have it."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from core.messages import PlaceRef
from core.policy import DEFAULT
from core.policy.example import as_toml, duration, example, key_rows
from core.policy.file import read_policies

SOMEWHERE = PlaceRef("slack", "T1", "C1")


def without_hashes(text):
    return re.sub(r"^#(?! |$)", "", text, flags=re.MULTILINE)


def test_the_example_as_it_stands_changes_nothing():
    text = example()

    loaded = read_policies(text, name="example")

    assert loaded.at(SOMEWHERE) == DEFAULT


def test_the_example_without_its_hashes_says_the_defaults_and_names_places():
    text = without_hashes(example())

    loaded = read_policies(text, name="example")

    assert replace(loaded.at(SOMEWHERE), segments={}) == DEFAULT
    assert loaded.look_back_every == timedelta(hours=1)
    assert loaded.at(PlaceRef("slack", "T0123ABCD", "C0123ABCD")).thread == "chat"
    assert loaded.at(PlaceRef("discord", "1", "2")).seeds == "reactions"


def test_every_key_is_in_the_example_and_has_its_row():
    rows = key_rows()

    text = example()

    assert {"thread", "emoji", "segments", "look_back_days"} <= {name for name, *_ in rows}
    assert all(re.search(rf"^#\[?{name}\b", text, re.MULTILINE) for name, *_ in rows)
    assert all(may_be and meaning for _, _, may_be, meaning in rows)


def test_a_policy_that_is_written_reads_as_the_same():
    text = """
        ask_pause = "90m"
        unheard = { roles = ["a \\"b\\" ü"], people = ["U1"] }
        [emoji]
        ":shipit:" = "sh\\u007fip"
        "👍" = ""
        [segments."the team"]
        people = ["U2"]
    """
    policy = read_policies(text, name="one").at(SOMEWHERE)

    again = read_policies(as_toml(policy), name="two").at(SOMEWHERE)

    # What was taken from an emoji is not to be seen in a policy.
    assert replace(again, emoji=policy.emoji) == policy
    assert policy.emoji.items() <= again.emoji.items()


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (90, "90s"), (900, "15m"), (5400, "90m"), (172_800, "2d")])
def test_a_time_is_written_in_the_largest_unit_that_fits(seconds, text):
    time = timedelta(seconds=seconds)

    written = duration(time)

    assert written == text
