"""What `plaudit.toml` says of other systems: webhooks, NATS, sets on the Hub; and what is wrong with it, by line."""

import re
from datetime import timedelta

import pytest

from core.errors import SettingsError
from core.policy.example import example, table_rows
from core.policy.file import read_policies

HOOK = '[[webhooks]]\nname = "one"\nurl = "https://x"\nsecret = "ONE"\n'


def test_nothing_leaves_where_nothing_is_said():
    outward = read_policies("", name="empty").outward

    assert (outward.webhooks, outward.nats) == ((), None)
    assert not any(vars(outward.push).values())


def test_the_example_names_every_key():
    text = re.sub(r"^#(?! |$)", "", example(), flags=re.MULTILINE)

    outward = read_policies(text, name="example").outward

    assert [each.name for each in outward.webhooks] == ["warehouse"]
    assert (outward.nats.stream, outward.nats.text) == ("PLAUDIT", False)
    assert (outward.push.kto.every, outward.push.kto.public) == (timedelta(days=1), False)
    assert all(may_be and meaning for _, _, may_be, meaning in table_rows())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HOOK + HOOK.replace('secret = "ONE"\n', "").replace("one", "two"), "line 5: `webhooks.secret` is missing"),
        (HOOK + HOOK.replace("https", "ftp").replace("one", "two"), 'line 7: `webhooks.url` cannot be "ftp://x"'),
        (HOOK + HOOK, 'has two called "one"'),
        (HOOK + 'types = ["vote"]', 'line 5: `webhooks.types` has "vote"'),
        (HOOK + "txt = true", "did you mean `text`"),
        (HOOK.replace('"ONE"', '"PLAUDIT_KEY"'), "line 4: `webhooks.secret` cannot be"),
        ('[push.kt]\nrepo = "a/b"', "`push.kt` is not known; did you mean `kto`"),
        ('[push.kto]\nrepo = "a/b"\nevery = "5m"', "line 3: `push.kto.every`"),
        ('[nats]\nservers = "x"', "line 2: `nats.servers`"),
    ],
)
def test_what_cannot_be_is_said_with_its_line(text, says):
    with pytest.raises(SettingsError, match=re.escape(says)):
        read_policies(text, name="plaudit.toml")
