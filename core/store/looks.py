"""Which looks for what went unheard did not end, so that the next one begins where the first of them did.

A process may die while it looks. By then people were answered again in some places, so that it cannot be seen from the
log how far back there is something to be found.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, select

from core.messages import Role
from core.store import consumers
from core.store.columns import to_utc
from core.store.tables import MessageRow, table

_NAME: Final = ".looking:"
"""Of the reader that stands for a look; the platform follows. Its `seq` is a moment, in microseconds since 1970."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_m = table(MessageRow).c
# By the key, which begins with the time.
_newest = (
    select(_m.timestamp)
    .where(_m.role == Role.USER.value, _m.author.like(bindparam("platform")))
    .order_by(_m.id.desc())
    .limit(1)
)


def begin(connection: Connection, platform: str, now: datetime) -> datetime:
    """Note that a look begins, unless one began before and has not ended: from when on something may be unheard.

    By the platform's own clock: that of the newest question. `now`: where nobody has asked anything.
    """
    name = f"{_NAME}{platform}"
    begun = consumers.position(connection, name)
    if begun is not None:
        return _EPOCH + begun * _MICROSECOND
    asked: datetime | None = connection.execute(_newest, {"platform": f"{platform}:%"}).scalar()
    since = to_utc(asked or now)
    consumers.move(connection, name, (since - _EPOCH) // _MICROSECOND)
    return since


def end(connection: Connection, platform: str, since: datetime) -> None:
    """A look that began with `since` has ended; one that began earlier may not have."""
    name = f"{_NAME}{platform}"
    begun = consumers.position(connection, name)
    if begun is not None and begun >= (since - _EPOCH) // _MICROSECOND:
        consumers.remove(connection, name)
