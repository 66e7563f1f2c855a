"""NATS JetStream, by the real server on localhost: kept once, in order, again where the server was away."""

import asyncio
import shutil
import socket
import sysconfig
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import orjson
import pytest

from core.clock import SystemClock
from core.outward.channel import NotTakenError, RefusedError
from core.outward.events import event_of
from core.outward.jetstream import NatsChannel
from core.outward.sender import Sender
from core.policy.outward import Nats
from core.store.database import open_store
from tests.contract.test_store_erasing import story

SERVER = shutil.which("nats-server", path=sysconfig.get_path("scripts")) or "nats-server"
TOKEN = "a token for tests"


@asynccontextmanager
async def server(directory: Path, port: int):
    """A server with JetStream while the block lasts; its files stay."""
    process = await asyncio.create_subprocess_exec(
        *(SERVER, "-js", "-sd", str(directory), "-a", "127.0.0.1", "-p", str(port), "--auth", TOKEN),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            while b"Server is ready" not in await process.stderr.readline():
                assert process.returncode is None
        rest = asyncio.create_task(process.stderr.read())
        yield
    finally:
        process.terminate()
        await process.wait()
        await rest


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def table(port) -> Nats:
    return Nats(servers=(f"nats://127.0.0.1:{port}",), stream="LOG", subject="plaudit.log")


@asynccontextmanager
async def listening(table: Nats):
    client = await nats.connect(list(table.servers), token=TOKEN)
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def kept_in(table: Nats) -> list[nats.js.api.RawStreamMsg]:
    async with listening(table) as stream:
        count = (await stream.stream_info(table.stream)).state.messages
        return [await stream.get_msg(table.stream, number + 1) for number in range(count)]


async def test_every_record_is_kept_once_and_in_order_though_it_is_sent_twice_and_the_server_was_away(
    tmp_path, table, port, sqlite_url
):
    async with open_store(sqlite_url) as store, NatsChannel(table, TOKEN) as channel:
        await store.append(*story())
        records = [each async for each in store.records()]
        await store.consumers().move(channel.name, 0)
        sender = Sender(channel, store, SystemClock())

        with pytest.raises(NotTakenError, match="cannot be reached"):
            await sender.once()
        async with server(tmp_path / "js", port):
            await sender.once()
        with pytest.raises(NotTakenError):
            await channel.send(await first_event(store))
        async with server(tmp_path / "js", port):
            await store.consumers().move(channel.name, 0)
            await sender.once()
            found = await kept_in(table)

    assert [each.headers["Nats-Msg-Id"] for each in found] == [each.id for each in records]
    assert found[0].subject == "plaudit.log.test.slack.T1.start_conversation"
    assert orjson.loads(found[-1].data)["type"] == "plaudit.add_message.v1"


async def first_event(store):
    [record] = [each async for each in store.records(limit=1)]
    return event_of(record, await store.pseudonyms(), words=False)


async def test_what_the_server_refuses_is_said(tmp_path, table, port, sqlite_url):
    async with open_store(sqlite_url) as store, server(tmp_path / "js", port):
        await store.append(*story())
        event = await first_event(store)
        async with listening(table) as stream:
            await stream.add_stream(name="LOG", subjects=["something.else"])

        async with NatsChannel(table, TOKEN) as channel:
            with pytest.raises(RefusedError, match=r"does not listen to plaudit\.log\.test"):
                await channel.send(event)
        async with NatsChannel(table, "another token") as channel:
            with pytest.raises(RefusedError, match="does not let us in") as told:
                await channel.send(event)

    assert "another token" not in str(told.value)
