"""MLflow's tracking server over plain HTTP: what is asked of it, and what its refusals mean to an operator.

No package of MLflow is needed. Every call may be repeated: what it does twice is there once.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import orjson

from core.errors import PlauditError, SettingsError

OLDEST: Final = 3
"""The first version of MLflow whose traces have assessments of three sources."""
PAUSES: Final = (0.5, 2.0, 5.0)
"""Seconds between the tries of one call."""
_TIMEOUT: Final = 30.0
_DELETED_AT_ONCE: Final = 100
"""Traces; MLflow's own limit for what it is given by ids."""
_OK: Final = range(200, 300)
_NOT_FOUND, _TOO_MANY, _SERVERS_FAULT = 404, 429, 500
_NOT_LET_IN: Final = (401, 403)
_VERSION: Final = re.compile(r"(\d+)(?:\.\d+)*\S*")


class MlflowError(PlauditError):
    """MLflow refuses, or there is no MLflow where it should be."""


class MlflowAwayError(MlflowError):
    """MLflow cannot be reached, or is out of order: another try may do."""


class MlflowRefusedError(MlflowError):
    """MLflow does not take what it was given; the same again would be refused again."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and who one is there."""

    url: str
    experiment: str = "Plaudit"
    """The experiment's name."""
    token: str | None = None
    user: tuple[str, str] | None = None
    """Name and password."""

    def __post_init__(self) -> None:
        """Raises SettingsError for what is no address of a server."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingsError(
                "MLflow is spoken to over HTTP: set MLFLOW_TRACKING_URI to the address of a tracking server, such as "
                "http://127.0.0.1:5000 (`mlflow server` starts one)."
            )
        if parts.username or parts.password:
            raise SettingsError(
                "MLFLOW_TRACKING_URI has a user in it: put the name and the password into MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD."
            )

    @property
    def base(self) -> str:
        """The URL without a slash at its end."""
        return self.url.rstrip("/")


class Mlflow:
    """A server that may be spoken to. Every method raises MlflowAwayError, MlflowRefusedError or MlflowError."""

    def __init__(self, address: Address, http: httpx2.AsyncClient, pauses: Sequence[float]) -> None:
        self._address = address
        self._http = http
        self._pauses = pauses

    async def version(self) -> str:
        """The server's version. Raises MlflowError for one that is too old, or is no MLflow."""
        answer = await self._call("GET", "/version")
        match = _VERSION.fullmatch(answer.text.strip())
        if answer.status_code not in _OK or match is None:
            raise MlflowError(
                f"What answers at {self._address.base} is no MLflow server (or older than 2): set MLFLOW_TRACKING_URI "
                "to the address of one."
            )
        if int(match[1]) < OLDEST:
            raise MlflowError(
                f"The server at {self._address.base} is MLflow {match[0]}, which keeps no feedback on traces: "
                f"MLflow {OLDEST} or newer is needed."
            )
        return match[0]

    async def experiment_id(self) -> str:
        """The id of the experiment, which is made where there is none."""
        name = self._address.experiment
        found = await self._call("GET", "/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": name})
        if found.status_code == _NOT_FOUND:
            made = await self._call("POST", "/api/2.0/mlflow/experiments/create", {"name": name})
            return str(self._told(made)["experiment_id"])
        experiment = self._told(found)["experiment"]
        _check_active(experiment)
        return str(experiment["experiment_id"])

    async def check_experiment(self, experiment_id: str) -> None:
        """Raises MlflowError where an experiment is not there any more, so that nothing can be put into it."""
        params = {"experiment_id": experiment_id}
        found = await self._call("GET", "/api/2.0/mlflow/experiments/get", params=params)
        if found.status_code == _NOT_FOUND:
            raise MlflowError(f"The experiment {experiment_id} is not in MLflow at {self._address.base} any more.")
        _check_active(self._told(found)["experiment"])

    async def put_trace(self, trace: Mapping[str, Any]) -> None:
        """Put a trace with its assessments, as `traces.trace` makes it; what is there of them is overwritten."""
        self._told(await self._call("POST", "/api/3.0/mlflow/traces", trace))

    async def put_spans(self, experiment_id: str, spans: Mapping[str, Any]) -> None:
        """Put the spans of traces that are there, all or none of them."""
        headers = {"x-mlflow-experiment-id": experiment_id}
        answer = await self._call("POST", "/v1/traces", spans, headers=headers)
        if answer.status_code == _NOT_FOUND:
            raise MlflowError(
                f"The MLflow server at {self._address.base} takes no spans over HTTP (/v1/traces): a newer one, with a "
                "database as its store, is needed."
            )
        self._check(answer)

    async def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """Let an assessment not be there; it need not have been."""
        answer = await self._call("DELETE", f"/api/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}")
        if answer.status_code != _NOT_FOUND:
            self._check(answer)

    async def delete_traces(self, experiment_id: str, trace_ids: Collection[str]) -> None:
        """Let traces not be there, with all that belongs to them; they need not have been."""
        ids = list(trace_ids)
        for start in range(0, len(ids), _DELETED_AT_ONCE):
            body = {"experiment_id": experiment_id, "request_ids": ids[start : start + _DELETED_AT_ONCE]}
            self._check(await self._call("POST", "/api/3.0/mlflow/traces/delete-traces", body))

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """The server's answer; it is asked again where another try may do. Raises MlflowAwayError behind the last."""
        content = None if body is None else orjson.dumps(body)
        told = dict(headers or {}) | ({} if content is None else {"content-type": "application/json"})
        for pause in (*self._pauses, None):
            try:
                answer = await self._http.request(method, path, content=content, params=params, headers=told)
            except httpx2.TransportError as error:
                fault = f"MLflow cannot be reached at {self._address.base} ({error or type(error).__name__})."
                cause: Exception | None = error
            else:
                if answer.status_code in _NOT_LET_IN:
                    raise MlflowError(_not_let_in(self._address.base, answer))
                if answer.status_code < _SERVERS_FAULT and answer.status_code != _TOO_MANY:
                    return answer
                fault, cause = f"MLflow at {self._address.base} is out of order: {_words(answer)}.", None
            if pause is None:
                raise MlflowAwayError(fault) from cause
            await asyncio.sleep(pause)
        raise AssertionError  # the last pause is None

    def _told(self, answer: httpx2.Response) -> dict[str, Any]:
        self._check(answer)
        try:
            told = orjson.loads(answer.content)
        except orjson.JSONDecodeError as error:
            raise MlflowError(f"What answers at {self._address.base} is no MLflow server.") from error
        return dict(told)

    def _check(self, answer: httpx2.Response) -> None:
        if answer.status_code not in _OK:
            raise MlflowRefusedError(f"MLflow at {self._address.base} refused a call: {_words(answer)}.")


@asynccontextmanager
async def connected(address: Address, pauses: Sequence[float] | None = None) -> AsyncIterator[Mlflow]:
    """The server at an address; nothing is asked of it yet. `pauses`: in place of `PAUSES`."""
    headers = {"authorization": f"Bearer {address.token}"} if address.token else {}
    auth = None if address.token or address.user is None else httpx2.BasicAuth(*address.user)
    async with httpx2.AsyncClient(base_url=address.base, headers=headers, auth=auth, timeout=_TIMEOUT) as http:
        yield Mlflow(address, http, PAUSES if pauses is None else pauses)


def _check_active(experiment: Mapping[str, Any]) -> None:
    if experiment.get("lifecycle_stage") == "deleted":
        raise MlflowError(
            f"The experiment {experiment['name']} was deleted in MLflow: restore it there, or choose another with "
            "MLFLOW_EXPERIMENT_NAME."
        )


def _not_let_in(base: str, answer: httpx2.Response) -> str:
    if "host" in answer.text.lower() and "invalid" in answer.text.lower():
        return (
            f"The MLflow server at {base} does not answer to this name: start it with --allowed-hosts "
            f"{urlsplit(base).hostname}."
        )
    return (
        f"MLflow at {base} does not let us in ({answer.status_code}): check MLFLOW_TRACKING_TOKEN, or "
        "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
    )


def _words(answer: httpx2.Response) -> str:
    """What an answer says of itself, without what it was given: that may hold people's words."""
    try:
        code = orjson.loads(answer.content).get("error_code", "")
    except (orjson.JSONDecodeError, AttributeError):
        code = ""
    return f"{answer.status_code} {code}".strip()
