"""A stand-in for the Hugging Face Hub on localhost: datasets with commits, as much as huggingface_hub asks for."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

TOKEN = "hf_" + "t" * 34
READ_ONLY = "hf_" + "r" * 34


@dataclass(slots=True)
class Repo:
    """A dataset: its files, and every commit's message."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)

    @property
    def head(self) -> str:
        return hashlib.sha1(repr(self.commits).encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class FakeHub:
    """All of it. `users`: who may have repositories."""

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    users: tuple[str, ...] = ("ann",)
    blobs: dict[str, bytes] = field(default_factory=dict)
    """Large files by their digest, before they are committed."""
    busy: int = 0
    """So many commits find that somebody else has committed meanwhile."""


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_GET(self) -> None:
        self._do()

    def do_HEAD(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def do_PUT(self) -> None:
        self._do()

    def log_message(self, *_: Any) -> None:
        pass

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        steps = [unquote(each) for each in urlsplit(self.path).path.strip("/").split("/")]
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        if steps[0] == "blobs":
            self.hub.blobs[steps[1]] = body
            self._answer(200)
        elif token not in {TOKEN, READ_ONLY}:
            self._answer(401, error="Invalid username or password.")
        elif token == READ_ONLY and self.command == "POST":
            self._answer(403, error="Forbidden")
        else:
            self._route(steps, body)

    def _route(self, steps: list[str], body: bytes) -> None:
        match steps:
            case ["api", "repos", "create"]:
                self._create(orjson.loads(body))
            case ["api", "validate-yaml"]:
                self._answer(200, {"errors": [], "warnings": []})
            case ["api", "whoami-v2"]:
                self._answer(200, {"name": "ann"})
            case ["api", "datasets", user, name, *rest]:
                self._dataset(f"{user}/{name}", rest, body)
            case ["datasets", user, name, "resolve", _, *path]:
                self._file(self.hub.repos[f"{user}/{name}"], "/".join(path))
            case [*_, "info", "lfs", "objects", "batch"]:
                self._upload(orjson.loads(body))
            case _:
                self._answer(404, error="Not found")

    def _create(self, told: dict[str, Any]) -> None:
        name = f"{told.get('organization') or 'ann'}/{told['name']}"
        if name.partition("/")[0] not in self.hub.users:
            return self._answer(404, error="No such user")
        self.hub.repos[name] = Repo(
            told.get("visibility") == "private" or bool(told.get("private")),
            {".gitattributes": b""},
            ["initial commit"],
        )
        return self._answer(200, {"url": f"{self.hub.url}/datasets/{name}", "name": name, "id": name})

    def _dataset(self, name: str, steps: list[str], body: bytes) -> None:
        repo = self.hub.repos.get(name)
        if repo is None:
            return self._answer(404, {"error": "Repository not found"}, code="RepoNotFound")
        match steps:
            case [] | ["revision", _]:
                files = [{"rfilename": each} for each in repo.files]
                told = {"id": name, "sha": repo.head, "private": repo.private, "siblings": files}
                return self._answer(200, {**told, "tags": [], "downloads": 0, "likes": 0})
            case ["preupload", _]:
                modes = [
                    {
                        "path": each["path"],
                        "uploadMode": "lfs" if each["path"].endswith(".parquet") else "regular",
                        "shouldIgnore": False,
                    }
                    for each in orjson.loads(body)["files"]
                ]
                return self._answer(200, {"files": modes})
            case ["commit", _]:
                return self._commit(name, repo, [orjson.loads(line) for line in body.splitlines()])
            case ["super-squash", _]:
                repo.commits = [orjson.loads(body).get("message", "squashed")]
                return self._answer(200, {})
        return self._answer(404, error="Not found")

    def _commit(self, name: str, repo: Repo, lines: list[dict[str, Any]]) -> None:
        header, *operations = lines
        if self.hub.busy or header["value"].get("parentCommit") not in {None, repo.head}:
            self.hub.busy -= 1
            return self._answer(412, error="A commit has happened since.")
        for each in operations:
            value = each["value"]
            match each["key"]:
                case "file":
                    repo.files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    repo.files[value["path"]] = self.hub.blobs[value["oid"]]
                case "deletedFile":
                    del repo.files[value["path"]]
        repo.commits.append(header["value"]["summary"])
        url = f"{self.hub.url}/datasets/{name}/commit/{repo.head}"
        return self._answer(200, {"commitUrl": url, "commitOid": repo.head, "pullRequestUrl": None})

    def _upload(self, told: dict[str, Any]) -> None:
        objects = [
            {**each, "actions": {"upload": {"href": f"{self.hub.url}/blobs/{each['oid']}", "header": {}}}}
            for each in told["objects"]
        ]
        return self._answer(200, {"transfer": "basic", "objects": objects})

    def _file(self, repo: Repo, path: str) -> None:
        if path not in repo.files:
            return self._answer(404, {"error": "Entry not found"}, code="EntryNotFound")
        text = repo.files[path]
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.send_header("etag", f'"{hashlib.sha256(text).hexdigest()}"')
        self.send_header("x-repo-commit", repo.head)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
        return None

    def _answer(self, status: int, told: Any = None, *, error: str = "", code: str = "") -> None:
        text = orjson.dumps({"error": error} if error else told or {})
        self.send_response(status)
        if code:
            self.send_header("x-error-code", code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """A Hub that answers while the block lasts."""
    hub = FakeHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
