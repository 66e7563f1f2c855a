"""A reply as Discord shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord.render import LIMITS, length, render, shown
from core.splitting import split

TABLE = """\
| Name | Size |
|:-----|-----:|
| **WAL** | 4 |
| a \\| b | `1000` |
| 日本 | 3 |"""


@pytest.mark.parametrize(
    "text", ["# A heading\n\n- a list\n- **bold**", "a | b", "```\n| a | b |\n|---|---|\n```", "#### ", "", "x" * 2000]
)
def test_what_discord_knows_passes_as_it_is(text):
    assert shown(text) == text


def test_a_table_becomes_columns_of_one_width():
    assert shown(f"Sizes:\n\n{TABLE}\n\nThat is all.").splitlines() == [
        "Sizes:",
        "",
        "```",
        "Name   Size",
        "─────  ────",
        "WAL       4",
        "a | b  1000",
        "日本      3",
        "```",
        "",
        "That is all.",
    ]


def test_a_small_heading_is_bold():
    assert shown("#### Four ##\n###### Six") == "**Four**\n**Six**"


def test_nothing_in_a_reply_rings_or_unfolds():
    body = render("@everyone <@123> https://example.org")

    assert body["allowed_mentions"] == {"parse": []}
    assert body["flags"] == 1 << 2


def test_a_long_table_is_cut_into_parts_that_fit_as_they_are_shown():
    rows = "\n".join(f"| row {i} | {'x' * (i % 40)} |" for i in range(200))

    parts = split(f"| Name | Size |\n|---|---|\n{rows}\n", LIMITS.message_length, LIMITS.measure)

    assert len(parts) > 3
    assert all(len(render(part)["content"]) <= 2000 for part in parts)
    assert all(render(part)["content"].startswith("```\nName") for part in parts)
    assert all(any(f"row {i} " in part for part in parts) for i in range(200))


@given(st.lists(st.sampled_from(["|", "-", "a", " ", "\n", "|-|-|\n", "| a | b |\n", "####", "`", "\\|"]), max_size=30))
def test_what_is_shown_is_never_longer_than_it_measures(pieces):
    text = "".join(pieces)

    assert len(shown(text)) <= length(text)
    assert len(text) <= length(text)


@pytest.mark.parametrize("text", [TABLE, f"Text\n{TABLE}\n#### More\n", "| a |\n|---|\n| b"])
def test_a_text_that_grows_never_measures_less(text):
    measures = [length(text[:size]) for size in range(len(text) + 1)]

    assert measures == sorted(measures)
