"""A minute of `tests.faults.soak`, half on each database; the ten minutes are run by hand."""

import pytest

from tests.faults.databases import trouble
from tests.faults.soak import soak


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_nothing_is_lost_when_everything_goes_wrong_at_once(kind, tmp_path):
    with trouble(kind, tmp_path) as database:
        # Discord does not say when an emoji was put or taken off. A vote that is taken back after the clock was set
        # back seems older than itself, and stands in the log: known, not mended, and left to the long run to show.
        soaked = await soak(0, database, tmp_path, seconds=25, places=3, people=40, pause=0.25, pace=1.5, clock=False)

    assert soaked.reckoning.wrong == [], "\n".join(soaked.told())
    assert soaked.reckoning.whole > 0
    assert soaked.injected["kills"] > 0
