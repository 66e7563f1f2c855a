"""The counts of reports as a store answers them, over tables in memory; `sql_counts` is the same on a database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from core.feedback import SourceType
from core.messages import PlaceRef
from core.store import counts
from core.store.counting import Counting
from core.store.folded import FoldedTables


class FoldedCounts:
    """The part of a store that counts."""

    tables: FoldedTables

    async def tally(
        self,
        divisions: Sequence[counts.Division] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        platform: str | None = None,
        workspace: str | None = None,
        channel: PlaceRef | None = None,
    ) -> counts.Tally:
        """The replies with a timestamp in [`since`, `until`) of each part, and what people say of them."""
        prefix = counts.place_prefix(platform, workspace, channel)
        return Counting(self.tables, since, until, prefix).tally(divisions)

    async def dimension_counts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.DimensionCounts]:
        """How people scored the replies, by the name of the dimension."""
        return Counting(self.tables, since, until).dimensions()

    async def category_counts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.CategoryCounts]:
        """How many people said of how many replies which category, the most frequent first."""
        return Counting(self.tables, since, until).categories()

    async def source_counts(
        self, source_type: SourceType, since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.SourceCounts]:
        """What judges, or checks, said of the replies, by who said it under which name."""
        return Counting(self.tables, since, until).sources(source_type)

    async def ratings(self, since: datetime | None = None, until: datetime | None = None) -> list[counts.ReplyRatings]:
        """What was said by two people or more of one reply under one name."""
        return Counting(self.tables, since, until).ratings()

    async def disliked(self, since: datetime | None = None, until: datetime | None = None) -> list[counts.ReplyVotes]:
        """The replies that anyone is against, in the order of the log."""
        return Counting(self.tables, since, until).disliked()

    async def model_votes(
        self, models: Collection[str], since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.ModelVote]:
        """Each vote on a reply of these models, in the order in which they were given."""
        return Counting(self.tables, since, until).model_votes(models)

    async def streaming_figures(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[dict[str, Any]]:
        """How each reply streamed: the fields of `core.metering.Streaming`."""
        return Counting(self.tables, since, until).streaming()

    async def response_times(
        self, since: datetime | None = None, until: datetime | None = None, *, limit: int
    ) -> list[counts.ResponseTime]:
        """How long the newest replies of [`since`, `until`) took, so many at most, the newest first."""
        return Counting(self.tables, since, until).response_times(limit)
