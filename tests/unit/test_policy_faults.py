"""What is said when something in `plaudit.toml` cannot be: the line, the key, what is wrong, and the fix."""

import pytest

from core.errors import SettingsError
from core.policy.file import read_policies


def said(text):
    with pytest.raises(SettingsError) as caught:
        read_policies(text, name="plaudit.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('thred = "chat"', "line 1: `thred` is not known; did you mean `thread`?"),
        ("[slakc]", "line 1: `slakc` is not known; did you mean `slack`?"),
        ("\n[slack.workspaces.T1]", "line 2: `slack.workspaces` is not known; did you mean `workspace`?"),
        ("\n[discord.guild.1.chanel.2]", "line 2: `discord.guild.1.chanel` is not known; did you mean `channel`?"),
        ("[heard]\n\npoeple = []", "line 3: `heard.poeple` is not known; did you mean `people`?"),
        ("choose_model.poeple = []", "line 1: `choose_model.poeple` is not known; did you mean `people`?"),
        ("[checks]\nmodule = []", "line 2: `checks.module` is not known; did you mean `modules`?"),
        ("xyz = 1", "here may be `thread`, `seeds`"),
        ("[segments.a]\nchannels = []", "line 2: `segments.a.channels` is not known; here may be `roles`, `people`"),
        ("[segments.a]\nask_why = true", "line 2: `segments.a.ask_why` does not belong here; move it up"),
        ("[slack]\nlook_back_days = 1", "line 2: `slack.look_back_days` does not belong here; move it up"),
        ('[emoji]\n"👍" = true\nthread = "chat"', "line 3: `emoji.thread` is no emoji; move the line up"),
    ],
)
def test_an_unknown_or_misplaced_key_is_said_with_the_right_one(text, says):
    found = said(text)

    assert found.startswith("plaudit.toml, line ")
    assert says in found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('\nthread = "chatty"', 'line 2: `thread` cannot be "chatty"; it may be "feedback", "chat" or "mention"'),
        ("seeds = true", 'line 1: `seeds` cannot be true; it may be "buttons", "reactions" or "nothing"'),
        ('ask_why = "yes"', 'line 1: `ask_why` cannot be "yes"; it may be true or false'),
        ("ask_why = 1", "line 1: `ask_why` cannot be 1; it may be true or false"),
        *(
            (f"ask_pause = {each}", "it may be a time up to a year, such as")
            for each in ('"1y"', "60", '"-1h"', '"2d3h"')
        ),
        ('ask_pause = "366d"', 'line 1: `ask_pause` cannot be "366d"'),
        ('[discord]\nask_pause = "99999999d"', 'line 2: `discord.ask_pause` cannot be "99999999d"'),
        ("dimensions = []", "line 1: `dimensions` cannot be []; it may be a list of one to three words"),
        ('dimensions = ["a", "b", "c", "d"]', "it may be a list of one to three words"),
        ('dimensions = "tone"', 'line 1: `dimensions` cannot be "tone"'),
        ('dimensions = [\n"tone",\n"Bad word"]', 'line 3: `dimensions` cannot hold "Bad word"; it may be a list'),
        ('dimensions = ["tone", "tone"]', 'line 1: `dimensions` has "tone" twice; take one away'),
        ('dimensions = ["rating"]', "there is an assessment `user_rating` already; choose another word"),
        (
            'comment_dimension = "tone"',
            "line 1: `comment_dimension` must be one of the dimensions here: accuracy, help",
        ),
        ('[slack]\ndimensions = ["tone"]\ncomment_dimension = "accuracy"', "line 3: `slack.comment_dimension` must be"),
        (f'categories = [\n"a",\n"{"b" * 76}"]', "line 3: `categories` cannot hold"),
        ('categories = ["a", ""]', 'line 1: `categories` cannot hold ""'),
        (f"categories = {[str(each) for each in range(26)]}", "it may be a list of at most 25 texts"),
        ('categories = ["a", "a"]', 'line 1: `categories` has "a" twice'),
        ('models = ["org/a", "b", "Org/A"]', 'line 1: `models` has "Org/A" twice, but for capitals'),
        ('models = ["Default"]', "line 1: `models` cannot have "),
        ('models = ["a b"]', 'line 1: `models` cannot hold "a b"; it may be a list of at most 25 ids of models'),
        ("heard = 3", "line 1: `heard` cannot be 3; it may be a table with lists of"),
        (
            '[heard]\npeople = [\n"U1",\n"@ada",\n]',
            'line 4: `heard.people` cannot hold "@ada"; it may be a list of ids',
        ),
        ('unheard.roles = "admin"', 'line 1: `unheard.roles` cannot be "admin"; it may be a list of ids or names'),
        ('segments.staff = ["U1"]', 'line 1: `segments.staff` cannot be ["U1"]; it may be a table for each name'),
        ("look_back_days = 0", "line 1: `look_back_days` cannot be 0; it may be a whole number from 1 to 365"),
        ("look_back_days = 1.5", "line 1: `look_back_days` cannot be 1.5"),
        ('look_back_every = "1s"', "it may be a time of at least a minute"),
        ("seeds = 2026-01-31", 'line 1: `seeds` cannot be "2026-01-31"'),
        ("slack = 3", "line 1: `slack` cannot be 3; it may be a table"),
        ("[slack.workspace]\nT1 = true", "line 2: `slack.workspace.T1` cannot be true; it may be a table"),
        (f"ask_why = {10**30}", f"line 1: `ask_why` cannot be {10**30}"),
    ],
)
def test_a_wrong_value_is_said_with_what_it_may_be(text, says):
    found = said(text)

    assert says in found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[emoji]\n"⭐" = 6', 'line 2: `emoji."⭐"` cannot be 6; it may be true or false (a vote), 1 to 5 (a score)'),
        ('[emoji]\n"⭐" = 4.5', 'line 2: `emoji."⭐"` cannot be 4.5'),
        ('[emoji]\n"⭐" = " slow"', 'line 2: `emoji."⭐"` cannot be " slow"'),
        (
            '[emoji]\n"+1" = true\n"👍🏿" = 5',
            'line 3: `emoji."👍🏿"` is the same emoji as "+1", which means something else',
        ),
        ('[slack.emoji]\n"not one" = 5', 'line 2: `slack.emoji."not one"` is no emoji; write the emoji itself'),
        ('[emoji]\n"<:shipit:81>" = 5', 'line 2: `emoji."<:shipit:81>"` is no emoji'),
        ('[emoji]\n"" = 5', 'line 2: `emoji.""` is no emoji'),
        ('[emoji]\n":repeat:" = 5', "cannot have a meaning: on a reply it asks for another answer"),
        ('[emoji]\n"✏️" = 5', "cannot have a meaning: on a reply it offers to correct the reply"),
        (
            f'categories = {[str(each) for each in range(25)]}\n[discord.emoji]\n"🐌" = "slow"',
            "line 2: `discord.emoji` makes 26 categories with those of the emoji; leave out 1",
        ),
    ],
)
def test_a_wrong_emoji_is_said_with_its_line(text, says):
    found = said(text)

    assert says in found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[slack.workspace.acme]", "line 1: `slack.workspace.acme` does not end in an id; Slack shows"),
        ('[slack.workspace.T1.channel."#general"]', '`slack.workspace.T1.channel."#general"` does not end in an id'),
        ("[discord.guild.ours]", "line 1: `discord.guild.ours` does not end in an id; with Developer Mode on"),
        ("[discord.guild.1.channel.general]", "line 1: `discord.guild.1.channel.general` does not end in an id"),
    ],
)
def test_a_name_in_place_of_an_id_is_said_with_where_to_find_the_id(text, says):
    found = said(text)

    assert says in found


@pytest.mark.parametrize(
    ("text", "line", "fix"),
    [
        ("ask_why = true\n👍 = true", 2, "a key with other characters than letters, digits, - and _ stands in quotes"),
        ("\n\nthread = chat", 3, 'text stands in quotes (thread = "chat")'),
        ("ask_why = True", 1, "true and false do not"),
        ("ask_why = true\nask_why = true", 2, "it is there twice: take one away"),
        ("ask_why = true\nask_why = true\n", 2, "it is there twice: take one away"),
        ("[slack]\n[emoji]\n[slack]\n", 3, "it is there twice: put both into one"),
        ("ask_why = true seeds = 1", 1, "each key has a line of its own"),
        ('dimensions = [\n"tone",\n\n', 2, "something is not closed"),
        ('thread = "chat\nseeds = "nothing"', 1, "something is not closed"),
        ("[slack\nseeds = 1", 1, "something is not closed"),
        ('thread = """chat\n\n', 1, "something is not closed"),
    ],
)
def test_what_is_no_toml_is_said_with_its_line_and_a_fix(text, line, fix):
    found = said(text)

    assert found.startswith(f"plaudit.toml, line {line}: ")
    assert fix in found


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_file():
    text = '[slack]\nseeds = 1\n[emoji]\n"⭐" = 9\n[discord]\nthred = 1'

    found = said(text)

    assert [found.index(f"line {line}:") for line in (2, 4, 6)] == sorted(
        found.index(f"line {line}:") for line in (2, 4, 6)
    )
    assert "\n" not in found


def test_a_long_value_is_said_in_short():
    text = f'thread = "{"x" * 500}"'

    found = said(text)

    assert len(found) < 200
