"""The counts behind reports, as plain values, and how the parts that they are divided into are called."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from core.feedback import USER_CATEGORY, USER_COMMENT, USER_FEEDBACK, USER_RATING
from core.messages import PlaceRef


@dataclass(frozen=True, slots=True)
class ReplyVotes:
    """How many people stand behind a reply, and how many against it; each person counts once."""

    message_id: str
    positive: int
    negative: int


@dataclass(frozen=True, slots=True)
class ReportCounts:
    """The replies of a span of time and what people said of them by now."""

    total_traces: int
    """Replies of the assistant."""
    traces_with_feedback: int
    """Those of them that at least one person has judged or commented on."""
    votes: tuple[ReplyVotes, ...]
    """Those of them that have a `user_feedback`, in the order of the log."""


class Division(StrEnum):
    """What replies, or those who judged them, can be divided by."""

    PLATFORM = "platform"
    CHANNEL = "channel"
    MODEL = "model"
    SEGMENT = "segment"
    """What the raters are called in the policy (`user` where it says nothing)."""


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """The replies of one part of a division, and what people said of them by now."""

    name: str
    """A platform; `platform:workspace:channel`; a model's id; a segment."""
    replies: int
    judged: int
    """Those that at least one person (of the segment) has judged or commented on."""
    positive: int
    """People's votes for a reply."""
    negative: int


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


NO_DIMENSIONS: Final = frozenset({USER_FEEDBACK, USER_COMMENT, USER_CATEGORY, USER_RATING})
"""Names that begin as the dimensions' do."""
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
    """The name of the part in which `value` is: a place's key, a model as the log has it, or a segment."""
    if division is Division.SEGMENT:
        return value or "user"
    if not value:
        return ""
    if division is Division.MODEL:
        return str(value["id"])
    return ":".join(value.split(":")[: _CHANNEL if division is Division.CHANNEL else 1])


def added(groups: Iterable[GroupCounts]) -> list[GroupCounts]:
    """Groups of one name added up, by name."""
    sums: dict[str, GroupCounts] = {}
    for each in groups:
        there = sums.get(each.name, GroupCounts(each.name, 0, 0, 0, 0))
        counts = (getattr(there, name) + getattr(each, name) for name in ("replies", "judged", "positive", "negative"))
        sums[each.name] = GroupCounts(each.name, *counts)
    return sorted(sums.values(), key=attrgetter("name"))
