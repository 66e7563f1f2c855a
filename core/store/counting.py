"""The counts of reports over tables in memory: what `report` and `grouping` do in SQL."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter
from statistics import fmean
from typing import Any

from core.feedback import BEST_SCORE, USER_CATEGORY, USER_FEEDBACK, SourceType
from core.messages import PlaceRef, Role
from core.store.changes import Row
from core.store.columns import to_utc
from core.store.counts import (
    NO_DIMENSIONS,
    CategoryCounts,
    DimensionCounts,
    Division,
    GroupCounts,
    ReplyVotes,
    ReportCounts,
    added,
    name_of,
    place_prefix,
)
from core.store.folded import FoldedTables


class Counting:
    """The replies of a span of time, and what people say of them by now."""

    def __init__(self, tables: FoldedTables, since: datetime | None, until: datetime | None) -> None:
        self._tables = tables
        since, until = since and to_utc(since), until and to_utc(until)
        self._replies = [
            row
            for row in tables.messages.values()
            if row["role"] == Role.ASSISTANT
            and (since is None or row["timestamp"] >= since)
            and (until is None or row["timestamp"] < until)
        ]

    def report(self, platform: str | None, workspace: str | None, channel: PlaceRef | None) -> ReportCounts:
        """The counts of one place, or of all."""
        prefix = place_prefix(platform, workspace, channel)
        replies = [row["id"] for row in self._replies if self._place(row).startswith(prefix)]
        judged = {reply: rows for reply in replies if (rows := self._by_people(reply))}
        votes = [_votes(reply, rows) for reply, rows in judged.items()]
        counted = tuple(each for each in votes if each.positive or each.negative)
        return ReportCounts(len(replies), len(judged), counted)

    def by(self, division: Division) -> list[GroupCounts]:
        """The counts of each part of a division, by name."""
        if division is not Division.SEGMENT:
            return added(
                _group(name_of(division, self._part(division, row)), self._by_people(row["id"]))
                for row in self._replies
            )
        parts = added(group for row in self._replies for group in self._segments(row["id"]))
        total = len(self._replies)
        return [GroupCounts(each.name, total, each.judged, each.positive, each.negative) for each in parts]

    def dimensions(self) -> list[DimensionCounts]:
        """How people scored the replies, by the name of the dimension."""
        scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in self._opinions():
            is_score = row["number"] is not None and row["value"] is not True and 1 <= row["number"] <= BEST_SCORE
            if is_score and row["name"].startswith("user_") and row["name"] not in NO_DIMENSIONS:
                scores[row["name"].removeprefix("user_")][row["source_id"]].append(row["number"])
        return [
            DimensionCounts(name, fmean(fmean(each) for each in people.values()), len(people))
            for name, people in sorted(scores.items())
        ]

    def categories(self) -> list[CategoryCounts]:
        """How many people said of how many replies which category, the most frequent first."""
        said: dict[str, list[Row]] = defaultdict(list)
        for row in self._opinions():
            if row["name"] == USER_CATEGORY:
                said[str(row["value"])].append(row)
        counts = [
            CategoryCounts(name, len({row["source_id"] for row in rows}), len({row["message_id"] for row in rows}))
            for name, rows in said.items()
        ]
        return sorted(counts, key=lambda each: (-each.people, -each.replies, each.name))

    def streaming(self) -> list[dict[str, Any]]:
        """How each reply streamed, where that is known."""
        return [row["streaming"] for row in sorted(self._replies, key=itemgetter("seq")) if row["streaming"]]

    def _opinions(self) -> Iterator[Row]:
        for reply in self._replies:
            yield from self._by_people(reply["id"])

    def _by_people(self, message_id: str) -> list[Row]:
        rows = self._tables.assessments[message_id].values()
        human = SourceType.HUMAN
        return [row for row in rows if row["current"] and row["kind"] == "feedback" and row["source_type"] == human]

    def _segments(self, message_id: str) -> Iterator[GroupCounts]:
        by_segment: dict[str, list[Row]] = defaultdict(list)
        for row in self._by_people(message_id):
            by_segment[name_of(Division.SEGMENT, row["details"].get("segment"))].append(row)
        return (_group(name, rows) for name, rows in by_segment.items())

    def _part(self, division: Division, reply: Row) -> object:
        if division is not Division.MODEL:
            return self._place(reply)
        conversation = self._tables.conversations.get(reply["conversation_id"])
        return reply["model"] or (conversation and conversation["model"])

    def _place(self, reply: Row) -> str:
        conversation = self._tables.conversations.get(reply["conversation_id"])
        return "" if conversation is None else str(conversation["place"])


def _votes(message_id: str, rows: list[Row]) -> ReplyVotes:
    numbers = [row["number"] for row in rows if row["name"] == USER_FEEDBACK and row["number"] is not None]
    positive = sum(number >= 0.5 for number in numbers)  # noqa: PLR2004 - between False and True
    return ReplyVotes(message_id, positive, len(numbers) - positive)


def _group(name: str, rows: list[Row]) -> GroupCounts:
    votes = _votes("", rows)
    return GroupCounts(name, 1, int(bool(rows)), votes.positive, votes.negative)
