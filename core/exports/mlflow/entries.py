"""What the ledger of exports says of an experiment: that it was given replies, in which manner, and what is wrong.

`plaudit consumers` reads `name`, `error` and `since` of every entry that has them.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from core.messages import Json
from core.store.columns import to_iso_text
from core.store.ledger import Export, Ledger

KIND: Final = "mlflow"
"""What the ledger calls it."""
_NO_END: Final = 2**53
"""The last seq of an export that goes on."""
_EXPERIMENTS: Final = "/#/experiments/"


@dataclass(frozen=True, slots=True)
class Target:
    """An experiment on a server."""

    server: str
    experiment_id: str

    @property
    def address(self) -> str:
        """Where its page is; in the ledger it is called so."""
        return f"{self.server}{_EXPERIMENTS}{self.experiment_id}"

    @property
    def reader(self) -> str:
        """What it is called among the readers of the log."""
        return f"{KIND}:{self.server.partition('://')[2]}#{self.experiment_id}"

    @classmethod
    def of(cls, address: str) -> Self:
        """The one that has this address."""
        server, _, experiment_id = address.rpartition(_EXPERIMENTS)
        return cls(server, experiment_id)


async def entries(ledger: Ledger) -> AsyncIterator[tuple[Target, Export]]:
    """All experiments that were ever given something, the oldest first."""
    for each in await ledger.exports():
        if each.kind == KIND:
            yield Target.of(each.target), each


async def entry_of(ledger: Ledger, target: Target) -> Export:
    """That of an experiment, which is entered where it is new."""
    async for there, each in entries(ledger):
        if there == target:
            return each
    return await ledger.note(KIND, target.address, seq_from=1, seq_to=_NO_END, options={"name": target.reader})


async def describe(ledger: Ledger, entry: Export, told: Json) -> Export:
    """Note more of an entry; None takes away what was noted."""
    options = {name: each for name, each in {**entry.options, **told}.items() if each is not None}
    return entry if options == entry.options else await ledger.describe(entry, options)


async def in_trouble(ledger: Ledger, server: str, error: str, at: datetime) -> None:
    """Note what is wrong with a server, for all of its experiments."""
    async for target, each in entries(ledger):
        if target.server == server:
            since = each.options.get("since", to_iso_text(at))
            await describe(ledger, each, {"error": error, "since": since})
