"""How it stands with each channel, in the ledger of exports: it has been given records out of the log, and goes on.

An erasure marks its entry as it marks every export's; the channel is told by the event of the erasure, and then the
entry is settled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from core.messages import Json
from core.outward.channel import Channel
from core.store.columns import to_iso_text
from core.store.ledger import Export

KINDS: Final = ("webhook", "nats", "mlflow")
"""What goes on sending, and says here what is wrong."""
_NO_END: Final = 2**63 - 1
"""The last seq of an export that goes on."""


class Ledger(Protocol):
    """As much of `core.store.ledger.Ledger` as is needed."""

    async def note(self, kind: str, target: str, *, seq_from: int, seq_to: int, options: Json | None = None) -> Export:
        """Enter an export, before anything of it leaves."""
        ...

    async def exports(self) -> list[Export]:
        """All of them, the oldest first."""
        ...

    async def describe(self, export: Export, options: Json) -> Export:
        """Note other options of an export."""
        ...

    async def erased_in(self, export: Export) -> list[str]:
        """The ids of the messages of which an export may hold what was erased."""
        ...

    async def settle(self, export: Export, messages: Sequence[str]) -> None:
        """What was erased of `messages` is erased in the export too."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a channel, besides how far it is."""

    entry: Export
    name: str
    error: str | None = None
    """Why the last event was not taken; None where it was."""
    since: str | None = None
    """When that began (ISO 8601)."""
    is_parked: bool = False
    """It is not tried again until somebody says so."""

    @property
    def has_trouble(self) -> bool:
        """Whether the last event was not taken."""
        return self.error is not None


async def standing_of(ledger: Ledger, channel: Channel) -> Standing:
    """That of a channel; it is entered into the ledger where it is new, or has another address."""
    for each in await standings(ledger):
        if each.name == channel.name and each.entry.target == channel.target:
            return each
    options = {"name": channel.name, "text": channel.words}
    entry = await ledger.note(channel.kind, channel.target, seq_from=1, seq_to=_NO_END, options=options)
    return Standing(entry, channel.name)


async def standings(ledger: Ledger) -> list[Standing]:
    """Those of all channels that ever were, the newest of each name first."""
    entries = [each for each in await ledger.exports() if each.kind in KINDS and "name" in each.options]
    return [_standing(each) for each in reversed(entries)]


async def in_trouble(ledger: Ledger, standing: Standing, error: str, *, at: datetime, parked: bool) -> Standing:
    """Note that an event was not taken."""
    since = standing.since or to_iso_text(at)
    return await _noted(ledger, replace(standing, error=error, since=since, is_parked=parked))


async def out_of_trouble(ledger: Ledger, standing: Standing) -> Standing:
    """Note that all is well again, or that it is to be tried again."""
    return await _noted(ledger, replace(standing, error=None, since=None, is_parked=False))


async def _noted(ledger: Ledger, standing: Standing) -> Standing:
    told: dict[str, Any] = {"error": standing.error, "since": standing.since, "parked": standing.is_parked or None}
    options = {**standing.entry.options, **told}
    options = {name: value for name, value in options.items() if value is not None}
    return replace(standing, entry=await ledger.describe(standing.entry, options))


def _standing(entry: Export) -> Standing:
    told = entry.options
    return Standing(entry, told["name"], told.get("error"), told.get("since"), bool(told.get("parked")))
