"""A conversation's history, walked into the one it branched from. Where messages are kept is not known here."""

from collections.abc import Sequence
from typing import Protocol

from core.errors import NotFoundError
from core.messages import Message


class MessageSource(Protocol):
    """Where the walk finds messages."""

    def place_of(self, message_id: str) -> tuple[str, int] | None:
        """The conversation that a message is in, and its seq there."""
        ...

    def branched_from(self, conversation_id: str) -> str | None:
        """The message, in another conversation, whose history this one shares."""
        ...

    def newest(self, conversation_id: str, *, limit: int, up_to: int | None) -> Sequence[Message]:
        """The newest messages of one conversation that are not deleted and not after seq `up_to`, newest first."""
        ...


def walk(source: MessageSource, conversation_id: str, *, limit: int, up_to: str | None) -> list[Message]:
    """The newest `limit` messages, oldest first; none after the message `up_to`.

    Raises NotFoundError where there is no message `up_to` in the conversation or in those it branched from.
    """
    if limit <= 0:
        return []
    found: list[Message] = []
    last = None if up_to is None else source.place_of(up_to)
    if up_to is not None and last is None:
        raise _not_in(conversation_id, up_to)
    here: str | None = conversation_id
    bound: int | None = None
    visited = set()
    while here is not None and here not in visited and len(found) < limit:
        visited.add(here)
        if last is not None and here == last[0]:
            bound = last[1] if bound is None else min(bound, last[1])
            last = None
        if last is None:
            found.extend(source.newest(here, limit=limit - len(found), up_to=bound))
        branch = source.branched_from(here)
        here, bound = (branch and source.place_of(branch)) or (None, None)
    if last is not None:
        raise _not_in(conversation_id, up_to)
    return found[::-1]


def _not_in(conversation_id: str, message_id: str | None) -> NotFoundError:
    return NotFoundError(f"There is no message {message_id} in the conversation {conversation_id}.")
