"""How the two databases write what folding by sets says of a record's data: fields, moments, kinds, lists.

Placeholders are `?` in all of it; `Words.sql` makes them the driver's.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

from sqlalchemy import Column, Table

from core.store.columns import JsonData
from core.store.statements import in_place_of

_SECOND: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
_MICROSECONDS: Final = "[0-9]" * 6


class Words(ABC):
    """The words of one database."""

    false: str
    true: str
    part_position: str
    """Of an element of `elements` that are called part, from 0."""
    given: str
    """JSON that comes as a parameter."""
    touches_rows_twice: bool
    """Whether one statement may."""

    @abstractmethod
    def text(self, name: str, default: str = "NULL") -> str:
        """A field of the data (`model.id` is a field in a field) as text."""

    @abstractmethod
    def json(self, name: str, default: str = "NULL") -> str:
        """A field as JSON; null is NULL. `default` is a text."""

    @abstractmethod
    def moment(self, name: str) -> str:
        """A field for which `is_moment` holds, as a moment."""

    @abstractmethod
    def is_moment(self, name: str) -> str:
        """The field is a moment in UTC as we write it."""

    @abstractmethod
    def is_a(self, name: str, *kinds: str) -> str:
        """The field is of one of these kinds, in SQLite's words (sqlite.org/json1.html#jtype), or missing."""

    @abstractmethod
    def is_whole(self, name: str) -> str:
        """The field is a number that a column of integers takes, or missing."""

    @abstractmethod
    def boolean(self, name: str) -> str:
        """A field that is true, false or missing, as a boolean."""

    @abstractmethod
    def number(self, name: str) -> str:
        """A field as a real number where it is a number or a boolean, else NULL."""

    @abstractmethod
    def elements(self, source: str, name: str) -> str:
        """A table, called `name`, of the elements of a JSON list, in a column `value` and with their place."""

    @abstractmethod
    def whole(self, element: str) -> str:
        """An element of a list, which is a text, as it is."""

    @abstractmethod
    def item(self, element: str, place: int) -> str:
        """What stands at a place of an element, as a text."""

    @abstractmethod
    def whole_item(self, element: str, place: int) -> str:
        """The same, as an integer."""

    @abstractmethod
    def plain(self, column: Column[Any]) -> str:
        """The field that is called as a column, as the column has it."""

    @abstractmethod
    def upsert(
        self,
        name: str,
        of: Table,
        picked: Mapping[str, str],
        window: str,
        order: str,
        *,
        keep: Sequence[str] = (),
        where: str = "",
    ) -> str:
        """An insert of `picked` columns from what `window` says, in place of rows with the same key: `in_place_of`.

        Of several rows with one key the last one counts, in the order of `order` (more than "records.seq" goes behind
        that), or of the moment `at` where they have one.
        """

    @abstractmethod
    def sql(self, statement: str) -> str:
        """The statement with the driver's placeholders."""


class SqliteWords(Words):
    """SQLite's, from 3.38 on."""

    false, true = "0", "1"
    part_position = "part.key"
    given = "?"
    touches_rows_twice = True

    def text(self, name: str, default: str = "NULL") -> str:
        """See `Words`."""
        picked = f"json_extract(records.data, '$.{name}')"
        return picked if default == "NULL" else f"COALESCE({picked}, {default})"

    def json(self, name: str, default: str = "NULL") -> str:
        """See `Words`."""
        picked = f"NULLIF(records.data -> '$.{name}', 'null')"
        return picked if default == "NULL" else f"COALESCE({picked}, '{default}')"

    def moment(self, name: str) -> str:
        """See `Words`."""
        text = self.text(name)
        return f"CASE length({text}) WHEN 25 THEN substr({text}, 1, 19) || '.000000+00:00' ELSE {text} END"

    def is_moment(self, name: str) -> str:
        """See `Words`."""
        text = self.text(name)
        return f"({text} GLOB '{_SECOND}+00:00' OR {text} GLOB '{_SECOND}.{_MICROSECONDS}+00:00')"

    def is_a(self, name: str, *kinds: str) -> str:
        """See `Words`."""
        words = ", ".join(f"'{kind}'" for kind in kinds)
        return f"COALESCE(json_type(records.data, '$.{name}'), '{kinds[0]}') IN ({words})"

    def is_whole(self, name: str) -> str:  # noqa: ARG002 - a column takes anything
        """See `Words`."""
        return self.true

    def boolean(self, name: str) -> str:
        """See `Words`."""
        return self.text(name, "0")

    def number(self, name: str) -> str:
        """See `Words`."""
        kinds = "'true', 'false', 'integer', 'real'"
        return f"CASE WHEN json_type(records.data, '$.{name}') IN ({kinds}) THEN CAST({self.text(name)} AS REAL) END"

    def elements(self, source: str, name: str) -> str:
        """See `Words`."""
        return f"json_each({source}) AS {name}"

    def whole(self, element: str) -> str:
        """See `Words`."""
        return element

    def item(self, element: str, place: int) -> str:
        """See `Words`."""
        return f"json_extract({element}, '$[{place}]')"

    def whole_item(self, element: str, place: int) -> str:
        """See `Words`."""
        return self.item(element, place)

    def plain(self, column: Column[Any]) -> str:
        """See `Words`."""
        return self.json(column.name) if isinstance(column.type, JsonData) else self.text(column.name)

    def upsert(
        self,
        name: str,
        of: Table,
        picked: Mapping[str, str],
        window: str,
        order: str,
        *,
        keep: Sequence[str] = (),
        where: str = "",
    ) -> str:
        """See `Words`. Rows come one after the other."""
        return (
            f"INSERT INTO {name} ({', '.join(picked)}) SELECT {', '.join(picked.values())} "  # noqa: S608 - our own names
            f"FROM {window} ORDER BY {order} {in_place_of(of, keep=keep, where=where)}"
        )

    def sql(self, statement: str) -> str:
        """See `Words`."""
        return statement


class PostgresWords(Words):
    """Postgres's."""

    false, true = "FALSE", "TRUE"
    part_position = "(part.place - 1)::integer"
    given = "?::jsonb"
    touches_rows_twice = False
    _KINDS: Final = {
        "text": "string",
        "true": "boolean",
        "false": "boolean",
        "integer": "number",
        "real": "number",
        "array": "array",
        "object": "object",
        "null": "null",
    }

    def text(self, name: str, default: str = "NULL") -> str:
        """See `Words`."""
        picked = f"(records.data #>> '{{{name.replace('.', ',')}}}')" if "." in name else f"(records.data ->> '{name}')"
        return picked if default == "NULL" else f"COALESCE({picked}, {default})"

    def json(self, name: str, default: str = "NULL") -> str:
        """See `Words`."""
        picked = f"NULLIF(records.data -> '{name}', 'null'::jsonb)"
        return picked if default == "NULL" else f"COALESCE({picked}, '{default}'::jsonb)"

    def moment(self, name: str) -> str:
        """See `Words`."""
        return f"{self.text(name)}::timestamptz"

    def is_moment(self, name: str) -> str:
        """See `Words`."""
        return f"({self.text(name)} ~ '^{_SECOND}(|[.]{_MICROSECONDS})[+]00:00$')"

    def is_a(self, name: str, *kinds: str) -> str:
        """See `Words`."""
        words = ", ".join(f"'{word}'" for word in dict.fromkeys(self._KINDS[kind] for kind in kinds))
        field = f"records.data #> '{{{name.replace('.', ',')}}}'"
        return f"COALESCE(jsonb_typeof({field}), '{self._KINDS[kinds[0]]}') IN ({words})"

    def is_whole(self, name: str) -> str:
        """See `Words`."""
        return f"COALESCE({self.text(name)} ~ '^(|-)[0-9]+$', TRUE)"

    def boolean(self, name: str) -> str:
        """See `Words`."""
        return f"COALESCE({self.text(name)}::boolean, FALSE)"

    def number(self, name: str) -> str:
        """See `Words`."""
        return (
            f"CASE jsonb_typeof(records.data -> '{name}') WHEN 'number' THEN {self.text(name)}::double precision "
            f"WHEN 'boolean' THEN {self.text(name)}::boolean::integer::double precision END"
        )

    def elements(self, source: str, name: str) -> str:
        """See `Words`."""
        return f"jsonb_array_elements({source}) WITH ORDINALITY AS {name} (value, place)"

    def whole(self, element: str) -> str:
        """See `Words`."""
        return f"({element} #>> '{{}}')"

    def item(self, element: str, place: int) -> str:
        """See `Words`."""
        return f"({element} ->> {place})"

    def whole_item(self, element: str, place: int) -> str:
        """See `Words`."""
        return f"{self.item(element, place)}::bigint"

    def plain(self, column: Column[Any]) -> str:
        """See `Words`."""
        if isinstance(column.type, JsonData):
            return self.json(column.name)
        text = self.text(column.name)
        return f"{text}::integer" if column.type.python_type is int else text

    def upsert(
        self,
        name: str,
        of: Table,
        picked: Mapping[str, str],
        window: str,
        order: str,
        *,
        keep: Sequence[str] = (),
        where: str = "",
    ) -> str:
        """See `Words`. One statement may not touch a row twice."""
        keys = ", ".join(column.name for column in of.primary_key)
        chosen = ", ".join(f"{source} AS {column}" for column, source in picked.items())
        newest = ", ".join(f"{each} DESC" for each in (*(["records.at"] if "at" in picked else []), *order.split(", ")))
        return (
            f"INSERT INTO {name} ({', '.join(picked)}) SELECT DISTINCT ON ({keys}) {chosen} "  # noqa: S608 - our own names
            f"FROM {window} ORDER BY {keys}, {newest} {in_place_of(of, keep=keep, where=where)}"
        )

    def sql(self, statement: str) -> str:
        """See `Words`."""
        numbers = count(1)
        return re.sub(r"\?", lambda _: f"${next(numbers)}", statement)
