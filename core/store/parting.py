"""What tells the parts of a report apart, as expressions in SQL: days, platforms, channels, details."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Date, Text, cast, func

_DAY: Final = 10
"""Characters of 2026-01-31."""


def day_of(connection: Connection, moment: Any) -> Any:
    """The day of a moment in UTC: 2026-01-31."""
    if connection.dialect.name == "sqlite":
        return func.substr(cast(moment, Text), 1, _DAY)  # a moment is text there, in UTC
    return cast(func.timezone("UTC", moment), Date)


def platform_of(connection: Connection, place: Any) -> Any:
    """The first part of a place's key."""
    if connection.dialect.name == "sqlite":
        return func.substr(place, 1, func.instr(place, ":") - 1)
    return func.split_part(place, ":", 1)


def channel_of(connection: Connection, place: Any) -> Any:
    """A place's key without the thread at its end."""
    if connection.dialect.name == "sqlite":
        # All letters but colons are taken off the end, up to a colon.
        return func.rtrim(place, func.replace(place, ":", ""))
    return func.regexp_replace(place, ":[^:]*$", "")


def field_of(connection: Connection, details: Any, name: str) -> Any:
    """A field of a JSON object, as text."""
    if connection.dialect.name == "sqlite":
        extract: Callable[..., Any] = func.json_extract
        return cast(extract(details, f"$.{name}", type_=Text), Text)
    return func.jsonb_extract_path_text(details, name, type_=Text)
