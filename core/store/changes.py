"""What folding does to the tables: steps, their rows, and how many of them are done at once. Pure.

Where a step's row comes from is `folding`'s; how it is done on a database or in memory is not known here.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

from core.feedback import USER_CATEGORY, USER_COMMENT
from core.store.columns import to_json_text

Row: TypeAlias = dict[str, Any]


class Step(IntEnum):
    """What is done to a table, in the order in which one batch does it."""

    START_CONVERSATION = 0
    ADD_MESSAGE = 1
    PLACE_PART = 2
    TOUCH_CONVERSATION = 3
    UPDATE_MESSAGE = 4
    END_CONVERSATION = 5
    ASSESS = 6
    KNOW_SUBJECT = 7
    CHOOSE_MODEL = 8


class Change(NamedTuple):
    """One step with its row; `key` names the thing whose other changes must keep their order."""

    step: Step
    key: str
    row: Row


def current(rows: Iterable[Row]) -> set[str]:
    """The origins that count among the rows of one source under one name.

    The latest that stands; of comments every one, and of categories the latest of each value.
    """
    latest: dict[Any, Row] = {}
    for row in sorted((row for row in rows if row["standing"]), key=order):
        latest[_side_by_side(row)] = row
    return {row["origin"] for row in latest.values()}


def _side_by_side(row: Row) -> Any:
    """What several rows of one source under one name have to differ in to count side by side."""
    if row["name"] == USER_COMMENT:
        return row["origin"]
    # As the text that it is in the database: True is not 1 there.
    return to_json_text(row["value"]) if row["name"] == USER_CATEGORY else None


def order(row: Row) -> tuple[datetime, int]:
    """What decides between two assessments: the later one counts."""
    return row["at"], row["seq"]


_MERGES: dict[Step, Callable[[Row, Row], Row]] = {
    Step.START_CONVERSATION: lambda there, _row: there,
    Step.PLACE_PART: lambda _there, row: row,
    Step.TOUCH_CONVERSATION: lambda there, row: max(there, row, key=_last_message_at),
    Step.END_CONVERSATION: lambda there, _row: there,
    Step.ASSESS: lambda there, row: max(there, row, key=order),
    Step.KNOW_SUBJECT: lambda there, row: max(there, row, key=order),
    Step.CHOOSE_MODEL: lambda _there, row: row,
}
"""What two changes of the same thing in one step come to."""


def _last_message_at(row: Row) -> datetime:
    moment: datetime = row["last_message_at"]
    return moment


def in_batches(changes: Iterable[Change]) -> Iterator[dict[Step, list[Row]]]:
    """The changes grouped by step, to be done in the order of the steps; no step touches one thing twice.

    Two changes of one thing become one where their outcome is known; else, and where doing a group step by step would
    turn them round, the group ends.
    """
    batch: dict[Step, dict[str, Row]] = {}
    latest: dict[str, Step] = {}
    for step, key, row in changes:
        there = batch.get(step, {}).get(key)
        merge = _MERGES.get(step)
        if latest.get(key, step) > step or (there is not None and merge is None):
            yield _in_order(batch)
            batch, latest, there = {}, {}, None
        latest[key] = step
        batch.setdefault(step, {})[key] = row if there is None or merge is None else merge(there, row)
    if batch:
        yield _in_order(batch)


def _in_order(batch: dict[Step, dict[str, Row]]) -> dict[Step, list[Row]]:
    return {step: list(rows.values()) for step, rows in sorted(batch.items())}
