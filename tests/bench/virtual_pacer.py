"""Our own schedule in the virtual world: `core.pacing.Pacer` between the replies and a bucket.

As on Discord and Slack, a reply is posted at its first token through a bucket of its own that has room, and can be
edited once the post has returned.
"""

from core.pacing import Pacer
from tests.bench.virtual_buckets import Bucket
from tests.bench.virtual_world import CHARACTERS_PER_TOKEN, Process, Reply, World


class Paced:
    """Shows replies by calls on `bucket`, when `pacer` says so."""

    def __init__(
        self, world: World, bucket: Bucket, pacer: Pacer, *, sdk_waits: bool = False, own_end: bool = False
    ) -> None:
        """`sdk_waits`: as discord.py, return late from the call that empties the bucket.

        `own_end`: the last piece goes through a bucket of its own, as `stopStream` does.
        """
        self.world, self.bucket, self.pacer = world, bucket, pacer
        self.sdk_waits, self.own_end = sdk_waits, own_end
        self.replies: dict[int, Reply] = {}
        self.calls = 0
        self._flying: set[int] = set()
        self._alarm = float("inf")

    def show(self, reply: Reply) -> Process:
        """One reply, from the world's beginning to its last token."""
        number = len(self.replies)
        self.replies[number] = reply
        if reply.arrivals[0] > self.world.now:
            yield reply.arrivals[0] - self.world.now
        written = reply.written(self.world.now)
        yield reply.trip()
        reply.show(written, self.world.now)
        self.pacer.open(number, self.world.now, shown=True)
        while True:
            now = self.world.now
            self.pacer.wrote(number, (reply.written(now) - written) * CHARACTERS_PER_TOKEN, now)
            written = reply.written(now)
            if now >= reply.end:
                break
            self._pump()
            yield reply.arrivals[written] - now
        if len(reply.seen) == len(reply.arrivals):
            self.pacer.close(number)
        elif self.own_end:
            self.pacer.close(number)
            while number in self._flying:  # what ends a stream must not overtake its last piece
                yield reply.round_trip / 20
            yield reply.trip()
            reply.show(written, self.world.now)
        else:
            self.pacer.finished(number, self.world.now)
        self._pump()

    def _pump(self) -> None:
        now = self.world.now
        while (turn := self.pacer.next(now)) is not None:
            if turn.at > now:
                if not now < self._alarm <= turn.at:
                    self._alarm = turn.at
                    self.world.at(turn.at, self._pump)
                return
            assert isinstance(turn.stream, int)
            self.pacer.began(turn.stream, now)
            self.world.start(self._call(turn.stream))

    def _call(self, number: int) -> Process:
        reply = self.replies[number]
        tokens, last = reply.written(self.world.now), self.world.now >= reply.end
        self.calls += 1
        self._flying.add(number)
        half = reply.trip() / 2
        yield half
        answer = self.bucket.take(self.world.now)
        yield half
        self._flying.discard(number)
        if answer.retry_after is not None:
            self.pacer.refused(number, self.world.now, answer.retry_after)
        else:
            reply.show(tokens, self.world.now)
            if self.sdk_waits and answer.budget is not None and answer.budget.remaining == 0:
                yield answer.budget.reset_after
            self.pacer.ended(number, self.world.now, answer.budget)
            if last:
                self.pacer.close(number)
        self._pump()
