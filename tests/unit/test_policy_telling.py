"""What `plaudit.toml` says of the digest and the alert; and what is wrong with it, by line."""

import re
from datetime import timedelta

import pytest

from core.errors import SettingsError
from core.messages import PlaceRef
from core.policy.cron import Cron
from core.policy.example import example, table_rows
from core.policy.file import read_policies


def test_nothing_is_posted_where_no_channel_is_named():
    loaded = read_policies("", name="empty")

    assert loaded.digest.to == ()
    assert loaded.alert.to is None
    assert loaded.digest.at == Cron.parse("0 9 * * mon")


def test_the_example_names_every_key_with_its_default():
    text = re.sub(r"^#(?! |$)", "", example(), flags=re.MULTILINE)

    loaded = read_policies(text, name="example")

    usual = read_policies("", name="empty")
    assert loaded.digest.to == (PlaceRef("slack", "T0123ABCD", "C0123ABCD"),)
    assert loaded.digest.model_copy(update={"to": ()}) == usual.digest
    assert loaded.alert.model_copy(update={"to": None}) == usual.alert
    assert ("[digest] at", '"0 9 * * mon"') in [row[:2] for row in table_rows()]


def test_never_and_a_time_zone_are_understood():
    loaded = read_policies(
        '[digest]\nat = "never"\nzone = "Europe/Berlin"\n[alert]\nevery = "15m"\nto = []', name="file"
    )

    assert (loaded.digest.at, loaded.digest.zone) == (None, "Europe/Berlin")
    assert (loaded.alert.every, loaded.alert.to) == (timedelta(minutes=15), ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[digest]\nat = "9:00"', "line 2: `digest.at` needs five fields"),
        ('[digest]\nat = "0 25 * * *"', "`digest.at` has 25 for the hour, which is from 0 to 23"),
        ('[digest]\n\nzone = "Berlin"', 'line 3: `digest.zone` cannot be "Berlin"'),
        ('[digest]\nto = ["#general"]', 'line 2: `digest.to` cannot be ["#general"]; it may be a list of channels'),
        ("[digest]\ndays = 0", "`digest.days` cannot be 0"),
        ('[digest]\nwhen = "0 9 * * *"', "`digest.when` is not known"),
        ('[alert]\nevery = "1s"', '`alert.every` cannot be "1s"'),
        ("[alert]\nonce_in_days = 5", "`alert.once_in_days` cannot be 5"),
    ],
)
def test_what_cannot_be_is_said_with_its_line(text, says):
    with pytest.raises(SettingsError, match=re.escape(says)):
        read_policies(text, name="plaudit.toml")


def test_fields_are_read_as_crontab_has_them():
    cron = Cron.parse("*/20 8-10 1,15 JAN *")

    assert (cron.minutes, cron.hours, cron.days, cron.months) == ((0, 20, 40), (8, 9, 10), (1, 15), (1,))
    assert Cron.parse("5/30 * * * *").minutes == (5, 35)


@pytest.mark.parametrize(
    ("field", "weekdays"),
    [
        ("0", (6,)),
        ("7", (6,)),
        ("1-5", (0, 1, 2, 3, 4)),
        ("sat-sun", (5, 6)),
        ("sun,wed", (2, 6)),
        ("0-6/3", (2, 5, 6)),
    ],
)
def test_the_week_begins_with_sunday_in_crontab_and_with_monday_here(field, weekdays):
    assert Cron.parse(f"0 9 * * {field}").weekdays == weekdays


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 9 1 * mon", "choose one of them"),
        ("0 9 31 2,4 *", "a day that none of its months has"),
        ("0 9-8 * * *", "ends before it begins"),
        ("*/0 9 * * *", "a step of 0"),
        ("0 9 * * funday", "has funday for the day of the week"),
        ("0 9 L * *", "has l for the day of the month"),
        ("0 9 1;2 * *", "write a number"),
    ],
)
def test_a_line_that_says_no_time_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        Cron.parse(text)
