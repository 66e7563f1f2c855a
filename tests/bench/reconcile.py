"""What it costs to compare 10,000 replies and their 50,000 reactions with what a platform shows, in virtual time.

The log is a real one on SQLite, the events found go through the real assistant; the platform is computed from numbers,
holds nothing, and counts its calls against the limit that live calls share.
"""

import asyncio
import gc
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.assistant import Assistant, Options
from core.errors import MessageGoneError, RateLimitedError
from core.events import MessageReceived
from core.feedback import SourceType, Value, canonical_emoji
from core.judging.opinions import reaction_origin
from core.language_models.scripted import ScriptedModel, words
from core.live import LiveReplies
from core.messages import MessageRef, Person, PersonRef, PlaceRef, Role
from core.policy import DEFAULT
from core.ports import Limits, Rate, Reaction, Shown, Tally
from core.reconciling import Reconciling
from core.records import AddMessage, LogFeedback, Payload, Record, StartConversation, envelop
from core.store.database import open_store
from core.store.sql import SqlStore
from tests.unit.fakes import FakePlatform

REPLIES = 10_000
CHANNELS = 20
NOW = datetime(2026, 1, 4, tzinfo=UTC)
START = NOW - timedelta(days=2.9)
STEP = timedelta(days=2.8) / REPLIES
EMOJI = ("👍", "👍", "👎", "4️⃣", "🤥")
PEOPLE = 997
BATCH = 2_000
PAGE = 100
LIVE_EVERY = 6.0
"""Seconds between two live calls on the very limit that looking uses."""
ROUND_TRIP = 0.1
MEGABYTE = 1 << 20


@dataclass(slots=True)
class VirtualTime:
    """A clock that only sleeping moves."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclass(slots=True)
class Limit:
    """A sliding window that looks and live calls share."""

    rate: Rate
    time: VirtualTime
    taken: deque[float] = field(default_factory=deque)
    next_live: float = 0.0
    live: int = 0
    live_refused: int = 0
    looks: int = 0
    looks_refused: int = 0
    busiest: int = 0
    """Looks in one window."""
    looked: deque[float] = field(default_factory=deque)

    def look(self) -> None:
        self._live_until(self.time.seconds)
        if not self._take(self.time.seconds):
            self.looks_refused += 1
            raise RateLimitedError(1.0)
        self.looks += 1
        self.looked.append(self.time.seconds)
        while self.looked[0] <= self.time.seconds - self.rate.window:
            self.looked.popleft()
        self.busiest = max(self.busiest, len(self.looked))

    def _live_until(self, now: float) -> None:
        while self.next_live <= now:
            self.live += 1
            self.live_refused += not self._take(self.next_live)
            self.next_live += LIVE_EVERY

    def _take(self, now: float) -> bool:
        while self.taken and self.taken[0] <= now - self.rate.window:
            self.taken.popleft()
        if len(self.taken) >= self.rate.calls:
            return False
        self.taken.append(now)
        return True


class Numbers(FakePlatform):
    """A platform whose past is computed: reply `i` answers question `i`, in a thread of its own or in a channel."""

    name = "chat"

    def __init__(self, limit: Limit, *, in_threads: bool) -> None:
        super().__init__(length=2000)
        self.limits = Limits(message_length=2000, edits=Rate(50, 60.0), looks=limit.rate)
        self.limit = limit
        self.in_threads = in_threads
        self.calls: Counter[str] = Counter()
        self.megabytes: list[float] = []

    def place(self, i: int) -> PlaceRef:
        if self.in_threads:
            return PlaceRef("chat", "w", "room", f"{i:05}")
        return PlaceRef("chat", "w", f"c{i % CHANNELS}")

    def ref(self, i: int, kind: str) -> MessageRef:
        return MessageRef("chat", "w", self.place(i).channel, f"{kind}{i:05}")

    async def messages_since(self, place, since, limit):
        return []

    async def shown_in(self, place, since, until, in_turn):
        within = [i for i in self._indices(place) if since <= asked_at(i) and (until is None or asked_at(i) < until)]

        async def page():
            self._count("pages")

        for start in range(0, max(1, len(within)), PAGE // 2):
            await in_turn(page)
            yield [each for i in within[start : start + PAGE // 2] for each in self._shown(i)]

    async def reactions_on(self, message, in_turn, tallies=None):
        i = int(message.id[1:])

        async def ask():
            self._count("people")
            if message.id.startswith("q") and is_deleted(i):
                raise MessageGoneError("gone")

        for _ in tallies or (None,):  # a call for each emoji, as Discord wants it
            await in_turn(ask)
        return reactions(i) if message.id.startswith("r") else []

    def _indices(self, place: PlaceRef) -> range:
        return (
            range(int(place.thread), int(place.thread) + 1)
            if place.thread
            else range(int(place.channel[1:]), REPLIES, CHANNELS)
        )

    def _shown(self, i: int) -> Iterator[Shown]:
        if not is_deleted(i):
            yield Shown(self.ref(i, "q"), self._question(i))
        by_emoji: dict[str, list[Reaction]] = {}
        for each in reactions(i):
            by_emoji.setdefault(each.emoji, []).append(each)
        yield Shown(
            self.ref(i, "r"),
            None,
            tuple(
                Tally(emoji, len(them), tuple(them) if self.in_threads else None) for emoji, them in by_emoji.items()
            ),
        )

    def _question(self, i: int) -> MessageReceived:
        return MessageReceived(
            event_id=f"q{i}",
            at=asked_at(i),
            message=self.ref(i, "q"),
            place=self.place(i),
            author=Person(person(i), "Ada"),
            text=f"Question {i}",
            addressed=True,
            found_later=True,
        )

    def _count(self, kind: str) -> None:
        self.limit.time.seconds += ROUND_TRIP
        self.limit.look()
        self.calls[kind] += 1
        if sum(self.calls.values()) % 100 == 0:
            self.megabytes.append(resident())


def asked_at(i: int) -> datetime:
    return START + i * STEP


def person(i: int) -> PersonRef:
    return PersonRef("chat", "w", f"p{i % PEOPLE}")


def is_deleted(i: int) -> bool:
    """The question was deleted while nobody listened."""
    return i % 500 == 3


def voters(i: int) -> list[tuple[PersonRef, str]]:
    """The votes that the log has."""
    return [(person(5 * i + number), emoji) for number, emoji in enumerate(EMOJI)]


def reactions(i: int) -> list[Reaction]:
    """What stands on reply `i`: one in a hundred lost a vote meanwhile, one in a hundred won another."""
    votes = voters(i)[i % 100 == 0 :] + ([(PersonRef("chat", "w", "new"), "👎")] if i % 100 == 1 else [])
    return [Reaction(who, emoji) for who, emoji in votes]


def records(i: int, platform: Numbers) -> Iterator[Record]:
    """The log of one question, its answer and what people think of it."""
    conversation, question, reply = f"c{i:05}", f"question{i:05}", f"reply{i:05}"
    asked, done = asked_at(i), asked_at(i) + timedelta(seconds=2)

    def record(payload: Payload, at: datetime, key: str, message: str | None = None) -> Record:
        return envelop(
            payload,
            environment="bench",
            at=at,
            where=platform.place(i),
            key=f"{i}:{key}",
            conversation_id=conversation,
            message_id=message,
        )

    yield record(
        StartConversation(
            id=conversation,
            model={"id": "m", "metadata": {}},
            username="Ada",
            place=platform.place(i).key,
            lasting=platform.in_threads,
        ),
        asked,
        "start",
    )
    yield record(
        AddMessage(
            id=question,
            conversation_id=conversation,
            role=Role.USER.value,
            content=f"Question {i}",
            timestamp=asked.isoformat(),
            author=person(i).key,
            parts=[platform.ref(i, "q").key],
        ),
        asked,
        "question",
        question,
    )
    yield record(
        AddMessage(
            id=reply,
            conversation_id=conversation,
            role=Role.ASSISTANT.value,
            content="An answer that is as long as answers are. " * 20,
            timestamp=done.isoformat(),
            parts=[platform.ref(i, "r").key],
            question_id=question,
        ),
        done,
        "reply",
        reply,
    )
    for number, (who, emoji) in enumerate(voters(i)):
        name = canonical_emoji(emoji)
        meaning = DEFAULT.emoji[name]
        value: Value = meaning.value
        payload = LogFeedback(
            id=reply,
            conversation_id=conversation,
            assessment_id=f"a{i:05}-{number}",
            name=meaning.name,
            value=value,
            source_type=SourceType.HUMAN.value,
            source_id=who.key,
            origin=reaction_origin(platform.ref(i, "r"), name),
        )
        yield record(payload, done + timedelta(seconds=1 + number), f"vote{number}", reply)


async def fill(store: SqlStore, platform: Numbers) -> None:
    """Write the log."""
    batch: list[Record] = []
    for i in range(REPLIES):
        batch += records(i, platform)
        if len(batch) >= BATCH:
            await store.append(*batch)
            batch.clear()
    if batch:
        await store.append(*batch)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look cost."""

    name: str
    calls: Counter[str]
    minutes: float
    share: float
    """Of what the platform allows in the time of the whole look."""
    busiest: float
    """The same in its busiest window."""
    live: int
    live_refused: int
    megabytes: float
    found: int
    again: int | None
    """Events that a second look found, where there was one."""


async def measure(name: str, rate: Rate, *, in_threads: bool, was_away: bool, twice: bool = False) -> Outcome:
    """Build the state, look once with everything counted, and perhaps `twice`."""
    time = VirtualTime()
    limit = Limit(rate, time)
    platform = Numbers(limit, in_threads=in_threads)
    with tempfile.TemporaryDirectory() as directory:
        async with open_store(f"sqlite:///{Path(directory, 'log.db')}", clock=time) as store:
            await fill(store, platform)
            model = ScriptedModel(lambda _: words("No."))
            async with Assistant(store=store, model=model, clock=time, options=Options()) as assistant:
                looking = Reconciling(
                    store=store, live=LiveReplies(), clock=time, handle=assistant.handle, sleep=time.sleep
                )
                gc.collect()
                before = resident()
                found = await looking.look_back(platform, None, was_away=was_away)
                outcome = Outcome(
                    name,
                    platform.calls.copy(),
                    time.seconds / 60,
                    limit.looks / (rate.calls * time.seconds / rate.window),
                    limit.busiest / rate.calls,
                    limit.live,
                    limit.live_refused,
                    max(platform.megabytes) - before,
                    found,
                    await looking.look_back(platform, None, was_away=was_away) if twice else None,
                )
    return outcome


def resident() -> float:
    """The memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / MEGABYTE


def table(outcomes: list[Outcome]) -> Table:
    """All outcomes, a row each."""
    shown = Table(title=f"{REPLIES:,} replies, {REPLIES * len(EMOJI):,} reactions")
    names = ("place", "pages", "people", "hours", "share", "busiest", "live calls", "refused", "MB", "found", "again")
    for column in names:
        shown.add_column(column, justify="left" if column == "place" else "right")
    for each in outcomes:
        shown.add_row(
            each.name,
            f"{each.calls['pages']:,}",
            f"{each.calls['people']:,}",
            f"{each.minutes / 60:.1f}",
            f"{each.share:.1%}",
            f"{each.busiest:.0%}",
            f"{each.live:,}",
            str(each.live_refused),
            f"{each.megabytes:.1f}",
            str(each.found),
            "–" if each.again is None else str(each.again),
        )
    return shown


async def figures() -> dict[str, float]:
    """Measure both kinds of platform, print the table, and give the worst of all."""
    outcomes = [
        await measure("a thread each, after a loss", Rate(50, 60.0), in_threads=True, was_away=True),
        await measure(f"{CHANNELS} channels, by timer", Rate(50, 10.0), in_threads=False, was_away=False, twice=True),
        await measure(f"{CHANNELS} channels, after a loss", Rate(50, 10.0), in_threads=False, was_away=True),
    ]
    Console(width=120).print(table(outcomes))
    return {
        "reconcile_budget_share": round(max(each.share for each in outcomes), 4),
        "reconcile_mb_growth": round(max(each.megabytes for each in outcomes), 2),
        "reconcile_live_calls_refused": float(sum(each.live_refused for each in outcomes)),
    }


def main() -> dict[str, float]:
    """Run, print, and give the figures."""
    return asyncio.run(figures())


if __name__ == "__main__":
    print(main())
