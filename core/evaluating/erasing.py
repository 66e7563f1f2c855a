"""What becomes of an erasure at the endpoints that were asked: nothing can be taken back there, and that is said."""

from collections.abc import Collection, Mapping
from typing import Final

from core.errors import PlauditError
from core.messages import Json


class AskedEndpoint:
    """An `Eraser` (`core.forgetting`) of what a model was asked in an evaluation, or by a judging."""

    async def erase(self, target: str, options: Json, messages: Collection[str]) -> None:
        """Raises PlauditError: an endpoint has no way to be told. What it answered is erased with the log."""
        del options, messages
        raise PlauditError(
            f"{target} may have been asked about what was erased, and may keep what it was asked: ask whoever runs it, "
            "then `plaudit export settle`. Its answers here are erased."
        )


ERASERS: Final[Mapping[str, AskedEndpoint]] = {"evaluation": AskedEndpoint(), "judge": AskedEndpoint()}
