"""How the two databases write what folding by sets says of a record's data: fields, moments, kinds, lists.

Placeholders are `?` in all of it; `Words.sql` makes them the driver's.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Table

SECOND: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
MICROSECONDS: Final = "[0-9]" * 6
"""A moment as we write it, as both databases look for it."""


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
    refuses: bool
    """An insert finds by itself what is unusual: a statement that fails leaves the rest of its transaction as it is."""

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
    def latest(self, text: str, plain: str) -> str:
        """The latest of a group of moments, told as texts; where the database refuses, NULL if one is not `plain`."""

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

    def where_plain(self, plain: str, picked: str) -> str:
        """What is picked for a column that must not be NULL; where the database refuses, NULL if it is not `plain`."""
        return f"CASE WHEN {plain} THEN {picked} END" if self.refuses else picked

    @abstractmethod
    def sql(self, statement: str) -> str:
        """The statement with the driver's placeholders."""
