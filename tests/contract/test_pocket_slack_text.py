"""Slack's spelling of text and emoji, in and out."""

import pytest

from bots.pocket.slack_emoji import house_emoji, slack_name
from bots.pocket.slack_text import read, read_message, ringing, typed


@pytest.mark.parametrize(
    ("emoji", "name"),
    [
        ("👍", "+1"),
        ("👎🏿", "-1::skin-tone-6"),
        ("❤️", "heart"),
        ("❤", "heart"),
        ("3️⃣", "three"),
        ("3⃣", "three"),
        ("party_parrot", "party_parrot"),
    ],
)
def test_slack_calls_an_emoji_by_its_name(emoji: str, name: str) -> None:
    assert slack_name(emoji) == name


@pytest.mark.parametrize(
    ("name", "emoji"),
    [
        ("thumbsup", "👍"),
        ("+1", "👍"),
        (":thumbsup::skin-tone-3:", "👍🏼"),
        ("memo", "📝"),
        ("party_parrot", "party_parrot"),
        ("no such thing", None),
        ("+1::skin-tone-9", None),
    ],
)
def test_a_name_is_an_emoji_again(name: str, emoji: str | None) -> None:
    assert house_emoji(name) == emoji


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 < 2 & <@U1>", "1 &lt; 2 &amp; &lt;@U1&gt;"),
        ("see https://x.org/a?b&c.", "see <https://x.org/a?b&amp;c>."),
        ("@here look, mail@here", "<!here> look, mail@here"),
    ],
)
def test_what_is_typed_is_told_escaped(text: str, told: str) -> None:
    assert typed(text) == told


def test_what_is_told_is_read_as_people_see_it() -> None:
    names = {"U1": "Ada", "C1": "general"}

    seen = read(
        "<@U1> in <#C1|general>: <https://x.org|this> &amp; <https://y.org> <!channel>", lambda i: names.get(i, i)
    )

    assert seen == "@Ada in #general: this & https://y.org @channel"


def test_a_message_is_read_from_the_blocks_that_speak() -> None:
    button = {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "No"}}]}
    blocks = [{"type": "markdown", "text": "# a &lt; b"}, {"type": "section", "text": {"text": "c &lt; d"}}, button]

    seen = read_message({"text": "fallback", "blocks": blocks}, str)

    assert seen == "# a &lt; b\nc < d"


def test_only_live_mentions_ring() -> None:
    blocks = [{"type": "markdown", "text": "<!channel> &lt;!here&gt; @everyone <!date^1^{date}|x>"}]

    assert ringing({"text": "<@U1> <#C1> <!subteam^S1|@ops>", "blocks": blocks}) == [
        "<@U1>",
        "<!subteam^S1|@ops>",
        "<!channel>",
    ]
