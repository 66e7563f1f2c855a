"""Postgres's words for folding by sets: see `setwise_words`."""

import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

from sqlalchemy import Column, Table

from core.store.columns import JsonData
from core.store.setwise_words import MICROSECONDS, SECOND, Words
from core.store.statements import in_place_of


class PostgresWords(Words):
    """Postgres's."""

    false, true = "FALSE", "TRUE"
    part_position = "(part.place - 1)::integer"
    given = "?::jsonb"
    touches_rows_twice = refuses = False
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

    def latest(self, text: str, plain: str) -> str:  # noqa: ARG002 - it is looked for before
        """See `Words`."""
        return f"max({text}::timestamptz)"

    def is_moment(self, name: str) -> str:
        """See `Words`."""
        return f"({self.text(name)} ~ '^{SECOND}(|[.]{MICROSECONDS})[+]00:00$')"

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
