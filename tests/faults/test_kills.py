"""A dozen of the deaths of `tests.faults.kills`; the hundreds are run by hand."""

from tests.faults.kills import kills


async def test_a_log_on_sqlite_survives_any_death(tmp_path):
    wrong, told = await kills(0, tmp_path, deaths=12)

    assert wrong == [], told
