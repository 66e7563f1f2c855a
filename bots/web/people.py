"""Who it is that asks or judges over HTTP: one of the people of whoever holds the key."""

from typing import Final

from bots.web.access import Caller
from bots.web.platform import PLATFORM
from core.messages import Person, PersonRef

ANONYMOUS: Final = "anonymous"


def person_of(caller: Caller, user_id: str | None, session_id: str | None = None) -> Person:
    """The person whom the caller speaks for: by their id, or else as far as a session tells them from others."""
    id_ = user_id or (f"session-{session_id}" if session_id else ANONYMOUS)
    return Person(PersonRef(PLATFORM, caller.name, id_), name=id_)
