"""One writer for many: what queues together is committed together, and everyone gets their own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from core.errors import DatabaseUnavailableError
from core.store.envelope import Entry, entry
from core.store.writer import LARGEST_GROUP, GroupWriter
from tests.contract.store_stories import said


class Commits:
    """A database that takes its time, and refuses the records it was told to."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.refused: set[str] = set()
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, entries: Sequence[Entry]) -> list[bool]:
        await self.gate.wait()
        names = [each.record.data["id"] for each in entries]
        if self.away:
            raise DatabaseUnavailableError("The database is away.")
        if self.refused.intersection(names):
            raise ValueError(f"refused {names}")
        self.groups.append(names)
        return [True] * len(names)


def message(name: str) -> Entry:
    return entry(said(name))


async def appended(writer: GroupWriter, *names: str) -> asyncio.Task[list[bool]]:
    task = asyncio.create_task(writer.append([message(name) for name in names]))
    await asyncio.sleep(0)
    return task


async def test_what_queues_during_a_commit_goes_into_the_next_together_and_in_order() -> None:
    commits = Commits()
    async with GroupWriter(commits) as writer:
        commits.gate.clear()
        first = await appended(writer, "a")
        await asyncio.sleep(0)
        rest = [await appended(writer, "b", "c"), await appended(writer, "d")]
        commits.gate.set()

        answers = await asyncio.gather(first, *rest)

    assert commits.groups == [["a"], ["b", "c", "d"]]
    assert answers == [[True], [True, True], [True]]


async def test_a_group_has_a_size_and_a_call_is_never_torn() -> None:
    commits = Commits()
    commits.gate.clear()
    async with GroupWriter(commits) as writer:
        first = await appended(writer, "a")
        await asyncio.sleep(0)
        most = [f"m{number}" for number in range(LARGEST_GROUP - 2)]
        rest = [await appended(writer, *names) for names in (most, ["x", "y", "z"], ["last"])]
        commits.gate.set()
        await asyncio.gather(first, *rest)

    assert [len(group) for group in commits.groups] == [1, LARGEST_GROUP - 2, 4]


async def test_a_refused_record_fails_its_own_caller_and_the_others_are_kept() -> None:
    commits = Commits()
    commits.refused = {"bad"}
    async with GroupWriter(commits) as writer:
        calls = [await appended(writer, "a"), await appended(writer, "b", "bad"), await appended(writer, "c")]
        answers = await asyncio.gather(*calls, return_exceptions=True)

    assert answers[0] == answers[2] == [True]
    assert isinstance(answers[1], ValueError)
    assert commits.groups == [["a"], ["c"]]


async def test_a_database_that_is_away_fails_those_who_wait_and_the_next_call_tries_anew() -> None:
    commits = Commits()
    commits.away = True
    async with GroupWriter(commits) as writer:
        calls = [await appended(writer, "a"), await appended(writer, "b")]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        commits.away = False

        after = await writer.append([message("c")])

    assert [type(answer) for answer in answers] == [DatabaseUnavailableError] * 2
    assert answers[0] is not answers[1]
    assert after == [True]
    assert commits.groups == [["c"]]


async def test_leaving_waits_until_everything_is_committed() -> None:
    commits = Commits()
    commits.gate.clear()
    async with GroupWriter(commits) as writer:
        calls = [await appended(writer, name) for name in "abc"]
        asyncio.get_running_loop().call_later(0.01, commits.gate.set)

    assert [call.result() for call in calls] == [[True]] * 3
    assert sorted(name for group in commits.groups for name in group) == ["a", "b", "c"]


async def test_a_closed_writer_says_so() -> None:
    async with GroupWriter(Commits()) as writer:
        pass

    with pytest.raises(DatabaseUnavailableError, match="closed"):
        await writer.append([message("a")])


async def test_whoever_stops_waiting_leaves_the_record_to_be_kept() -> None:
    commits = Commits()
    commits.gate.clear()
    async with GroupWriter(commits) as writer:
        impatient, patient = await appended(writer, "a"), await appended(writer, "b")
        impatient.cancel()
        commits.gate.set()

        assert await patient == [True]

    assert sorted(name for group in commits.groups for name in group) == ["a", "b"]


async def test_when_the_writer_is_cancelled_nobody_waits_for_ever() -> None:
    commits = Commits()
    commits.gate.clear()
    writer = await GroupWriter(commits).__aenter__()
    calls = [await appended(writer, name) for name in "ab"]
    writer._task.cancel()

    answers = await asyncio.gather(*calls, writer._task, return_exceptions=True)

    assert [type(answer) for answer in answers] == [asyncio.CancelledError] * 3
