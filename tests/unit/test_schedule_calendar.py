"""When a line of a crontab is due, in a time zone, also where the clocks change."""

from datetime import UTC, datetime, timedelta

from core.policy.cron import Cron
from core.schedule import Calendar


def due(line, zone, begin, count):
    calendar, found = Calendar(Cron.parse(line), zone), [begin]
    for _ in range(count):
        found.append(calendar.next(found[-1]))
    return [each.isoformat() for each in found[1:]]


def test_nine_is_nine_where_people_live():
    begin = datetime(2026, 3, 23, 12, tzinfo=UTC)

    assert due("0 9 * * mon", "Europe/Berlin", begin, 2) == ["2026-03-30T09:00:00+02:00", "2026-04-06T09:00:00+02:00"]
    assert due("0 9 * * 1", "America/New_York", begin, 1) == ["2026-03-23T09:00:00-04:00"]
    assert due("0 9 * * 1", "Asia/Kolkata", begin, 1) == ["2026-03-30T09:00:00+05:30"]


def test_a_time_that_the_clocks_skip_is_due_an_hour_later():
    begin = datetime(2026, 3, 28, 12, tzinfo=UTC)

    assert due("30 2 * * *", "Europe/Berlin", begin, 2) == ["2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"]


def test_a_time_that_the_clocks_repeat_is_due_twice():
    begin = datetime(2026, 10, 24, 12, tzinfo=UTC)

    assert due("30 2 * * *", "Europe/Berlin", begin, 3) == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:30:00+01:00",
        "2026-10-26T02:30:00+01:00",
    ]


def test_the_latest_time_lies_behind_one_moment_and_not_behind_another():
    calendar, nine = Calendar(Cron.parse("0 9 * * *"), "UTC"), datetime(2026, 1, 5, 9, tzinfo=UTC)
    second = timedelta(seconds=1)

    assert calendar.latest(nine - second, nine) == nine
    assert calendar.latest(nine - timedelta(days=3), nine - second) == nine - timedelta(days=1)
    assert calendar.latest(nine, nine + timedelta(hours=6)) is None


def test_a_day_that_comes_every_four_years_is_found():
    assert due("0 0 29 2 *", "UTC", datetime(2026, 1, 1, tzinfo=UTC), 2) == [
        "2028-02-29T00:00:00+00:00",
        "2032-02-29T00:00:00+00:00",
    ]
