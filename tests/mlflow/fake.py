"""A small MLflow server: as much of 3.17.2 as is spoken to, with its rules, its refusals and its ways to be away."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class FakeMlflow:
    """What it was given: traces by their ids, each with its assessments by theirs, and its spans."""

    version: str = "3.17.2"
    experiments: dict[str, str] = field(default_factory=dict)
    deleted_experiments: set[str] = field(default_factory=set)
    traces: dict[str, dict[str, Any]] = field(default_factory=dict)
    assessments: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    spans: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers, in place of what would be done."""
    is_away: Callable[[str], bool] = lambda _: False
    """For which paths it is out of order."""
    token: str = ""
    refuses: Callable[[dict[str, Any]], bool] = lambda _: False
    """Which traces, and which spans, it does not take."""
    breaks: Callable[[dict[str, Any]], bool] = lambda _: False
    """At which it breaks: it answers as if it were out of order."""
    before_put: Callable[[], Awaitable[None]] | None = None
    """Done once, before the next trace is put."""
    url: str = ""

    @property
    def values(self) -> dict[tuple[str, str], Any]:
        """What each source says, by its id and the name, of all traces."""
        return {
            (each["source"]["source_id"], each["assessment_name"]): each.get("feedback", each.get("expectation"))[
                "value"
            ]
            for there in self.assessments.values()
            for each in there.values()
        }

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._door])
        app.add_routes(
            [
                web.get("/version", self._version),
                web.get("/api/2.0/mlflow/experiments/get-by-name", self._experiment),
                web.get("/api/2.0/mlflow/experiments/get", self._experiment_of_id),
                web.post("/api/2.0/mlflow/experiments/create", self._create_experiment),
                web.post("/api/3.0/mlflow/traces", self._put_trace),
                web.post("/api/3.0/mlflow/traces/delete-traces", self._delete_traces),
                web.delete("/api/3.0/mlflow/traces/{trace}/assessments/{id}", self._delete_assessment),
                web.post("/v1/traces", self._put_spans),
            ]
        )
        return app

    @web.middleware
    async def _door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        if self.is_away(request.path):
            return web.Response(status=503)
        if self.answers:
            return web.json_response({"error_code": "INTERNAL_ERROR"}, status=self.answers.pop(0))
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return web.Response(status=401, text="You are not authenticated.")
        try:
            return await handler(request)
        except (KeyError, ValueError) as error:
            return refused("INVALID_PARAMETER_VALUE", repr(error), 400)

    async def _version(self, _: web.Request) -> web.Response:
        return web.Response(text=self.version)

    async def _experiment(self, request: web.Request) -> web.Response:
        name = request.query["experiment_name"]
        if name not in self.experiments:
            return refused("RESOURCE_DOES_NOT_EXIST", name, 404)
        stage = "deleted" if name in self.deleted_experiments else "active"
        told = {"experiment_id": self.experiments[name], "name": name, "lifecycle_stage": stage}
        return web.json_response({"experiment": told})

    async def _experiment_of_id(self, request: web.Request) -> web.Response:
        names = [name for name, id_ in self.experiments.items() if id_ == request.query["experiment_id"]]
        if not names:
            return refused("RESOURCE_DOES_NOT_EXIST", "no", 404)
        stage = "deleted" if names[0] in self.deleted_experiments else "active"
        return web.json_response({"experiment": {"name": names[0], "lifecycle_stage": stage}})

    async def _create_experiment(self, request: web.Request) -> web.Response:
        name = (await request.json())["name"]
        if name in self.experiments:
            return refused("RESOURCE_ALREADY_EXISTS", name, 400)
        self.experiments[name] = str(len(self.experiments) + 1)
        return web.json_response({"experiment_id": self.experiments[name]})

    async def _put_trace(self, request: web.Request) -> web.Response:
        if (work := self.before_put) is not None:
            self.before_put = None
            await work()
        info = (await request.json())["trace"]["trace_info"]
        check_trace(info, self.experiments.values())
        if self.deleted_experiments:
            return refused("INVALID_STATE", "The experiment must be in the 'active' state.", 400)
        if self.breaks(info):
            return refused("INTERNAL_ERROR", "constraint violation", 500)
        if self.refuses(info):
            return refused("INVALID_PARAMETER_VALUE", "no", 400)
        id_ = info["trace_id"]
        there = self.traces.get(id_, {})
        merged = {name: there.get(name, {}) | info.get(name, {}) for name in ("trace_metadata", "tags")}
        self.traces[id_] = there | {name: each for name, each in info.items() if name != "assessments"} | merged
        for each in info["assessments"]:
            self.assessments.setdefault(id_, {})[each["assessment_id"]] = each
        return web.json_response({"trace": {"trace_info": info}})

    async def _put_spans(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        assert request.headers["x-mlflow-experiment-id"] in self.experiments.values()
        given = orjson.loads(await request.read())
        found = [span for each in given["resourceSpans"] for scope in each["scopeSpans"] for span in scope["spans"]]
        for span in found:
            assert (len(bytes.fromhex(span["traceId"])), len(bytes.fromhex(span["spanId"]))) == (16, 8)
            if self.breaks(span):
                return refused("INTERNAL_ERROR", "constraint violation", 500)
            if self.refuses(span):  # all or nothing
                return refused("INVALID_PARAMETER_VALUE", "no", 422)
        for span in found:
            trace = f"tr-{span['traceId']}"
            self.traces.setdefault(trace, {})  # as the server does
            self.spans.setdefault(trace, {})[span["spanId"]] = span
        return web.Response(content_type="application/x-protobuf")

    async def _delete_assessment(self, request: web.Request) -> web.Response:
        trace, id_ = request.match_info["trace"], request.match_info["id"]
        if trace not in self.traces:
            return refused("RESOURCE_DOES_NOT_EXIST", trace, 404)
        self.assessments.get(trace, {}).pop(id_, None)
        return web.json_response({})

    async def _delete_traces(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body["experiment_id"] in self.experiments.values()
        ids = body["request_ids"]
        assert 0 < len(ids) <= 100  # with none, it would take what it was not told to
        for id_ in ids:
            for where in (self.traces, self.assessments, self.spans):
                where.pop(id_, None)
        return web.json_response({"traces_deleted": len(ids)})


def check_trace(info: dict[str, Any], experiments: Any) -> None:
    """Raises AssertionError for what the server's columns or its schema would not take."""
    assert info["trace_location"]["mlflow_experiment"]["experiment_id"] in experiments
    assert len(info.get("client_request_id", "")) <= 50
    assert max(len(info["request_preview"]), len(info["response_preview"])) <= 1_000
    assert info["request_time"].endswith("Z")
    assert info["execution_duration"].endswith("s")
    assert all(isinstance(each, str) for name in ("trace_metadata", "tags") for each in info[name].values())
    for each in info["assessments"]:
        assert len(each["assessment_id"]) <= 50
        assert each["trace_id"] == info["trace_id"]
        assert each["source"]["source_type"] in {"HUMAN", "LLM_JUDGE", "CODE"}
        assert all(isinstance(value, str) for value in each["metadata"].values())
        assert ("feedback" in each) != ("expectation" in each)


def refused(code: str, message: str, status: int) -> web.Response:
    return web.json_response({"error_code": code, "message": message}, status=status)


@asynccontextmanager
async def fake_mlflow() -> AsyncIterator[FakeMlflow]:
    """One that listens on a port of its own."""
    fake = FakeMlflow()
    runner = web.AppRunner(fake.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()
