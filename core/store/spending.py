"""What people and channels have spent of their day's budget: counted here, not in the log, and gone in two days."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from functools import partial

from sqlalchemy import Connection, text

from core.budgets import Spent
from core.pseudonyms import Pseudonyms
from core.store.engine import Database

_ADD = text(
    "INSERT INTO spending (who, day, turns, tokens) VALUES (:who, :day, :turns, :tokens) "
    "ON CONFLICT (who, day) DO UPDATE SET turns = spending.turns + excluded.turns, "
    "tokens = spending.tokens + excluded.tokens RETURNING turns, tokens"
)
_FORGET = text("DELETE FROM spending WHERE day < :day")
_KEPT = timedelta(days=2)


class SqlSpending:
    """Counts in the database that all processes share."""

    def __init__(self, database: Database, pseudonyms: Callable[[], Awaitable[Pseudonyms]]) -> None:
        self._database = database
        self._pseudonyms = pseudonyms
        self._today: date | None = None

    async def spend(self, day: date, who: Mapping[str, Spent]) -> Mapping[str, Spent]:
        """Add to what each has spent; see the port. With each new day, what is two days old is forgotten."""
        is_new, self._today = self._today != day, day
        return await self._database.write(partial(_spend, day=day, who=who, forget=is_new))

    async def name_of(self, person: str) -> str:
        """The person's pseudonym."""
        return (await self._pseudonyms()).of(person)


def _spend(connection: Connection, day: date, who: Mapping[str, Spent], *, forget: bool) -> dict[str, Spent]:
    if forget:
        connection.execute(_FORGET, {"day": (day - _KEPT).isoformat()})
    found = {}
    for name in sorted(who):  # always in one order, so that two processes never wait for each other
        given = {"who": name, "day": day.isoformat(), "turns": who[name].turns, "tokens": who[name].tokens}
        turns, tokens = connection.execute(_ADD, given).one()
        found[name] = Spent(int(turns), int(tokens))
    return found
