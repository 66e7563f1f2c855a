"""The counts of reports on a database, as it is now. What they come to is `core.insight`'s."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from core.messages import PlaceRef
from core.store import counts, grouping, report
from core.store.columns import to_utc
from core.store.engine import Database, Result


class SqlCounts:
    """The part of the store that counts. Every method raises as the store's do."""

    _database: Database

    async def report_counts(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        platform: str | None = None,
        workspace: str | None = None,
        channel: PlaceRef | None = None,
    ) -> counts.ReportCounts:
        """The replies with a timestamp in [`since`, `until`), and what people say of them now.

        Only those that were given on a platform, in a workspace, in a channel and its threads, where one is named.
        """
        place = counts.place_prefix(platform, workspace, channel)
        return await self._counted(partial(report.report_counts, place=place), since, until)

    async def counts_by(
        self, division: counts.Division, since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.GroupCounts]:
        """The same for each part of a division, by name."""
        return await self._counted(partial(grouping.counts_by, division=division), since, until)

    async def dimension_counts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.DimensionCounts]:
        """How people scored the replies, by the name of the dimension."""
        return await self._counted(grouping.dimension_counts, since, until)

    async def category_counts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[counts.CategoryCounts]:
        """How many people said of how many replies which category, the most frequent first."""
        return await self._counted(grouping.category_counts, since, until)

    async def streaming_figures(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[dict[str, Any]]:
        """How each reply with a timestamp in [`since`, `until`) streamed: the fields of `core.metering.Streaming`."""
        return await self._counted(report.streaming_figures, since, until)

    async def _counted(self, count: Callable[..., Result], since: datetime | None, until: datetime | None) -> Result:
        since, until = since and to_utc(since), until and to_utc(until)
        return await self._database.read(partial(count, since=since, until=until))
