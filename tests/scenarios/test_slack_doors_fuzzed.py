"""Whatever comes in by Slack's two ways, signed or in an envelope: the bot lives on, and answers the next question."""

import asyncio
import time
from contextlib import AsyncExitStack, contextmanager
from urllib.parse import urlencode

import aiohttp
import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bots.pocket.slack_http import signed
from tests.scenarios.conftest import a_world
from tests.scenarios.test_slack_http import a_world as a_world_over_http
from tests.unit.test_slack_interactions import JSON, changed
from tests.unit.test_slack_interactions import mutilated as interactions
from tests.unit.test_slack_translate import mutilated as events

COMMAND = {
    "command": "/plaudit",
    "text": "help",
    "user_id": "U1",
    "channel_id": "C1",
    "team_id": "T1",
    "trigger_id": "1",
}
FORMS = st.dictionaries(st.sampled_from([*COMMAND, "payload", "ssl_check", "x"]), st.text(max_size=9)).map(
    COMMAND.__or__
)
KINDS = st.sampled_from(["events_api", "interactive", "slash_commands", "hello", "disconnected", "x", None])
ENVELOPE = {"type": "events_api", "envelope_id": "1", "accepts_response_payload": False, "payload": {"type": "x"}}
ANSWERS = (200, 400, 401, 500)
"""500: what bolt itself could not read. Slack would send it again, and the log says why."""
FEW = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # the bot lives on from one example to the next: nothing to shrink
    suppress_health_check=list(HealthCheck),
)


def as_json(value) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # an integer above 64 bits, or half a surrogate pair
        return b"[1e99]"


BODIES = st.one_of(
    st.tuples((JSON | events() | interactions()).map(as_json), st.just("application/json")),
    st.tuples(
        st.one_of(FORMS, interactions().map(lambda told: {"payload": as_json(told)})).map(urlencode).map(str.encode),
        st.just("application/x-www-form-urlencoded"),
    ),
    st.tuples(st.binary(max_size=40), st.sampled_from(["application/json", "text/plain", "multipart/form-data"])),
)


@st.composite
def envelopes(draw):
    """An envelope that holds anything, or is none."""
    envelope = ENVELOPE | {"type": draw(KINDS), "payload": draw(events() | interactions() | FORMS | JSON)}
    if draw(st.booleans()):
        envelope = changed(envelope, (draw(st.sampled_from([*ENVELOPE])),), draw(JSON))
    return envelope


@contextmanager
def living(world):
    """A loop with the whole bot in it, which has answered a question in the end as in the beginning."""
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()
    made = loop.run_until_complete(stack.enter_async_context(world))
    try:
        loop.run_until_complete(made.ask("Ada", "before"))
        yield loop, made
        _, reply = loop.run_until_complete(made.ask("Ada", "after"))
        assert reply.text == "You said: after"
    finally:
        loop.run_until_complete(stack.aclose())
        loop.close()


def test_no_signed_request_ends_the_bot(sqlite_url):
    moments = iter(range(int(time.time()) - 250, int(time.time()) + 250))

    async def post(world, body, media_type):
        slack = world.pocket.slack
        headers = signed(body, slack.signing_secret, next(moments)) | {"Content-Type": media_type}
        async with (
            aiohttp.ClientSession() as session,
            session.post(slack.requests.url, data=body, headers=headers) as answer,
        ):
            return answer.status

    with living(a_world_over_http(sqlite_url)) as (loop, world):

        @FEW
        @given(BODIES)
        def run(told):
            assert loop.run_until_complete(post(world, *told)) in ANSWERS

        run()


def test_no_envelope_ends_the_bot(sqlite_url):
    async def send(world, envelope):
        world.pocket.slack.sockets.send_raw(envelope)
        await asyncio.sleep(0.002)

    with living(a_world("slack", sqlite_url)) as (loop, world):

        @FEW
        @given(envelopes())
        def run(envelope):
            loop.run_until_complete(send(world, orjson.loads(as_json(envelope))))

        run()
        loop.run_until_complete(world.quiet())
