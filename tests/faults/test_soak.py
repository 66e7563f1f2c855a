"""A minute of `tests.faults.soak`, half on each database; the ten minutes are run by hand."""

import pytest

from tests.faults.databases import trouble
from tests.faults.soak import soak


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_nothing_is_lost_when_everything_goes_wrong_at_once(kind, tmp_path):
    with trouble(kind, tmp_path) as database:
        soaked = await soak(0, database, tmp_path, seconds=25, places=3, people=40, pause=0.25, pace=1.5)

    assert soaked.reckoning.wrong == [], "\n".join(soaked.told())
    assert soaked.reckoning.whole > 0
    assert soaked.injected["kills"] > 0
