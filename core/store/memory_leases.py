"""The leases' twin in memory, for one process: every lease is ours, every turn that waits an orphan."""

from collections.abc import Sequence
from dataclasses import replace

from core.messages import MessageRef
from core.ports import PendingTurn


class MemoryLeases:
    """Keeps what `core.ports.Leases` keeps for as long as it lives."""

    def __init__(self) -> None:
        self.turns: dict[str, PendingTurn] = {}
        self.claims: set[str] = set()

    async def take(self, name: str) -> bool:
        """Whether this process may be at `name`: always."""
        del name
        return True

    async def sure(self, name: str) -> None:
        """Nobody else is at anything."""

    async def give_back(self, name: str) -> None:
        """Nothing to do."""

    async def join(self, name: str) -> None:
        """Nobody has to know."""

    async def leave(self, name: str) -> None:
        """Nobody has to know."""

    async def others(self, name: str) -> bool:
        """Whether another process has joined `name`: there is none."""
        del name
        return False

    async def claim(self, name: str, *, seconds: float = 0.0) -> bool:
        """Whether nobody has claimed `name`. Time does not pass here."""
        del seconds
        is_first = name not in self.claims
        self.claims.add(name)
        return is_first

    async def prolong(self, name: str, seconds: float) -> None:
        """Let the claim on `name` end, unless it is to last."""
        if seconds <= 0:
            self.claims.discard(name)

    async def begin(self, turn: PendingTurn) -> bool:
        """Let a turn wait. False where it waits already."""
        is_new = turn.reply_id not in self.turns
        self.turns.setdefault(turn.reply_id, turn)
        return is_new

    async def shows(self, reply_id: str, parts: Sequence[MessageRef]) -> None:
        """Note what shows of an answer in the making."""
        if reply_id in self.turns:
            self.turns[reply_id] = replace(self.turns[reply_id], parts=tuple(parts))

    async def end(self, reply_id: str) -> None:
        """The turn is over."""
        self.turns.pop(reply_id, None)

    async def waiting(self, conversation_id: str) -> list[PendingTurn]:
        """The turns of a conversation that are not over, in their order."""
        return [each for each in self.turns.values() if each.conversation_id == conversation_id]

    async def showing(self, channel: str) -> list[PendingTurn]:
        """The turns whose answers show, or will, in a channel or thread of this id."""
        return [each for each in self.turns.values() if channel in (each.place.channel, each.place.thread)]

    async def orphans(self) -> list[PendingTurn]:
        """All turns that are not over."""
        return list(self.turns.values())
