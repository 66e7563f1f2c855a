"""Words that are old are taken out of the log and the tables, and out of the files; the numbers stay."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import SystemClock
from core.records import Record
from core.store import retention as module
from core.store.database import open_store
from tests.contract.store_refolding import broken_off
from tests.contract.store_stories import (
    DISLIKE,
    LIKE,
    categorised,
    changed,
    commented,
    corrected,
    moment,
    replied,
    said,
    started,
    voted,
    withdrew,
)
from tests.contract.test_store_erasing import everything_in, numbers_of
from tests.contract.test_store_tables import rows_of

WORDS = "marzipan"
"""In everything that is old."""
OLD = moment(1_000)


class Then(SystemClock):
    """A clock by which all of the story is kept in its first minutes."""

    def now(self) -> datetime:
        return moment(500)


def story() -> list[Record]:
    return [
        started("c1"),
        said("m1", 1, content=f"What is {WORDS}?", author="slack:T1:U1"),
        replied("m2", 2, content=f"{WORDS} is sweet", question_id="m1", completion_tokens=3),
        changed("m1", 3, content=f"What was {WORDS}?"),
        voted("m2", "ann", LIKE, 4, rationale=WORDS, metadata={"emoji": "👍", "heard": WORDS}),
        commented("m2", "ann", f"no {WORDS}", 5),
        categorised("m2", "ann", "rude", 6),
        corrected("m2", "ann", f"Say {WORDS}", 7),
        voted("m2", "bob", 4, 8, name="user_accuracy", rationale=WORDS),
        voted("m2", "bob", DISLIKE, 9),
        withdrew("m2", "bob", DISLIKE, 10, metadata={"said": WORDS}),
    ]


@pytest.fixture
async def aged(database_url):
    """A store whose records are as old as they say."""
    async with open_store(database_url, clock=Then()) as store:
        yield store


async def test_old_words_are_gone_and_the_numbers_are_as_they_were(aged) -> None:
    filler = [said(f"f{number}", number, content=f"{WORDS} {number} " * 30, to="c2") for number in range(200)]
    await aged.append(*story()[:6], *filler, *story()[6:])
    before = await numbers_of(aged)

    count = await aged.retention().redact(OLD)
    await aged.retention().scrub()

    assert count == 8 + 200
    assert WORDS.encode() not in await everything_in(aged)
    assert await numbers_of(aged) == before
    assert [each.value for each in await aged.assessments("m2") if each.name == "user_category"] == ["rude"]
    assert (await aged.message("m1")).author == "slack:T1:U1"


async def test_what_is_young_stays(aged) -> None:
    young = [
        said("m7", 2_000, content="new"),
        changed("m2", 2_001, content="sweeter"),
        commented("m2", "bob", "hm", 2_002),
    ]
    await aged.append(*story())
    async with open_store(_url(aged)) as now:
        await now.append(*young)

    await aged.retention().redact(OLD)

    assert [each.content for each in await aged.history("c1", limit=9)] == ["", "sweeter", "new"]
    assert [each.value for each in await aged.assessments("m2") if each.name == "user_comment"] == ["", "hm"]


async def test_the_tables_are_still_what_the_log_says(aged) -> None:
    await aged.append(*story(), replied("m2", 11, content="told again", question_id="m1"))

    await aged.retention().redact(moment(4.5))

    assert await aged.check() == []


async def test_it_is_done_in_small_steps_and_taken_up_where_it_was_broken_off(aged, monkeypatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 50)
    await aged.append(*(said(f"m{number}", number, content=WORDS) for number in range(240)))
    broken = aged.retention()
    steps = 0

    async def write(work):
        nonlocal steps
        steps += 1
        if steps == 3:
            raise InterruptedError
        return await aged._database.write(work)

    broken._database = _Breaking(aged._database, write)
    with pytest.raises(InterruptedError):
        await broken.redact(OLD)
    done = await aged.retention().unscrubbed()

    rest = await aged.retention().redact(OLD)

    assert (done, rest) == (100, 140)
    assert await aged.retention().redact(OLD) == 0


class _Breaking:
    def __init__(self, database, write) -> None:
        self.read, self.touch, self.write = database.read, database.touch, write


async def test_again_there_is_nothing_to_do_until_something_gets_old(aged) -> None:
    await aged.append(*story())
    await aged.retention().redact(moment(4.5))
    before = await rows_of(aged)

    again = await aged.retention().redact(moment(4.5))

    assert again == 0
    assert await rows_of(aged) == before
    assert await aged.retention().redact(OLD) == 4


async def test_what_is_kept_late_of_long_ago_is_old_too(database_url) -> None:
    async with open_store(database_url) as store:
        now = datetime.now(UTC)
        await store.append(replace(said("m1", content="new"), at=now))
        await store.append(said("m2", 2, content=WORDS), replace(said("m3", content="newer"), at=now))

        await store.retention().redact(now - timedelta(days=1))

        assert [each.content for each in await store.history("c1", limit=9)] == ["new", "", "newer"]


async def test_tables_that_are_folded_anew_do_not_bring_the_words_back(aged) -> None:
    await aged.append(*story())
    await broken_off(aged, at=1)

    await aged.retention().redact(OLD)
    await aged.retention().scrub()
    await aged.rebuild()

    assert WORDS.encode() not in await everything_in(aged)


async def test_files_are_scrubbed_once_a_day(aged) -> None:
    scrubs = []

    async with aged.leases() as leases:
        for number in range(2):
            await aged.append(said(f"m{number}", number, content=WORDS))
            await aged.retention().redact_and_scrub(OLD, leases)
            scrubs.append(await aged.retention().unscrubbed() == 0)

    assert scrubs == [True, False]


def _url(store) -> str:
    database = store._database
    return str(getattr(database, "path", "")) or database._url.render_as_string(hide_password=False)
