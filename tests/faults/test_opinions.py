"""A few of the runs of `tests.faults.opinions`; the many are run by hand."""

import pytest

from tests.faults.opinions import opinions


@pytest.mark.long
@pytest.mark.parametrize("platform", ["slack", "discord"])
@pytest.mark.parametrize("seed", range(2))
async def test_no_opinion_is_lost_while_the_bot_is_killed_and_cut_off(seed, platform, database_url, tmp_path):
    assert await opinions(seed, platform, database_url, tmp_path) == []
