"""The moments of what a platform gives no time for: what came later counts for later, whatever our clock does.

The clock of the machine may be set back between a vote and its withdrawal, and a process that starts anew, or another
one, may have another clock. So each act of a person on a reply is at its arrival, but never before what is known of
them already: a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014), kept for each of the two.
"""

from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from core.events import ButtonPressed, ReactionAdded, ReactionRemoved, ReactionsCleared
from core.ports import Store

Arrived: TypeAlias = ReactionAdded | ReactionRemoved | ReactionsCleared | ButtonPressed

_REMEMBERED: Final = 10_000
"""People on replies. Whoever is forgotten has done nothing there for long: what is in the log does for them."""
_BEFORE: Final = timedelta(microseconds=1)


class Arrivals:
    """Says when people did what."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._latest: OrderedDict[tuple[str, str], tuple[float, datetime]] = OrderedDict()

    async def moment(self, event: Arrived, person: str, reply_id: str, names: Collection[str]) -> datetime:
        """When `person` (`PersonRef.key`) did that to a reply; as the platform says, where it says so.

        `names`: of the assessments that it is about. Raises DatabaseUnavailableError.
        """
        if event.heard is None:
            return event.at
        said = await self._store.last_said(reply_id, person, names)
        heard, at = self._latest.get((person, reply_id), (event.heard, event.at))
        if heard > event.heard:
            return min(event.at, at - _BEFORE)  # it could not be kept at once, and something else overtook it
        moment = max(event.at, at, said or event.at)
        self._latest[person, reply_id] = (event.heard, moment)
        self._latest.move_to_end((person, reply_id))
        if len(self._latest) > _REMEMBERED:
            self._latest.popitem(last=False)
        return moment
