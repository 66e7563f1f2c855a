"""The span of time that a report is about."""

from datetime import UTC, datetime

import pytest

from core.errors import SettingsError
from core.insight.window import Window

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("chosen", "name", "hours"),
    [
        ({}, "the last 24 hours", 24),
        ({"hours": 1.5}, "the last 1.5 hours", 1.5),
        ({"hours": 72}, "the last 3 days", 72),
        ({"hours": 2, "until": MIDNIGHT}, "the 2 hours until 2026-01-31 00:00", 2),
        ({"since": MIDNIGHT}, "the time since 2026-01-31 00:00", 12),
        ({"since": MIDNIGHT, "until": NOON}, "2026-01-31 00:00 to 2026-01-31 12:00", 12),
    ],
)
def test_it_begins_and_ends_as_chosen(chosen, name, hours) -> None:
    window = Window.of(now=NOON, **({"hours": None, "since": None, "until": None} | chosen))

    assert window.name == name
    assert window.since is not None
    assert (window.until - window.since).total_seconds() == hours * 3600
    assert window.until == chosen.get("until", NOON)


@pytest.mark.parametrize(
    ("chosen", "says"), [({"hours": 1.0}, "choose one"), ({"until": MIDNIGHT}, "would end"), ({"until": NOON}, "end")]
)
def test_what_cannot_be_is_said(chosen, says) -> None:
    with pytest.raises(SettingsError, match=says):
        Window.of(now=NOON, **({"hours": None, "since": NOON, "until": None} | chosen))
