"""The interface by its own description: whatever fits it, or does not, is answered, and never by a fault of ours."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import BaseSchema, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bots.web.server import Address
from tests.scenarios.test_web_door import ROUTES
from tests.scenarios.web_world import web_world

EXAMPLES = 10
"""A route and kind, the same in every run; thousands were tried by hand."""


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[str]:
    """A server in a thread: schemathesis asks without a loop."""
    url = f"sqlite:///{tmp_path_factory.mktemp('fuzzed') / 'plaudit.db'}"
    started, stop = threading.Event(), threading.Event()
    found = []

    async def serve() -> None:
        async with web_world(url, address=Address(port=0, grace=1, per_minute=1_000_000)) as world:
            await world.ask("hello")
            found.append(world.origin)
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(20)
    yield found[0]
    stop.set()
    thread.join()


@pytest.fixture(scope="module")
def schema(origin) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{origin}/openapi.json")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda each: each.value)
@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_no_request_is_answered_by_a_fault_of_ours(origin, schema, route, mode) -> None:
    method, path = route
    session = requests.Session()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy(mode))
    def fuzz(case) -> None:
        assume("follow" not in (case.query or {}))  # it would be answered for ever
        answer = case.call(base_url=origin, session=session, timeout=10)
        case.validate_response(
            answer,
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    with session:
        fuzz()
