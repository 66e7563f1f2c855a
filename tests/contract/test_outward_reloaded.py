"""Channels that plaudit.toml names anew while the bot runs: fed without a restart; a fault changes nothing."""

import asyncio
from dataclasses import dataclass, field

import pytest

from core.clock import SystemClock
from core.errors import SettingsError
from core.outward.feeding import Feeding
from core.policy.file import Outward
from core.policy.outward import Webhook
from tests.contract.outward_receiver import SECRET, receiving
from tests.contract.store_stories import said, started

ENVIRON = {"HOOK": SECRET}


@dataclass
class Read:
    """What was read of the file last."""

    outward: Outward = field(default_factory=Outward)

    def name(self, *receivers, secret="HOOK"):
        hooks = [Webhook(name=f"no-{number}", url=each.url, secret=secret) for number, each in enumerate(receivers)]
        self.outward = Outward(tuple(hooks))


@pytest.fixture
async def receiver():
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def other():
    async with receiving() as receiver:
        yield receiver


async def fed(store, name="webhook:no-0"):
    """Wait until a channel has begun."""
    async with asyncio.timeout(10):
        while await store.consumers().position(name) is None:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


async def done_with(store, seq, name="webhook:no-0"):
    """Wait until a record is not only taken but noted as taken: else whoever is next is told it, too."""
    async with asyncio.timeout(10):
        while await store.consumers().position(name) < seq:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)


async def comes(receiver, number=1):
    async with asyncio.timeout(10):
        while len(receiver.events) < number:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)


async def test_a_channel_that_is_named_later_is_fed_and_one_that_is_gone_is_not(sql_store, receiver, other):
    read = Read()

    async with (
        Feeding(read, ENVIRON) as feeding,
        sql_store.leases() as leases,
        feeding.feeding(sql_store, leases, SystemClock()),
    ):
        read.name(receiver)
        await feeding.look()
        await fed(sql_store)
        await sql_store.append(started("c1"))
        await done_with(sql_store, await sql_store.newest())
        read.name(other)
        await feeding.look()
        await sql_store.append(said("m1"))
        await comes(other)

    assert (receiver.types, other.types) == (["start_conversation"], ["add_message"])


async def test_where_a_secret_is_missing_all_stays_as_it_was_and_is_told_once(sql_store, receiver, other, caplog):
    read = Read()
    read.name(receiver)

    async with (
        Feeding(read, ENVIRON) as feeding,
        sql_store.leases() as leases,
        feeding.feeding(sql_store, leases, SystemClock()),
    ):
        read.name(other, secret="AWAY")
        await feeding.look()
        await feeding.look()
        await fed(sql_store)
        await sql_store.append(started("c1"))
        await comes(receiver)

    assert other.events == []
    assert [(each.message, "AWAY" in each.error) for each in caplog.records] == [("channels_not_changed", True)]


async def test_at_the_start_a_secret_that_is_missing_is_refused(receiver):
    read = Read()
    read.name(receiver, secret="AWAY")

    with pytest.raises(SettingsError, match="AWAY"):
        async with Feeding(read, ENVIRON):
            pass


async def test_after_the_end_nothing_is_opened_any_more(sql_store, receiver):
    read = Read()

    async with Feeding(read, ENVIRON) as feeding, sql_store.leases() as leases:
        async with feeding.feeding(sql_store, leases, SystemClock()):
            pass
        read.name(receiver)
        await feeding.look()
        await sql_store.append(started("c1"))

    assert await sql_store.consumers().position("webhook:no-0") is None
