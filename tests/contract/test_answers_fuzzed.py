"""Whatever a model's server and a webhook's receiver answer: a reply or an error of ours, and the next goes well."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import orjson
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from core.errors import ModelFailedError
from core.language_models.hub import HubModel
from core.messages import Role
from core.outward.channel import NotTakenError, RefusedError
from core.outward.events import trial_event
from core.outward.webhooks import WebhookChannel
from core.policy.outward import Webhook
from core.ports import PromptMessage
from tests.contract.raw_server import raw_server
from tests.contract.store_stories import moment
from tests.unit.test_discord_translate import JSON

SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
CHUNK = {"choices": [{"index": 0, "delta": {"content": "Almonds"}, "finish_reason": None}]}
GOOD = b"data: " + orjson.dumps(CHUNK) + b"\n\n"
END = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
PLACES = [(), ("choices",), ("choices", 0), ("choices", 0, "delta"), ("choices", 0, "delta", "content"), ("usage",)]


def changed(path, new) -> bytes:
    """A chunk with something else in one place of it."""
    chunk = orjson.loads(orjson.dumps(CHUNK | {"usage": None}))
    inside = chunk
    for step in path[:-1]:
        inside = inside[step]
    if path:
        inside[path[-1]] = new
    return b"data: " + _json(chunk if path else new) + b"\n\n"


def _json(value) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer above 64 bits
        return b"9" * 30


PIECES = st.one_of(
    st.just(GOOD),
    st.tuples(st.sampled_from(PLACES), JSON).map(lambda pair: changed(*pair)),
    st.binary(max_size=30),
    st.sampled_from(
        [b"data:", b"\n", b": still here\n\n", b"data: [DONE]\n\n", b"\xe2\x80\xa8", b'data: {"error": 7}\n\n']
    ),
)
STREAMS = st.lists(PIECES, max_size=5).map(b"".join)
HEADERS = st.sampled_from(
    [b"retry-after", b"content-type", b"content-length", b"transfer-encoding", b"content-encoding"]
)
HEADER = st.tuples(
    HEADERS,
    st.sampled_from([b"9" * 400, b"-1", b"soon", b"chunked", b"gzip", b"Fri, 31 Dec 9999999999999999999 23:59:59 GMT"])
    | st.text("abc0123456789-:, ²", max_size=12).map(lambda text: text.encode("latin-1")),
)
STATUS = st.integers(100, 599).map(lambda status: b"HTTP/1.1 %d Whatever\r\n" % status)
ANSWERS = st.binary(max_size=40) | st.tuples(STATUS, st.lists(HEADER, max_size=3), st.binary(max_size=20)).map(
    lambda told: told[0] + b"".join(b"%b: %b\r\n" % each for each in told[1]) + b"\r\n" + told[2]
)
FEW = settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # what is asked lives on from one example to the next: nothing to shrink
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def loop():
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture
def stack(loop):
    made = AsyncExitStack()
    yield made
    loop.run_until_complete(made.aclose())


@pytest.fixture
def server(loop, stack):
    return loop.run_until_complete(stack.enter_async_context(raw_server()))


def test_whatever_a_model_streams_is_a_reply_or_a_failure_in_words(loop, stack, server):
    url = f"http://127.0.0.1:{server.port}/v1"
    model = loop.run_until_complete(stack.enter_async_context(HubModel(url, name="m", token="hf_hidden", timeout=2)))

    async def ask() -> str:
        prompt = [PromptMessage(Role.USER, "What is marzipan made of?")]
        return "".join([each.text async for each in model.reply(prompt)])

    @FEW
    @given(STREAMS.map(SSE.__add__) | ANSWERS)
    def run(answer):
        server.answers, said = [answer], ""
        try:
            loop.run_until_complete(ask())
        except ModelFailedError as error:
            said = f"{error.reason} {error} {error.__cause__}"
        assert "hf_hidden" not in said
        server.answers = [SSE + GOOD + END]
        assert loop.run_until_complete(ask()) == "Almonds"

    run()


def test_whatever_a_receiver_answers_an_event_is_taken_or_not(loop, stack, server):
    session = loop.run_until_complete(_opened(stack))
    webhook = Webhook(name="one", url=f"http://user:hidden@127.0.0.1:{server.port}/hook?key=hidden", secret="HOOK")
    channel = WebhookChannel(webhook, [b"hidden-key"], session)
    event = trial_event("01", "test", moment(0))

    @FEW
    @given(ANSWERS)
    @example(b"HTTP/1.1 503 Gone\r\nretry-after: Fri, 31 Dec 99999999999999999999 23:59:59 GMT\r\n\r\n")
    @example(b"HTTP/1.1 429 Later\r\nretry-after: " + b"9" * 400 + b"\r\n\r\n")
    def run(answer):
        server.answers, said = [answer], ""
        try:
            loop.run_until_complete(channel.send(event))
        except (NotTakenError, RefusedError) as error:
            said = str(error)
        assert "hidden" not in said
        server.answers = [b"HTTP/1.1 204 No Content\r\n\r\n"]
        loop.run_until_complete(channel.send(event))

    run()


async def _opened(stack: AsyncExitStack) -> aiohttp.ClientSession:
    return await stack.enter_async_context(aiohttp.ClientSession())
