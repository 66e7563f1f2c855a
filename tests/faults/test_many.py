"""A minute of `tests.faults.many`; the ten minutes are run by hand."""

import pytest

from tests.faults.many import many


@pytest.mark.long
async def test_nothing_is_lost_when_processes_die(postgres_url, tmp_path):
    wrong, told = await many(0, postgres_url, tmp_path, seconds=60)

    assert wrong == [], told
