"""The bot as those see it who watch it: health, readiness, metrics and spans, over real sockets."""

import socket

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families
from ulid import ULID

from core.errors import SettingsError


@pytest.fixture
def database_url(tmp_path):
    return f"sqlite:///{tmp_path}/plaudit.db"


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


async def got(port, path):
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


def samples(text):
    families = text_string_to_metric_families(text)
    return {(each.name, *sorted(each.labels.items())): each.value for family in families for each in family.samples}


async def test_a_question_and_a_vote_show_in_the_metrics(make_world, free_port, platform):
    async with make_world(health_port=free_port) as world:
        _, before = await got(free_port, "/metrics")
        _, reply = await world.ask("Ada", "hello")
        await world.person("Ben").reacts("👍", reply)
        await world.eventually(lambda: world.log("log_feedback"))
        alive, ready = await got(free_port, "/healthz"), await got(free_port, "/readyz")
        _, after = await got(free_port, "/metrics")

    assert alive[0] == ready[0] == 200
    assert f'"{platform}": "connected"' in ready[1]
    grown = {key: value - samples(before).get(key, 0) for key, value in samples(after).items()}
    at = ("platform", platform)
    assert grown["plaudit_questions_total", at] == 1
    assert grown["plaudit_replies_total", at, ("reason", ""), ("status", "complete")] == 1
    assert grown["plaudit_opinions_total", ("became", "given"), ("name", "user_feedback"), at] == 1
    assert grown["plaudit_first_text_seconds_count",] == 1
    assert samples(after)["plaudit_platform_connected", at] == 1
    assert samples(after)["plaudit_live_replies",] == 0


async def test_a_platform_that_is_gone_makes_it_not_ready(make_world, free_port, platform):
    async with make_world(health_port=free_port) as world:
        with world.face.away():

            async def away():
                status, told = await got(free_port, "/readyz")
                return told if status == 503 else ""

            told = await world.eventually(away)
            alive, _ = await got(free_port, "/healthz")

    assert f'"{platform}": "away"' in told
    assert '"database": "ok"' in told
    assert alive == 200


async def test_a_reply_is_a_span_with_our_trace_id_and_no_words(make_world):
    taken = []

    async def collect(request):
        taken.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/v1/traces", collect)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with make_world(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}") as world:
            question, _ = await world.ask("Ada", "what is a secret?")
            record = await world.kept(question)
    finally:
        await runner.cleanup()

    [span] = [each for one in taken for res in one.resource_spans for sc in res.scope_spans for each in sc.spans]
    attributes = {each.key: each.value for each in span.attributes}
    assert span.trace_id == bytes(ULID.from_str(record.data["trace_id"]))
    assert attributes["gen_ai.operation.name"].string_value == "chat"
    assert attributes["gen_ai.usage.output_tokens"].int_value == record.data["completion_tokens"]
    assert "secret" not in str(span)


async def test_a_port_that_is_taken_is_said_in_one_sentence(make_world):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SettingsError, match="PLAUDIT_HEALTH_PORT"):
        async with make_world(health_port=taken.getsockname()[1]):
            pass
