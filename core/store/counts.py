"""The counts behind reports, as plain values, and how the parts that they are divided into are called."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from core.feedback import USER_CATEGORY, USER_COMMENT, USER_FEEDBACK, USER_RATING
from core.messages import PlaceRef

Part: TypeAlias = tuple[str, ...]
"""The name of a part in each of the divisions that it comes from."""


class Division(StrEnum):
    """What replies, or those who judged them, can be divided by."""

    PLATFORM = "platform"
    CHANNEL = "channel"
    MODEL = "model"
    DAY = "day"
    """The replies', in UTC: 2026-01-31."""
    SEGMENT = "segment"
    """What the raters are called in the policy (`user` where it says nothing)."""


@dataclass(frozen=True, slots=True)
class PartCounts:
    """The replies of one part, and how many of them people judged by now."""

    part: Part
    replies: int
    judged: int
    """Those that at least one person (of the segment) has judged or commented on."""


@dataclass(frozen=True, slots=True)
class PersonVotes:
    """One person's votes on the replies of one part; on each reply a person has one."""

    part: Part
    person: str
    by_asker: bool
    """On the replies to their own questions; else to those of others."""
    positive: int
    negative: int


@dataclass(frozen=True, slots=True)
class Tally:
    """The replies of a span of time, divided or not, and what people said of them by now."""

    parts: tuple[PartCounts, ...]
    """In the order of their names; undivided, one that is called `()`."""
    votes: tuple[PersonVotes, ...]
    """Of those people who voted."""


@dataclass(frozen=True, slots=True)
class ReplyVotes:
    """How many people stand behind a reply, and how many against it; each person counts once."""

    message_id: str
    positive: int
    negative: int


@dataclass(frozen=True, slots=True)
class ModelVote:
    """One person's vote on a reply, and which model gave it."""

    model: str
    person: str
    at: datetime
    positive: bool


@dataclass(frozen=True, slots=True)
class ReplyRatings:
    """What several people said of one reply under one name."""

    name: str
    """`user_feedback`, where the values are 0 and 1; else a score's."""
    people: dict[float, int]
    """How many of them said which value."""


@dataclass(frozen=True, slots=True)
class DimensionCounts:
    """How people scored the replies of a span of time in one dimension."""

    name: str
    """Without `user_`."""
    mean: float
    """1 to 5: the mean over people of each one's mean, so that nobody counts more for scoring more."""
    people: int


@dataclass(frozen=True, slots=True)
class CategoryCounts:
    """How often a category was said of the replies of a span of time."""

    name: str
    people: int
    replies: int


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one judge, or one check, said of the replies of a span of time under one name. Nobody's vote."""

    source: str
    """The judge's model, or the check with its version."""
    name: str
    replies: int
    mean: float
    """Where it says yes or no: the share of yes."""
    mean_square: float
    is_share: bool
    """It says yes or no."""


@dataclass(frozen=True, slots=True)
class ResponseTime:
    """How long an answer took, in seconds from when its turn had come; None where it is not known."""

    first_token: float | None
    whole: float | None


NO_DIMENSIONS: Final = frozenset({USER_FEEDBACK, USER_COMMENT, USER_CATEGORY})
"""Names that begin as the dimensions' do. The score by emoji, `user_rating`, stands among them as one more."""
SCORED: Final = frozenset({USER_FEEDBACK, USER_RATING})
"""Names under which several people's numbers are compared, beside the dimensions'."""
_CHANNEL: Final = 3
"""Parts of a place's key up to the channel."""


def place_prefix(platform: str | None, workspace: str | None, channel: PlaceRef | None) -> str:
    """How the keys of the places in a channel, a workspace or a platform begin; the narrowest of them decides.

    Raises ValueError for a workspace without its platform.
    """
    if channel is not None:
        return f"{channel.platform}:{channel.workspace}:{channel.channel}:"
    if workspace is not None and platform is None:
        raise ValueError("A workspace is one of a platform's: name the platform too.")
    return "".join(f"{each}:" for each in (platform, workspace) if each is not None)


def name_of(division: Division, value: Any) -> str:
    """The name of the part in which `value` is: a place's key or its beginning, a model's id, a day, a segment."""
    if division is Division.SEGMENT:
        return value or "user"
    if not value:
        return ""
    if division in {Division.MODEL, Division.DAY}:
        return str(value)
    return ":".join(value.split(":")[: _CHANNEL if division is Division.CHANNEL else 1])


class Tallying:
    """Adds counts up by the names of their parts."""

    def __init__(self, divisions: Sequence[Division]) -> None:
        self._divisions = divisions
        # What divides the raters does not divide the replies: every segment could have judged every reply.
        self._of_replies = [place for place, each in enumerate(divisions) if each is not Division.SEGMENT]
        self._parts: dict[tuple[Any, ...], Part] = {}
        self._replies: Counter[Part] = Counter()
        self._judged: Counter[Part] = Counter()
        self._votes: dict[Part, dict[tuple[str, bool], list[int]]] = defaultdict(dict)

    def replies(self, values: Iterable[Any], number: int = 1) -> None:
        """Replies of the part in which these values are; segments may be anything."""
        self._replies[self._reply_part(self._part(values))] += number

    def judged(self, values: Iterable[Any], number: int = 1) -> None:
        """Replies that people judged."""
        self._judged[self._part(values)] += number

    def votes(self, values: Iterable[Any], person: str, *, by_asker: bool, positive: int, negative: int) -> None:
        """Votes of one person; none of both is nothing."""
        if positive or negative:
            sums = self._votes[self._part(values)].setdefault((person, by_asker), [0, 0])
            sums[0] += positive
            sums[1] += negative

    def tally(self) -> Tally:
        """All that was told."""
        undivided = len(self._of_replies) == len(self._divisions)
        names = ({self._reply_part(part) for part in self._judged} | set(self._replies)) if undivided else self._judged
        if not self._divisions:
            names = {()}
        parts = (PartCounts(part, self._replies[self._reply_part(part)], self._judged[part]) for part in sorted(names))
        votes = [
            PersonVotes(part, *who, *sums)
            for part, people in sorted(self._votes.items())
            for who, sums in sorted(people.items())
        ]
        return Tally(tuple(parts), tuple(votes))

    def _part(self, values: Iterable[Any]) -> Part:
        told = tuple(values)
        part = self._parts.get(told)
        if part is None:
            named = zip(self._divisions, told, strict=True)
            part = self._parts[told] = tuple([name_of(division, value) for division, value in named])
        return part

    def _reply_part(self, part: Part) -> Part:
        return tuple([part[place] for place in self._of_replies])
