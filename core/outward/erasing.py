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


class _Hub:
    """Sets on the Hub: a shard is never changed, and what was deleted stays in a repository's history."""

    async def erase(self, target: str, options: Json, messages: Collection[str]) -> None:
        """Raises PlauditError: that everything is made anew is the operator's decision."""
        kind, repo = options.get("kind", "KIND"), options.get("repo", "USER/REPO")
        raise PlauditError(
            f"{len(messages)} messages of it were erased. `plaudit export {kind} --push {repo} --anew` makes the set "
            f"anew and takes what was there out of the history, too; or delete {target}, and say so: "
            "`plaudit export settle`."
        )


ERASERS: Final[Mapping[str, Eraser]] = {"webhook": _Receivers(), "nats": _Receivers(), "push": _Hub()}
"""By the kind of the export."""
