"""The counts of reports on a database, as it is now. What they come to is `core.insight`'s."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from core.feedback import SourceType
from core.messages import PlaceRef
from core.store import counts, grouping, report, scoring, timing
from core.store.columns import to_utc
from core.store.engine import Database, Result


class SqlCounts:
    """The part of the store that counts. Every method raises as the store's do."""

    _database: Database

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
        """The replies with a timestamp in [`since`, `until`) of each part, and what people say of them now.

        Only those that were given on a platform, in a workspace, in a channel and its threads, where one is named.
        """
        place = counts.place_prefix(platform, workspace, channel)
        return await self._counted(partial(grouping.tally, divisions=divisions, place=place), since, until)

    async def dimension_counts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.DimensionCounts]:
        """How people scored the replies, by the name of the dimension."""
        return await self._counted(scoring.dimension_counts, since, until)

    async def category_counts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.CategoryCounts]:
        """How many people said of how many replies which category, the most frequent first."""
        return await self._counted(scoring.category_counts, since, until)

    async def source_counts(
        self, source_type: SourceType, since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.SourceCounts]:
        """What judges, or checks, said of the replies, by who said it under which name."""
        return await self._counted(partial(scoring.source_counts, source_type=source_type), since, until)

    async def ratings(self, since: datetime | None = None, until: datetime | None = None) -> list[counts.ReplyRatings]:
        """What was said by two people or more of one reply under one name."""
        return await self._counted(scoring.ratings, since, until)

    async def disliked(self, since: datetime | None = None, until: datetime | None = None) -> list[counts.ReplyVotes]:
        """The replies that anyone is against, in the order of the log."""
        return await self._counted(report.disliked, since, until)

    async def model_votes(
        self, models: Collection[str], since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.ModelVote]:
        """Each vote on a reply of these models, in the order in which they were given."""
        return await self._counted(partial(report.model_votes, models=models), since, until)

    async def streaming_figures(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[dict[str, Any]]:
        """How each reply with a timestamp in [`since`, `until`) streamed: the fields of `core.metering.Streaming`."""
        return await self._counted(report.streaming_figures, since, until)

    async def response_times(
        self, since: datetime | None = None, until: datetime | None = None, *, limit: int
    ) -> list[counts.ResponseTime]:
        """How long the newest replies of [`since`, `until`) took, so many at most, the newest first."""
        return await self._counted(partial(timing.response_times, limit=limit), since, until)

    async def _counted(self, count: Callable[..., Result], since: datetime | None, until: datetime | None) -> Result:
        since, until = since and to_utc(since), until and to_utc(until)
        return await self._database.read(partial(count, since=since, until=until))
