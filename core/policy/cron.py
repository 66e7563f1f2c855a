"""The five fields of a crontab line, read and checked. Pure: when that is, is the calendar's (`core.schedule`).

The fields are those of crontab(5): minute, hour, day of the month, month, day of the week (0 and 7 are Sunday).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART: Final = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d{1,3}))?", re.ASCII)
_SUNDAY: Final = 7


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    first: int
    last: int
    names: Mapping[str, int]


_FIELDS: Final = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of the month", 1, 31, {}),
    _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Field("day of the week", 0, _SUNDAY, {name: number for number, name in enumerate(_WEEKDAYS)}),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """The minutes at which something is due: those that fit in every field. An empty one fits always."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    """0 is Monday, 6 Sunday."""

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Read a line such as `0 9 * * mon`. Raises ValueError, with what is wrong, where it says no time."""
        parts = text.lower().split()
        if len(parts) != len(_FIELDS):
            raise ValueError("needs five fields: minute, hour, day of the month, month, day of the week")
        minutes, hours, days, months, weekdays = map(_read, _FIELDS, parts)
        if days and weekdays:
            raise ValueError("names days of the month and of the week: choose one of them, and * for the other")
        if days and months and min(days) > max(_LONGEST[month - 1] for month in months):
            raise ValueError("names a day that none of its months has")
        monday_first = tuple(sorted({(each - 1) % _SUNDAY for each in weekdays}))
        return cls(text, minutes, hours, days, months, monday_first)


def _read(field: _Field, text: str) -> tuple[int, ...]:
    if text == "*":
        return ()
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"has {part!r} for the {field.name}; write a number, a range 1-5, a step */15, or *")
        found.update(_steps(field, match))
    return tuple(sorted(found))


def _steps(field: _Field, match: re.Match[str]) -> range:
    step = int(match[3]) if match[3] else 1
    if not step:
        raise ValueError(f"has a step of 0 for the {field.name}")
    if match[1] is None:
        return range(field.first, field.last + 1, step)
    first = _number(field, match[1])
    # `5/10` is from 5 on.
    last = _number(field, match[2]) if match[2] else field.last if match[3] else first
    if field.last == _SUNDAY and last == 0 < first:
        last = _SUNDAY
    if last < first:
        raise ValueError(f"has a range for the {field.name} that ends before it begins: {match[0]}")
    return range(first, last + 1, step)


def _number(field: _Field, text: str) -> int:
    number = field.names.get(text, int(text) if text.isdigit() else -1)
    if not field.first <= number <= field.last:
        raise ValueError(f"has {text} for the {field.name}, which is from {field.first} to {field.last}")
    return number
