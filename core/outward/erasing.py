"""How what was erased leaves the places that records went to."""

from collections.abc import Collection, Mapping
from typing import Final

from core.errors import PlauditError
from core.forgetting import Eraser
from core.messages import Json


class _Receivers:
    """Those of webhooks and streams: the event of the erasure names what they are to delete."""

    async def erase(self, target: str, options: Json, messages: Collection[str]) -> None:  # noqa: ARG002 - the port's
        """Raises PlauditError: only whoever feeds them may send, and in order."""
        raise PlauditError(
            f"The receiver is told of {len(messages)} messages to delete by the next events: by the bot that runs, or "
            "by `plaudit webhooks send --once`."
        )


ERASERS: Final[Mapping[str, Eraser]] = {"webhook": _Receivers(), "nats": _Receivers()}
"""By the kind of the export."""
