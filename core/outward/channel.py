"""What takes events: a small protocol, and the two ways in which an event is not taken."""

from collections.abc import Collection
from typing import Protocol

from core.errors import PlauditError
from core.outward.events import Event


class NotTakenError(PlauditError):
    """The event did not arrive, or not for sure; it is to be sent again."""

    def __init__(self, message: str, *, retry_after: float = 0) -> None:
        """`retry_after`: the pause that the receiver asks for, in seconds."""
        super().__init__(message)
        self.retry_after = retry_after


class RefusedError(PlauditError):
    """The receiver does not want it, and will not the next time: somebody has to look."""


class Channel(Protocol):
    """Takes events, one after the other. `async with` opens and closes it."""

    @property
    def name(self) -> str:
        """What the reader of the log is called that feeds it: `webhook:NAME`, `nats:STREAM`."""
        ...

    @property
    def kind(self) -> str:
        """`webhook`, `nats`: what the ledger of exports calls it."""
        ...

    @property
    def target(self) -> str:
        """The address, without anything secret."""
        ...

    @property
    def types(self) -> Collection[str]:
        """The types of the records that it takes; empty: all."""
        ...

    @property
    def words(self) -> bool:
        """Whether it gets what people and the assistant wrote."""
        ...

    async def send(self, event: Event) -> None:
        """Deliver it. Raises NotTakenError or RefusedError; their text says what to do."""
        ...
