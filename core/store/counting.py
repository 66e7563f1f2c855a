"""The counts of reports over tables in memory: what `report`, `grouping` and `scoring` do in SQL."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from statistics import fmean
from typing import Any

from core.feedback import BEST_SCORE, USER_CATEGORY, USER_FEEDBACK, SourceType
from core.messages import Role
from core.store.changes import Row
from core.store.columns import to_utc
from core.store.counts import (
    NO_DIMENSIONS,
    SCORED,
    CategoryCounts,
    DimensionCounts,
    Division,
    ModelVote,
    ReplyRatings,
    ReplyVotes,
    ResponseTime,
    SourceCounts,
    Tally,
    Tallying,
)
from core.store.folded import FoldedTables
from core.store.timing import response_time


class Counting:
    """The replies of a span of time in places whose keys begin alike, and what people say of them by now."""

    def __init__(
        self, tables: FoldedTables, since: datetime | None, until: datetime | None, place_prefix: str = ""
    ) -> None:
        self._tables = tables
        since, until = since and to_utc(since), until and to_utc(until)
        self._replies = [
            row
            for row in tables.messages.values()
            if row["role"] == Role.ASSISTANT
            and (since is None or row["timestamp"] >= since)
            and (until is None or row["timestamp"] < until)
            and self._place(row).startswith(place_prefix)
        ]

    def tally(self, divisions: Sequence[Division]) -> Tally:
        """The counts of each part."""
        tallying = Tallying(divisions)
        for reply in self._replies:
            opinions = self._by_people(reply["id"])
            parts = [tuple(self._value(each, reply, row) for each in divisions) for row in opinions]
            tallying.replies([self._value(each, reply, {}) for each in divisions])
            for part in {str(each): each for each in parts}.values():
                tallying.judged(part)
            for part, row in zip(parts, opinions, strict=True):
                likes = _likes(row)
                by_asker = row["details"].get("by_asker") is True
                tallying.votes(
                    part, row["source_id"], by_asker=by_asker, positive=likes is True, negative=likes is False
                )
        return tallying.tally()

    def dimensions(self) -> list[DimensionCounts]:
        """How people scored the replies, by the name of the dimension."""
        scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in self._opinions():
            if _is_score(row) and row["name"] not in NO_DIMENSIONS:
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

    def sources(self, source_type: SourceType) -> list[SourceCounts]:
        """What judges, or checks, said, by who said it under which name."""
        said: dict[tuple[str, str, bool], list[float]] = defaultdict(list)
        for reply in self._replies:
            for row in self._by(source_type, reply["id"]):
                if row["number"] is not None:
                    said[row["source_id"], row["name"], isinstance(row["value"], bool)].append(row["number"])
        return [
            SourceCounts(
                source, name, len(numbers), fmean(numbers), fmean(each * each for each in numbers), is_share=is_share
            )
            for (source, name, is_share), numbers in sorted(said.items())
        ]

    def ratings(self) -> list[ReplyRatings]:
        """What was said by two people or more of one reply under one name."""
        said: dict[tuple[str, str], Counter[float]] = defaultdict(Counter)
        for row in self._opinions():
            if row["number"] is not None and (row["name"] in SCORED or _is_score(row)):
                said[row["name"], row["message_id"]][row["number"]] += 1
        return [ReplyRatings(name, dict(people)) for (name, _), people in sorted(said.items()) if people.total() > 1]

    def disliked(self) -> list[ReplyVotes]:
        """The replies that anyone is against."""
        votes = (self._votes(reply["id"]) for reply in sorted(self._replies, key=itemgetter("seq")))
        return [each for each in votes if each.negative]

    def model_votes(self, models: Collection[str]) -> list[ModelVote]:
        """Each vote on a reply of these models, in the order in which they were given."""
        votes = [
            ModelVote(model, row["source_id"], row["at"], positive=likes)
            for reply in self._replies
            if (model := self._value(Division.MODEL, reply, {})) and model in models
            for row in self._by_people(reply["id"])
            if (likes := _likes(row)) is not None
        ]
        return sorted(votes, key=lambda each: (each.at, each.person))

    def streaming(self) -> list[dict[str, Any]]:
        """How each reply streamed, where that is known."""
        return [row["streaming"] for row in sorted(self._replies, key=itemgetter("seq")) if row["streaming"]]

    def response_times(self, limit: int) -> list[ResponseTime]:
        """How long the newest replies took, the newest first."""
        timed = [row for row in self._replies if row["started_at"] is not None]
        newest = sorted(timed, key=itemgetter("timestamp", "seq"), reverse=True)[:limit]
        return [response_time(row["started_at"], row["first_token_at"], row["ended_at"]) for row in newest]

    def _opinions(self) -> Iterator[Row]:
        for reply in self._replies:
            yield from self._by_people(reply["id"])

    def _by_people(self, message_id: str) -> list[Row]:
        return self._by(SourceType.HUMAN, message_id)

    def _by(self, source: SourceType, message_id: str) -> list[Row]:
        rows = self._tables.assessments[message_id].values()
        return [row for row in rows if row["current"] and row["kind"] == "feedback" and row["source_type"] == source]

    def _votes(self, message_id: str) -> ReplyVotes:
        votes = Counter(_likes(row) for row in self._by_people(message_id))
        return ReplyVotes(message_id, votes[True], votes[False])

    def _value(self, division: Division, reply: Row, opinion: Row) -> Any:
        if division is Division.SEGMENT:
            return opinion.get("details", {}).get("segment")
        if division is Division.DAY:
            return f"{reply['timestamp']:%Y-%m-%d}"
        if division is not Division.MODEL:
            return self._place(reply)
        conversation = self._tables.conversations.get(reply["conversation_id"])
        return reply["model_id"] or (conversation and conversation["model"].get("id"))

    def _place(self, reply: Row) -> str:
        conversation = self._tables.conversations.get(reply["conversation_id"])
        return "" if conversation is None else str(conversation["place"])


def _likes(row: Row) -> bool | None:
    """Whether it is a vote for a reply; None where it is no vote."""
    if row["name"] != USER_FEEDBACK or row["number"] is None:
        return None
    return bool(row["number"] >= 0.5)  # noqa: PLR2004 - between False and True


def _is_score(row: Row) -> bool:
    is_number = row["number"] is not None and row["value"] is not True and 1 <= row["number"] <= BEST_SCORE
    return is_number and row["name"].startswith("user_")
