"""Webhooks: every record, in order, at least once, whatever the receiver answers; what was erased, told."""

import asyncio
import random

import pytest

from core.clock import SystemClock
from core.errors import SettingsError
from core.outward import sender as sending_of
from core.outward.channel import NotTakenError, RefusedError
from core.outward.channels import channels, sending
from core.outward.sender import Sender
from core.outward.standing import out_of_trouble, standing_of, standings
from core.policy.file import Outward
from core.policy.outward import Nats, Webhook
from tests.contract.outward_receiver import SECRET, receiving
from tests.contract.store_stories import LIKE, consented, said, started, voted
from tests.contract.test_store_erasing import ANN, WORDS, by, story

ENVIRON = {"HOOK": SECRET}


@pytest.fixture
async def receiver():
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def feed(sql_store, receiver):
    """Makes a sender to the receiver, from the first record on."""
    stack = []

    async def make(**options):
        webhook = Webhook(name="one", url=receiver.url, secret="HOOK", **options)
        opened = channels(Outward((webhook,)), ENVIRON)
        [channel] = await opened.__aenter__()
        stack.append(opened)
        if await sql_store.consumers().position(channel.name) is None:
            await sql_store.consumers().move(channel.name, 0)
        return Sender(channel, sql_store, SystemClock(), random.Random(1))

    yield make
    for each in stack:
        await each.__aexit__(None, None, None)


async def lag(store):
    return await store.newest() - await store.consumers().position("webhook:one")


async def test_every_record_arrives_once_and_in_order(sql_store, receiver, feed):
    await sql_store.append(*story())
    records = [each async for each in sql_store.records()]

    first = await (await feed()).deliver()
    again = await (await feed()).deliver()

    assert [each["id"] for each in receiver.events] == [each.id for each in records]
    assert (first, again, await lag(sql_store)) == (len(records), 0, 0)


async def test_a_new_channel_begins_with_what_comes(sql_store, receiver, feed):
    await sql_store.append(started("c1"), said("m1"))
    sender = await feed()
    await sql_store.consumers().remove("webhook:one")

    await sender.deliver()
    await sql_store.append(said("m2"))
    await sender.deliver()

    assert [each["subject"] for each in receiver.events] == ["m2"]


async def test_only_the_types_that_are_named_are_sent_and_all_are_done_with(sql_store, receiver, feed):
    await sql_store.append(*story())

    await (await feed(types=("log_expectation",))).deliver()

    assert receiver.types == ["log_expectation"]
    assert await lag(sql_store) == 0


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_what_was_not_taken_is_sent_again_before_all_that_follows(sql_store, receiver, feed, status):
    await sql_store.append(started("c1"), said("m1"), said("m2"))
    receiver.answers = [(status, {}), (status, {})]
    sender = await feed()

    pauses = [await sender.round() for _ in range(3)]

    ids = [each.id async for each in sql_store.records()]
    assert receiver.attempts == [ids[0], ids[0], *ids]
    assert 0.5 <= pauses[0] <= 1
    assert 1 <= pauses[1] <= 2
    assert pauses[2] == sending_of.PAUSE


async def test_what_was_taken_before_a_fault_is_not_sent_again(sql_store, receiver, feed):
    await sql_store.append(started("c1"), said("m1"))
    sender = await feed()
    await sender.deliver()
    await sql_store.append(said("m2"), said("m3"))
    receiver.answers = [(204, {}), (500, {})]

    await sender.round()
    behind = await lag(sql_store)
    await sender.round()

    ids = [each.id async for each in sql_store.records()]
    assert receiver.attempts == [*ids, ids[-1]]
    assert behind == 1


@pytest.mark.parametrize(("header", "least"), [("120", 120), ("Fri, 31 Dec 2199 23:59:59 GMT", 86_400), ("soon", 0)])
async def test_a_pause_that_the_receiver_asks_for_is_kept(sql_store, receiver, feed, header, least):
    await sql_store.append(started("c1"))
    receiver.answers = [(429, {"Retry-After": header})]

    pause = await (await feed()).round()

    assert least <= pause <= max(least, 1)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302])
async def test_a_refusal_parks_the_channel_until_somebody_says_that_it_goes_on(sql_store, receiver, feed, status):
    await sql_store.append(started("c1"), said("m1"))
    receiver.answers = [(status, {})]
    sender = await feed()

    pauses = [await sender.round() for _ in range(3)]
    [parked] = await standings(sql_store.ledger())
    await out_of_trouble(sql_store.ledger(), parked)
    await sender.round()
    await sender.round()

    assert pauses == [sending_of.REST] * 3
    assert parked.is_parked
    assert f"answered {status}" in parked.error
    assert "plaudit webhooks resume one" in parked.error
    assert "hidden" not in parked.error + parked.entry.target
    assert len(receiver.attempts) == 3
    assert receiver.types == ["start_conversation", "add_message"]
    assert not (await standings(sql_store.ledger()))[0].has_trouble


async def test_since_when_it_goes_wrong_is_known_until_it_goes_well(sql_store, receiver, feed):
    await sql_store.append(started("c1"))
    receiver.answers = [(500, {}), (503, {})]
    sender = await feed()

    found = []
    for _ in range(3):
        await sender.round()
        found += await standings(sql_store.ledger())

    assert [each.error and each.error.split("answered ")[1][:3] for each in found] == ["500", "503", None]
    assert found[0].since == found[1].since is not None
    assert found[2].since is None


async def test_a_receiver_that_is_not_there_is_tried_again(sql_store, receiver, feed):
    await sql_store.append(started("c1"))
    sender = await feed()
    sender._channel._url = "http://127.0.0.1:9/"

    with pytest.raises(NotTakenError, match="cannot be reached"):
        await sender.once()

    assert await lag(sql_store) == 1


async def test_an_erasure_is_told_with_what_is_to_be_deleted(sql_store, receiver, feed):
    await sql_store.append(*story())
    sender = await feed(text=True, types=("add_message", "log_feedback"))
    await sender.deliver()
    await sql_store.erase(ANN)
    stale = (await standings(sql_store.ledger()))[0].entry

    await sender.deliver()

    *_, erasure = receiver.events
    assert erasure["type"] == "plaudit.erase_subject.v1"
    assert {"m1", "m2", "m4"} <= set(erasure["data"]["messages"])
    assert stale.stale_since is not None
    assert (await standings(sql_store.ledger()))[0].entry.stale_since is None


async def test_what_was_erased_or_is_not_to_be_kept_does_not_leave(sql_store, receiver, feed):
    bob = by(ANN, said("m9", 20, content="keep my secret", author="slack:T1:U0CAT45678"))
    await sql_store.append(*story(), bob)
    await sql_store.append(consented("slack:T1:U0CAT45678", 21, keep=False))
    await sql_store.erase(ANN)

    await (await feed(text=True)).deliver()

    told = str(receiver.events)
    assert WORDS not in told
    assert "secret" not in told
    assert not any(each in told for each in (ANN.id, "U0CAT45678"))
    assert "And nougat?" in told


async def test_words_to_someone_who_wants_nothing_kept_do_not_leave_either(sql_store, receiver, feed):
    await sql_store.append(*story(), consented(ANN.key, 21, keep=False))

    await (await feed(text=True)).deliver()

    replies = {each["subject"]: each["data"]["content"] for each in receiver.events if "add_message" in each["type"]}
    assert replies["m2"] == ""
    assert replies["m4"] == "Nougat too"


async def test_records_are_read_anew_before_they_leave_where_a_receiver_is_slow(sql_store, receiver, feed, monkeypatch):
    await sql_store.append(*story())
    monkeypatch.setattr(sending_of, "FRESH", -1.0)
    sender = await feed()

    done = await sender._send(await sender._next())

    assert (done, receiver.events) == (0, [])


async def test_channels_are_fed_while_the_bot_runs_and_what_comes_arrives(sql_store, receiver, monkeypatch):
    monkeypatch.setattr(sending_of, "PAUSE", 0.01)
    webhook = Webhook(name="one", url=receiver.url, secret="HOOK")
    async with (
        channels(Outward((webhook,)), ENVIRON) as found,
        sql_store.leases() as leases,
        sending(found, sql_store, leases, SystemClock()),
        asyncio.timeout(10),
    ):
        while await sql_store.consumers().position("webhook:one") is None:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
        await sql_store.append(started("c1"), voted("m1", ANN.key, LIKE))
        while len(receiver.events) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert receiver.types == ["start_conversation", "log_feedback"]


async def test_a_moved_receiver_is_another_export(sql_store, receiver, feed):
    channel = (await feed())._channel
    first = await standing_of(sql_store.ledger(), channel)
    channel.target = "https://elsewhere"

    second = await standing_of(sql_store.ledger(), channel)

    assert first.entry.id != second.entry.id
    assert [each.entry.id for each in await standings(sql_store.ledger())] == [second.entry.id, first.entry.id]


@pytest.mark.parametrize(
    ("outward", "says"),
    [
        (Outward((Webhook(name="one", url="https://x", secret="MISSING"),)), "one in plaudit.toml needs MISSING"),
        (Outward(nats=Nats(servers=("nats://x",), credentials="MISSING")), "nats in plaudit.toml needs MISSING"),
    ],
)
async def test_a_secret_that_is_missing_is_told(outward, says):
    with pytest.raises(SettingsError, match=says):
        async with channels(outward, {}):
            pass


async def test_what_a_refusal_says_is_raised_for_somebody_who_waits(sql_store, receiver, feed):
    await sql_store.append(started("c1"))
    receiver.answers = [(410, {})]

    with pytest.raises(RefusedError, match="410 Gone"):
        await (await feed()).once()
