"""The schedules that others use, as their sources tell, each as a process of the virtual world.

They are given the best of it: after a 429 they wait as told and then send the newest text, where many lose the edit; a
stale text never overwrites a newer one; and each posts at the model's first token, but for those whose way it is not.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias

from tests.bench.virtual_buckets import Answer, Bucket
from tests.bench.virtual_world import CHARACTERS_PER_TOKEN, Process, Reply, World

BUFFER_TOKENS = 256 // CHARACTERS_PER_TOKEN
"""slack_sdk's `chat_stream` sends when 256 characters have come together."""


@dataclass
class Shared:
    """What the replies of one schedule share: the platform's bucket, the SDK's view of it, a timer."""

    world: World
    bucket: Bucket
    sdk_waits: bool = False
    """As discord.py: hold calls back while the last answer said `remaining: 0`, and return that last call late."""
    last_sent: float = -1e9
    free_at: float = 0.0

    def call(self, reply: Reply, tokens: int) -> Generator[float, None, Answer]:
        """Send the first `tokens` tokens; refused calls are the caller's to repeat."""
        if self.sdk_waits:
            while self.world.now < self.free_at:
                yield self.free_at - self.world.now
        half = reply.trip() / 2
        yield half
        answer = self.bucket.take(self.world.now)
        yield half
        if answer.retry_after is None:
            reply.show(tokens, self.world.now)
        elif self.sdk_waits:
            self.free_at = max(self.free_at, self.world.now + answer.retry_after)
        if self.sdk_waits and answer.budget is not None and answer.budget.remaining == 0:
            self.free_at = max(self.free_at, self.world.now + answer.budget.reset_after)
            yield answer.budget.reset_after
        return answer

    def until_shown(self, reply: Reply, tokens: Callable[[], int]) -> Process:
        """Send until the platform takes it, waiting as told."""
        while (answer := (yield from self.call(reply, tokens()))).retry_after is not None:
            yield answer.retry_after

    def post(self, reply: Reply, tokens: int | None = None) -> Process:
        """The first message, through a bucket of its own that has room."""
        tokens = tokens or reply.written(self.world.now)
        yield reply.trip()
        reply.show(tokens, self.world.now)


Schedule: TypeAlias = Callable[[Shared, Reply], Process]
"""Shows one reply, from the world's beginning to the last token."""


def _sleep_until(shared: Shared, moment: float) -> Process:
    if moment > shared.world.now:
        yield moment - shared.world.now


def every(seconds: float, *, one_timer: bool = False) -> Schedule:
    """An edit at the first token that comes `seconds` after the last one returned (of any reply, with `one_timer`).

    The newest token waits for the one after it, the final text for the timer, and the model's stream for each edit.
    """

    def schedule(shared: Shared, reply: Reply) -> Process:
        yield from _sleep_until(shared, reply.arrivals[min(1, len(reply.arrivals) - 1)])
        yield from shared.post(reply, reply.written(shared.world.now) - 1 or 1)
        last = shared.last_sent = shared.world.now
        for moment in sorted(set(reply.arrivals)):
            yield from _sleep_until(shared, moment)
            before = shared.last_sent if one_timer else last
            if shared.world.now - before >= seconds and shared.world.now < reply.end:
                yield from shared.until_shown(reply, lambda: reply.written(shared.world.now) - 1)
                last = shared.last_sent = shared.world.now
        yield from _sleep_until(shared, (shared.last_sent if one_timer else last) + seconds)
        yield from _finish(shared, reply)
        shared.last_sent = shared.world.now

    return schedule


def after_previous(seconds: float) -> Schedule:
    """A placeholder first; then an edit `seconds` after the previous one returned."""

    def schedule(shared: Shared, reply: Reply) -> Process:
        # The placeholder was posted while the model still read the question.
        yield from _sleep_until(shared, reply.arrivals[0])
        while shared.world.now < reply.end:
            yield from shared.until_shown(reply, lambda: reply.written(shared.world.now))
            yield seconds
        yield from _finish(shared, reply)

    return schedule


def every_tokens(tokens: int) -> Schedule:
    """Every `tokens` tokens an edit in a thread of its own, repeated as it was after a 429."""

    def schedule(shared: Shared, reply: Reply) -> Process:
        yield from _sleep_until(shared, reply.arrivals[0])
        shared.world.start(shared.post(reply))
        for count in range(tokens, len(reply.arrivals), tokens):
            yield from _sleep_until(shared, reply.arrivals[count - 1])
            shared.world.start(shared.until_shown(reply, lambda count=count: count))  # type: ignore[misc]
        yield from _sleep_until(shared, reply.end)
        yield from _finish(shared, reply)

    return schedule


def buffered(*, own_end: bool = False) -> Schedule:
    """256 characters together, sent while the model's stream waits; the first of them are the first text.

    With `own_end` the last piece goes through a bucket of its own, as `stopStream` does.
    """

    def schedule(shared: Shared, reply: Reply) -> Process:
        sent = 0
        for moment in sorted(set(reply.arrivals)):
            yield from _sleep_until(shared, moment)
            written = reply.written(shared.world.now)
            if written - sent >= BUFFER_TOKENS and sent:
                sent = written
                yield from shared.until_shown(reply, lambda sent=sent: sent)  # type: ignore[misc]
            elif written - sent >= BUFFER_TOKENS:
                sent = written
                yield from shared.post(reply)
        if own_end or not sent:
            yield from shared.post(reply)
        else:
            yield from _finish(shared, reply)

    return schedule


def whole(shared: Shared, reply: Reply) -> Process:
    """One message at the end, through a bucket of the same size: platforms limit posts as they do edits."""
    yield from _sleep_until(shared, reply.end)
    yield from _finish(shared, reply)


def _finish(shared: Shared, reply: Reply) -> Process:
    if len(reply.seen) < len(reply.arrivals):
        yield from shared.until_shown(reply, lambda: len(reply.arrivals))


OTHERS: dict[str, Schedule] = {
    "fixed 1.0 s, one timer": every(1.0, one_timer=True),
    "fixed 1.2 s": every(1.2),
    "0.5 s after the previous": after_previous(0.5),
    "every 20 tokens": every_tokens(20),
    "256 characters": buffered(),
    "whole, at the end": whole,
}
