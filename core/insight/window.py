"""The span of time that a report is about, and what it is called. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from core.errors import SettingsError

HOURS: Final = 24.0


@dataclass(frozen=True, slots=True)
class Window:
    """From `since`, if it begins somewhere, up to but not including `until`."""

    since: datetime | None
    until: datetime
    name: str

    @classmethod
    def of(cls, *, now: datetime, hours: float | None, since: datetime | None, until: datetime | None) -> Self:
        """The last `hours` before `until` (or `now`), or from `since` on.

        Raises SettingsError where both are chosen, or where it would end before it begins.
        """
        end = now if until is None else until
        if since is None:
            hours = HOURS if hours is None else hours
            name = f"the last {_long(hours)}" if until is None else f"the {_long(hours)} until {_told(end)}"
            return cls(end - timedelta(hours=hours), end, name)
        if hours is not None:
            raise SettingsError("--hours and --since both say where the report begins: choose one of them.")
        if since >= end:
            raise SettingsError(f"The report would end ({_told(end)}) before it begins ({_told(since)}).")
        return cls(
            since, end, f"{_told(since)} to {_told(end)}" if until is not None else f"the time since {_told(since)}"
        )


def _long(hours: float) -> str:
    days, rest = divmod(hours, HOURS)
    return f"{hours:g} hours" if rest or days <= 1 else f"{days:g} days"


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
