"""Buttons, forms and commands as Discord is told of them."""

from copy import deepcopy

import pytest

from bots.discord.commands import are_registered, definitions
from bots.discord.refusals import AlreadyAnsweredError, UnknownEmojiError, refusal
from bots.discord.render_controls import custom_id, modal, pages, read_custom_id, rows
from bots.pocket.discord_modals import check_modal
from bots.pocket.discord_rules import Sizes
from core.controls import MAX_ACTION, Attachment, Button, Choice, Field, Form, Notice
from core.errors import MessageGoneError, PlatformError, PlatformRefusedTokenError, PlatformUnavailableError

SCORES = tuple(Choice(str(score), f"{score} of 5") for score in range(1, 6))


def test_buttons_stand_five_in_a_row():
    found = rows([Button(f"B{i}", f"like:{i}") for i in range(7)])

    assert [len(each["components"]) for each in found] == [5, 2]
    assert found[0]["components"][0] == {"type": 2, "style": 2, "custom_id": "plaudit:like:0", "label": "B0"}


def test_a_button_may_have_an_emoji_alone():
    [row] = rows([Button("", "dislike", "👎")])

    assert row["components"] == [{"type": 2, "style": 2, "custom_id": "plaudit:dislike", "emoji": {"name": "👎"}}]


def test_the_longest_action_fits():
    [row] = rows([Button("x", "a" * MAX_ACTION)])

    assert len(row["components"][0]["custom_id"]) <= Sizes().custom_id


def test_a_notice_rings_nobody_and_names_its_file():
    [(body, attachment)] = pages(Notice("@everyone", attachment=Attachment("data.jsonl", b"x")))

    assert body["allowed_mentions"] == {"parse": []}
    assert (body["attachments"], attachment.content) == ([{"id": 0, "filename": "data.jsonl"}], b"x")
    assert "components" not in body


def test_a_notice_without_words_is_one_message():
    assert [body["content"] for body, _ in pages(Notice("", (Button("x", "y"),)))] == [""]


@pytest.mark.parametrize(("workspace", "written"), [("", ""), ("dm", ""), ("4000", "4000")])
def test_a_custom_id_says_the_action_and_as_whose_member_it_is_done(workspace, written):
    assert read_custom_id(custom_id("why:01J9", workspace)) == ("why:01J9", written)


def test_a_form_of_the_largest_size_is_one_that_discord_takes():
    fields = [
        Field("text", "L" * 45, value="v" * 5_000, hint="h" * 100, max_length=9_000),
        Field("one", "One", SCORES, value="4"),
        Field("some", "Some", SCORES, value=("1", "2"), several=True),
        Field("needed", "Needed", SCORES, required=True),
        Field("many", "Many", tuple(Choice(str(i), str(i)) for i in range(25)), several=True),
    ]

    shown = modal(Form("a" * MAX_ACTION, "T" * 24, tuple(fields)))

    check_modal(shown, Sizes())
    [text, one, some, needed, _] = [each["component"] for each in shown["components"]]
    assert (text["style"], len(text["value"]), text["required"]) == (2, 4_000, False)
    assert [each["value"] for each in one["options"] if each["default"]] == ["4"]
    assert (some["min_values"], some["max_values"]) == (0, 5)
    assert (needed["min_values"], needed["max_values"]) == (1, 1)


def registered():
    """What Discord says of our commands once it knows them: more than it was told."""
    known = deepcopy(definitions())
    for index, each in enumerate(known):
        each |= {
            "id": str(index),
            "version": "1",
            "default_member_permissions": None,
            "nsfw": False,
            "dm_permission": True,
        }
        each.setdefault("description", "")
    for each in known[0]["options"]:
        each.setdefault("name_localizations", None)
    return known


def test_commands_that_are_known_need_not_be_told_again_whatever_else_is_said_of_them():
    assert are_registered(registered())
    assert are_registered(registered()[::-1])


@pytest.mark.parametrize(
    "change",
    [
        lambda known: known.pop(),
        lambda known: known.append({"type": 1, "name": "old"}),
        lambda known: known[0].update(description="Another"),
        lambda known: known[0]["options"].pop(),
        lambda known: known[0]["options"][0].update(description="Another"),
        lambda known: known[0]["options"][-1]["options"][0]["choices"].pop(),
        lambda known: known[1].update(contexts=None),
    ],
)
def test_commands_that_differ_have_to_be_told(change):
    known = registered()

    change(known)

    assert not are_registered(known)


@pytest.mark.parametrize("answer", [None, {}, [], [None], "text"])
def test_an_answer_that_is_none_is_not_that_they_are_known(answer):
    assert not are_registered(answer)


def test_descriptions_are_as_long_as_discord_takes_them():
    [typed, *_] = definitions()
    options = [*typed["options"], *(inner for each in typed["options"] for inner in each.get("options", ()))]
    choices = [choice["name"] for each in options for choice in each.get("choices", ())]

    assert choices
    assert all(1 <= len(each["description"]) <= 100 and each["name"].islower() for each in (typed, *options))
    assert all(1 <= len(each) <= 100 for each in choices)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 40060, AlreadyAnsweredError),
        (400, 10014, UnknownEmojiError),
        (403, 50007, MessageGoneError),
        (404, 10062, MessageGoneError),
        (401, 50027, PlatformError),
        (401, 0, PlatformRefusedTokenError),
        (503, 0, PlatformUnavailableError),
    ],
)
def test_refusals_that_mean_something_are_told_apart(status, code, error):
    assert type(refusal(status, {}, {"code": code, "message": "no"})) in (error, *error.__subclasses__())
    if code == 50027:
        assert not isinstance(refusal(status, {}, {"code": code}), PlatformRefusedTokenError)
