"""Forgetting a person wherever their data went: in the log, and in what was exported from it.

How something is erased in an export is known by the eraser of its kind; which exports there are, by the ledger.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from core.errors import PlauditError
from core.messages import Json
from core.records import AddMessage, Record, is_opinion
from core.store.ledger import Export, Ledger


class Eraser(Protocol):
    """Erases in what one kind of export made."""

    async def erase(self, target: str, options: Json, messages: Collection[str]) -> None:
        """Take what there is of `messages` (their ids) out of `target`, or make it anew from the log; twice is once.

        Raises PlauditError where that cannot be done now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """How much the log has of a person."""

    records: int
    messages: int
    opinions: int


@dataclass(frozen=True, slots=True)
class Propagated:
    """What became of an erasure in one export."""

    export: Export
    fault: str | None
    """A sentence for the operator; None where nothing of what was erased is in it any more."""


async def kept_of(records: AsyncIterator[Record]) -> Kept:
    """How much a person's `records` are."""
    count = messages = opinions = 0
    async for record in records:
        count += 1
        messages += record.type == AddMessage.type
        opinions += is_opinion(record)
    return Kept(count, messages, opinions)


async def stale(ledger: Ledger) -> list[Export]:
    """The exports that may hold what was erased from the log."""
    return [each for each in await ledger.exports() if each.stale_since is not None]


async def propagate(ledger: Ledger, erasers: Mapping[str, Eraser]) -> list[Propagated]:
    """Erase in every stale export what was erased from the log. What cannot be done stays stale, to be tried again.

    `erasers`: by the kind of the export.
    """
    return [Propagated(each, await _propagate(ledger, each, erasers.get(each.kind))) for each in await stale(ledger)]


async def _propagate(ledger: Ledger, export: Export, eraser: Eraser | None) -> str | None:
    if eraser is None:
        return f"This version cannot erase in an export of the kind {export.kind}: delete it, or make it anew."
    messages = await ledger.erased_in(export)
    try:
        await eraser.erase(export.target, export.options, messages)
    except PlauditError as error:
        return str(error)
    await ledger.settle(export, messages)
    return None
