"""Column types that are the same on SQLite and on Postgres, and the JSON text that goes into them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

Reader: TypeAlias = Callable[[Any], Any]

SEQ = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up by itself only in a column of the type INTEGER."""


def to_json_text(value: Any) -> str:
    """`value` as compact JSON."""
    return orjson.dumps(value).decode()


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError where the zone is missing."""
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"The time {moment} has no zone: give it one, such as datetime.UTC.")
    return moment.astimezone(UTC)


def to_iso_text(moment: datetime) -> str:
    """The moment in UTC as text of constant width, whose order as text is its order in time."""
    return to_utc(moment).isoformat(timespec="microseconds")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment with its zone, always UTC.

    SQLite has no type for it and would give back naive values; there it is ISO 8601 text.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text of 32 characters on SQLite, `timestamptz` elsewhere."""
        return String(32) if dialect.name == "sqlite" else DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The value as the driver takes it. Raises ValueError for a time without a zone."""
        if value is None:
            return None
        return to_iso_text(value) if dialect.name == "sqlite" else to_utc(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Reader | None:  # noqa: ARG002 - SQLAlchemy gives it
        """Reads SQLite's text; asyncpg gives moments in UTC by itself. A value is read at the cost of one call."""
        return _read_iso_text if dialect.name == "sqlite" else None


def _read_iso_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


class JsonData(TypeDecorator[Any]):
    """JSON: `jsonb` on Postgres, text on SQLite; None is NULL.

    A column declared as JSON would have numeric affinity on SQLite, where the text `1.0` becomes the integer 1
    (sqlite.org/datatype3.html, section 3.1).
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """`jsonb` on Postgres, text elsewhere."""
        if dialect.name != "postgresql":
            return Text()
        from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415 - 2 MB that a bot on SQLite does without

        return JSONB(none_as_null=True)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """The value as text; on Postgres the type's own serializer makes it."""
        return value if value is None or dialect.name == "postgresql" else to_json_text(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Reader | None:
        """Reads the text; on Postgres the type's own deserializer does."""
        return super().result_processor(dialect, coltype) if dialect.name == "postgresql" else _read_json_text


def _read_json_text(value: str | None) -> Any:
    return None if value is None else orjson.loads(value)
