"""SQLite's words for folding by sets: see `setwise_words`."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Table

from core.store.columns import JsonData
from core.store.setwise_words import MICROSECONDS, SECOND, Words
from core.store.statements import in_place_of


class SqliteWords(Words):
    """SQLite's, from 3.38 on."""

    false, true = "0", "1"
    part_position = "part.key"
    given = "?"
    touches_rows_twice = refuses = True

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
        return _moment(self.text(name))

    def latest(self, text: str, plain: str) -> str:
        """See `Words`. As texts, with and without microseconds, moments have the same order."""
        return f"CASE WHEN min({plain}) THEN {_moment(f'max({text})')} END"

    def is_moment(self, name: str) -> str:
        """See `Words`."""
        text = self.text(name)
        return f"({text} GLOB '{SECOND}+00:00' OR {text} GLOB '{SECOND}.{MICROSECONDS}+00:00')"

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


def _moment(text: str) -> str:
    return f"CASE length({text}) WHEN 25 THEN substr({text}, 1, 19) || '.000000+00:00' ELSE {text} END"
