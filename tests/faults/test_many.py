"""Half a minute of `tests.faults.many`; the ten minutes are run by hand."""

from tests.faults.many import many


async def test_nothing_is_lost_when_processes_die(postgres_url, tmp_path):
    wrong, told = await many(0, postgres_url, tmp_path, seconds=30)

    assert wrong == [], told
