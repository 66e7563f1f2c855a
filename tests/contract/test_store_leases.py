"""Who is at what: one suite over the leases in memory, on SQLite and on Postgres."""

import asyncio

import pytest
from sqlalchemy import text

from core.messages import MessageRef, PlaceRef
from core.ports import PendingTurn, conversation_lease
from core.store import leases as sql_leases
from core.store.database import connected, open_store
from core.store.leases import SqlLeases
from core.store.memory_leases import MemoryLeases

PARTS = (MessageRef("slack", "T1", "C1", "1.000001"), MessageRef("slack", "T1", "C1", "1.000002"))


def turn(reply="r1", *, conversation="c1", channel="C1", thread="1.0", **more):
    return PendingTurn(reply, conversation, f"question of {reply}", PlaceRef("slack", "T1", channel, thread), **more)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def leases(request):
    if request.param == "memory":
        yield MemoryLeases()
        return
    async with open_store(request.getfixturevalue(f"{request.param}_url")) as store, store.leases() as made:
        yield made


@pytest.fixture
async def two(postgres_url):
    """Two processes, as far as leases can tell."""
    async with connected(postgres_url) as database, SqlLeases(database) as one, SqlLeases(database) as other:
        yield one, other


async def test_a_turn_waits_until_it_is_over(leases):
    retry = turn("r2", retry_of="r1", name="Ev2", parts=PARTS)

    assert await leases.begin(turn())
    assert await leases.begin(retry)
    assert await leases.waiting("c1") == [turn(), retry]

    await leases.end("r1")

    assert await leases.waiting("c1") == [retry]
    assert await leases.waiting("another") == []


async def test_a_turn_that_waits_already_is_not_begun_again(leases):
    await leases.begin(turn(parts=PARTS))

    assert not await leases.begin(turn())
    assert await leases.waiting("c1") == [turn(parts=PARTS)]


async def test_what_shows_of_an_answer_is_noted(leases):
    await leases.begin(turn())

    await leases.shows("r1", PARTS)
    await leases.shows("a turn that is over", PARTS)

    assert await leases.waiting("c1") == [turn(parts=PARTS)]


async def test_turns_are_found_by_the_channel_or_the_thread_that_their_answers_show_in(leases):
    in_thread = turn("r2", conversation="c2", channel="10", thread="11")
    direct = turn("r3", conversation="c3", channel="D1", thread="")
    for each in (turn(), in_thread, direct):
        await leases.begin(each)

    found = {channel: await leases.showing(channel) for channel in ("C1", "10", "11", "D1", "1", "C", "T1", "")}

    assert {channel: turns for channel, turns in found.items() if channel and turns} == {
        "C1": [turn()],
        "10": [in_thread],
        "11": [in_thread],
        "D1": [direct],
    }


async def test_what_is_claimed_is_claimed_once(leases):
    assert await leases.claim("help:1")
    assert not await leases.claim("help:1")
    assert await leases.claim("help:2")


async def test_whoever_has_a_lease_may_take_it_again(leases):
    assert await leases.take("timers")
    assert await leases.take("timers")
    await leases.give_back("timers")
    assert await leases.take("timers")


async def test_the_turns_that_a_process_left_are_orphans_in_their_order(leases):
    for each in (turn("r1"), turn("r2", conversation="c2"), turn("r3")):
        await leases.begin(each)

    assert await leases.orphans() == [turn("r1"), turn("r2", conversation="c2"), turn("r3")]


async def test_a_lease_is_one_processs(two):
    one, other = two
    await one.begin(turn())

    assert await one.take(conversation_lease("c1"))
    assert not await other.take(conversation_lease("c1"))
    assert await other.take(conversation_lease("c2"))
    assert await other.orphans() == []

    await one.give_back(conversation_lease("c1"))

    assert await other.orphans() == [turn()]
    assert await other.take(conversation_lease("c1"))
    assert not await one.take(conversation_lease("c1"))


async def test_of_many_that_want_a_lease_at_once_one_gets_it(two):
    one, other = two

    taken = await asyncio.gather(*(each.take(f"l{i}") for i in range(20) for each in (one, other)))
    claimed = await asyncio.gather(*(each.claim(f"l{i}") for i in range(20) for each in (one, other, one)))

    assert sum(taken) == 20
    assert sum(claimed) == 20


async def test_a_lease_that_is_given_back_and_taken_at_once_stays_taken(two):
    one, other = two
    for _ in range(30):
        await one.take("c1")

        giving = asyncio.create_task(one.give_back("c1"))
        await asyncio.sleep(0)
        assert await one.take("c1")
        await giving

        assert not await other.take("c1")


async def test_leaving_gives_everything_back(two, postgres_url):
    _, other = two
    async with connected(postgres_url) as database, SqlLeases(database) as third:
        await third.take("c1")
        assert not await other.take("c1")

    assert await other.take("c1")


async def test_those_who_joined_know_of_each_other_while_they_are_there(two):
    one, other = two
    await one.join("answers:slack")
    assert not await one.others("answers:slack")

    await other.join("answers:slack")
    await other.join("answers:slack")
    assert await one.others("answers:slack")
    assert await other.others("answers:slack")
    assert not await one.others("answers:discord")

    await other.leave("answers:slack")
    assert not await one.others("answers:slack")


async def test_a_process_that_has_died_is_not_among_those_who_joined(two, monkeypatch):
    monkeypatch.setattr(sql_leases, "LIFE", 0.2)
    one, other = two
    other._ending.set()  # its heart stands still
    await other.join("answers:slack")
    await asyncio.sleep(0.3)

    assert not await one.others("answers:slack")


async def test_a_lease_is_renewed_while_its_process_lives_and_runs_out_after(postgres_url, monkeypatch):
    monkeypatch.setattr(sql_leases, "LIFE", 1.0)
    monkeypatch.setattr(sql_leases, "BEAT", 0.1)
    async with connected(postgres_url) as database:
        living, dead, other = (SqlLeases(database) for _ in range(3))
        async with living:
            await living.take("renewed")
            await dead.take("not renewed")

            assert not await other.take("renewed")
            assert not await other.take("not renewed")
            await asyncio.sleep(1.3)

            assert not await other.take("renewed")
            assert await other.take("not renewed")


async def test_whoever_lost_a_lease_hears_of_it_and_may_not_act_as_if_it_had_it(postgres_url, monkeypatch):
    monkeypatch.setattr(sql_leases, "BEAT", 0.05)
    async with connected(postgres_url) as database, SqlLeases(database) as one, SqlLeases(database) as other:
        lost = asyncio.Event()
        one.on_lost = lambda name: lost.set() if name == "c1" else None
        await one.take("c1")
        await database.touch(lambda connection: connection.execute(text("UPDATE leases SET until = 0")))
        assert await other.take("c1")

        await asyncio.wait_for(lost.wait(), 5)

        assert not await one.take("c1")


async def test_whoever_was_held_up_is_sure_again_when_its_lease_is_renewed(two, monkeypatch):
    monkeypatch.setattr(sql_leases, "BEAT", 0.05)
    one, _ = two
    await one.take("c1")
    one._held["c1"] = asyncio.get_running_loop().time()

    waiting = asyncio.create_task(one.sure("c1"))
    await asyncio.sleep(0)

    assert not waiting.done()
    await asyncio.wait_for(waiting, 5)


async def test_whoever_lost_a_lease_while_it_was_held_up_is_never_sure_of_it(two, monkeypatch):
    monkeypatch.setattr(sql_leases, "BEAT", 0.05)
    one, other = two
    lost = asyncio.Event()
    one.on_lost = lambda _: lost.set()
    await one.take("c1")
    one._held["c1"] = asyncio.get_running_loop().time()
    await one._database.touch(lambda connection: connection.execute(text("UPDATE leases SET until = 0")))
    assert await other.take("c1")

    waiting = asyncio.create_task(one.sure("c1"))
    await asyncio.wait_for(lost.wait(), 5)
    await asyncio.sleep(0.2)

    assert not waiting.done()
    waiting.cancel()


async def test_a_lease_outlives_a_database_that_is_silent_for_a_moment_but_not_for_longer(two, monkeypatch):
    for name, seconds in {"LIFE": 1.2, "BEAT": 0.05, "_SLACK": 0.2}.items():
        monkeypatch.setattr(sql_leases, name, seconds)
    one, _ = two
    lost = asyncio.Event()
    one.on_lost = lambda _: lost.set()
    await one.take("c1")
    began = asyncio.get_running_loop().time()

    async def silent(*_, **__):
        await asyncio.Event().wait()

    monkeypatch.setattr(one, "_do", silent)
    await asyncio.wait_for(lost.wait(), 5)

    assert asyncio.get_running_loop().time() - began > 0.9


async def test_who_is_alone_knows_of_no_others(leases):
    await leases.join("answers:slack")

    assert not await leases.others("answers:slack")


async def test_who_is_alone_is_always_sure(leases):
    await leases.take("c1")

    await asyncio.wait_for(leases.sure("c1"), 5)


async def test_on_sqlite_a_process_is_alone(sqlite_url):
    async with open_store(sqlite_url) as store, store.leases() as one, store.leases() as other:
        await one.begin(turn())

        assert await one.take("c1")
        assert await other.take("c1")
        assert await one.orphans() == [turn()]


async def test_a_claim_lasts_as_long_as_was_said_and_can_be_ended(leases):
    assert await leases.claim("digest:1", seconds=60)
    await leases.prolong("digest:1", 300)
    assert not await leases.claim("digest:1", seconds=60)

    await leases.prolong("digest:1", 0)
    await leases.prolong("never claimed", 60)

    assert await leases.claim("digest:1", seconds=60)
    assert await leases.claim("never claimed")
