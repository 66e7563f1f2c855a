"""A dozen of the deaths of `tests.faults.kills`; the hundreds are run by hand."""

import pytest

from tests.faults.kills import kills


@pytest.mark.long
async def test_a_log_on_sqlite_survives_any_death(tmp_path):
    wrong, told = await kills(0, tmp_path, deaths=12)

    assert wrong == [], told
