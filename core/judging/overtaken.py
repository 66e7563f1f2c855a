"""What became of messages below a reply of which the log does not know yet: some things are told out of order.

A message that Slack could not deliver comes again up to five minutes later, and one that was missed is kept some time
after it was seen; it may have been edited, deleted or taken back by then, and its platform has told so. It knows no
log; what a process before this one heard is not known here.
"""

from collections import OrderedDict
from dataclasses import replace
from typing import Final, TypeVar

from core.events import MessageDeleted, MessageEdited, MessageReceived
from core.messages import MessageRef, PersonRef

_REMEMBERED: Final = 1_000
"""Messages. Most of them are chatter that is never asked for."""

Remembered = TypeVar("Remembered")


class Overtaken:
    """Remembers the newest of what was told of unknown messages."""

    def __init__(self) -> None:
        self._edits: OrderedDict[MessageRef, MessageEdited] = OrderedDict()
        self._gone: OrderedDict[MessageRef, PersonRef | None] = OrderedDict()

    def edited(self, event: MessageEdited) -> None:
        """It reads otherwise."""
        before = self._edits.get(event.message)
        if before is None or before.at <= event.at:
            _remember(self._edits, event.message, event)

    def deleted(self, event: MessageDeleted) -> None:
        """It is gone."""
        _remember(self._gone, event.message, None)

    def taken_back(self, message: MessageRef, person: PersonRef) -> None:
        """If `person` wrote it, it is not to count."""
        if message not in self._gone:
            _remember(self._gone, message, person)

    def as_it_stands(self, event: MessageReceived) -> MessageReceived | None:
        """The message as it reads by what is known; None where it does not count any more."""
        if event.message in self._gone and self._gone[event.message] in (None, event.author.ref):
            return None
        edit = self._edits.get(event.message)
        if edit is None or edit.at < event.worded_at:
            return event
        return replace(event, text=edit.text, edited=True, seen_at=edit.at)


def _remember(known: OrderedDict[MessageRef, Remembered], message: MessageRef, what: Remembered) -> None:
    known[message] = what
    known.move_to_end(message)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)
