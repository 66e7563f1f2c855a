"""Buttons, forms and the home tab as Slack shows them."""

import pytest
from slack_sdk.models.blocks import ActionsBlock, Block
from slack_sdk.models.views import View

from bots.slack.emoji_names import slack_name
from bots.slack.interactions import ENTRIES
from bots.slack.listening import _EVENT_TYPES
from bots.slack.manifest import manifest
from bots.slack.mrkdwn import mrkdwn, sections
from bots.slack.render_controls import home, modal, noticed, offered
from core.controls import Button, Choice, Field, Form
from core.feedback import canonical_emoji
from core.words import COMMANDS, CORRECT_ENTRY, HELP, RATE_ENTRY

LIKE, DISLIKE = Button("", "like", "👍"), Button("", "dislike", "👎")
CHOICES = tuple(Choice(f"v{n}", f"Choice {n}") for n in range(3))


def test_like_and_dislike_are_slacks_own_pair_below_the_text():
    shown = offered("**Yes.**", [LIKE, DISLIKE])

    markdown, votes = shown["blocks"]
    [pair] = votes["elements"]
    assert (markdown["text"], votes["type"], pair["type"]) == ("**Yes.**", "context_actions", "feedback_buttons")
    assert (pair["positive_button"]["value"], pair["negative_button"]["value"]) == ("like", "dislike")


def test_other_buttons_stand_in_a_row_of_their_own():
    shown = offered("Yes.", [LIKE, Button("Retry", "rate", "🔁"), DISLIKE])

    row = shown["blocks"][2]
    assert [(each["text"]["text"], each["value"]) for each in row["elements"]] == [("🔁 Retry", "rate")]


def test_a_like_alone_is_a_button_like_any_other():
    shown = offered("Yes.", [LIKE])

    assert [each["type"] for each in shown["blocks"]] == ["markdown", "actions"]


def test_the_buttons_of_a_row_have_ids_of_their_own():
    row = noticed("x", [Button("Say why", "why:01J"), Button("Take it back", "withdraw:01J")])["blocks"][-1]

    assert len({each["action_id"] for each in row["elements"]}) == 2
    ActionsBlock(**row).validate_json()


def test_without_buttons_a_notice_is_only_its_text():
    assert [each["type"] for each in noticed("x", [])["blocks"]] == ["markdown"]


def test_each_kind_of_field_has_its_input_filled_in():
    form = Form(
        "why:01J",
        "Why is it no good?",
        (
            Field("wrong", "What is wrong?", CHOICES, several=True, value=("v0", "v2"), hint="Choose any"),
            Field("score", "Score", CHOICES, value="v1", hint="1 to 5"),
            Field("text", "In your words", value="hm" * 10, max_length=5, required=True),
        ),
    )

    view = modal(form, "where")

    several, one, text = (each["element"] for each in view["blocks"])
    assert (view["callback_id"], view["private_metadata"]) == ("plaudit:why:01J", "where")
    assert (several["type"], [each["value"] for each in several["initial_options"]]) == ("checkboxes", ["v0", "v2"])
    assert view["blocks"][0]["hint"]["text"] == "Choose any"
    assert (one["type"], one["initial_option"]["value"]) == ("static_select", "v1")
    assert (text["initial_value"], text["max_length"]) == ("hmhmh", 5)
    assert [each["optional"] for each in view["blocks"]] == [True, True, False]
    View(**view).validate_json()


def test_many_choices_are_a_menu():
    choices = tuple(Choice(str(n), str(n)) for n in range(25))

    view = modal(Form("why", "Why?", (Field("wrong", "What?", choices, several=True),)), "")

    assert view["blocks"][0]["element"]["type"] == "multi_static_select"


def test_the_home_tab_holds_only_blocks_that_slack_takes_there():
    view = home(HELP, [Button("Erase it all", "forget")])

    assert {each["type"] for each in view["blocks"]} == {"section", "actions"}
    assert all(0 < len(each["text"]["text"]) <= 3000 for each in view["blocks"] if each["type"] == "section")
    for block in Block.parse_all(view["blocks"]):
        block.validate_json()


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**bold** and *slanted*", "*bold* and _slanted_"),
        ("- one\n- two", "• one\n• two"),
        ("# Title", "*Title*"),
        ("[text](https://x.org/a?b=1)", "<https://x.org/a?b=1|text>"),
        ("~~gone~~", "~gone~"),
        ("`**code** <x>` <!here> & <@U1>", "`**code** &lt;x&gt;` &lt;!here&gt; &amp; &lt;@U1&gt;"),
        ("```\n- **x**\n```", "```\n- **x**\n```"),
        ("2 * 3 * 4 and `a*b*c`", "2 * 3 * 4 and `a*b*c`"),
    ],
)
def test_markdown_becomes_mrkdwn(markdown, shown):
    assert mrkdwn(markdown) == shown


def test_paragraphs_are_sections():
    assert list(sections("a\n\n\nb\n\n" + "c" * 4000)) == ["a", "b", "c" * 3000]


@pytest.mark.parametrize("emoji", ["📝", "✏️", "✏", "👍", "👎", "1⃣", "🤔", "🕰", "💬", "❌", "🔁"])
def test_the_name_of_an_emoji_leads_back_to_it(emoji):
    name = slack_name(emoji)

    assert name.isascii()
    assert canonical_emoji(name) == canonical_emoji(emoji)


def test_a_workspaces_own_emoji_keeps_its_name():
    assert slack_name("plaudit_parrot") == "plaudit_parrot"


def test_the_manifest_asks_for_what_we_listen_to():
    asked = manifest()

    entries = {each["callback_id"]: each["name"] for each in asked["features"]["shortcuts"]}
    [command] = asked["features"]["slash_commands"]
    events = asked["settings"]["event_subscriptions"]["bot_events"]
    assert set(entries) == set(ENTRIES)
    assert set(entries.values()) == {RATE_ENTRY, CORRECT_ENTRY}
    assert {*_EVENT_TYPES[1:], "message.channels", "message.im"} <= set(events)
    assert command["usage_hint"] == f"[{' | '.join(COMMANDS)}]"
    assert asked["features"]["app_home"]["home_tab_enabled"]
