"""A few of the races of `tests.faults.races`; the many are run by hand."""

import pytest

from tests.faults.races import race


@pytest.mark.long
@pytest.mark.parametrize("platform", ["slack", "discord"])
@pytest.mark.parametrize("seed", range(3))
async def test_whatever_goes_wrong_people_see_the_whole_answer_once(seed, platform):
    assert await race(seed, platform, most_words=2_000) == []
