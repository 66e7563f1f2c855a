"""`/docs`: the description of the interface as a page of our own. It needs no script, and nothing from elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.routing import NoMatchFound

router = APIRouter(include_in_schema=False)

_HERE: Final = Path(__file__).parent / "plain"
_TEMPLATES: Final = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_MARKDOWN: Final = MarkdownIt("js-default")  # without HTML
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a request takes or an answer has."""

    name: str
    kind: str
    text: str
    is_needed: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    id: str
    text: str
    takes: tuple[Line, ...]
    gives: tuple[Line, ...]
    answers: tuple[tuple[str, str], ...]


def _inline(text: str) -> Markup:
    # What Markdown makes of our own docstrings, in which it takes no HTML.
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704 - see above


_TEMPLATES.filters["inline"] = _inline


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The page."""
    description = request.app.openapi()
    groups: dict[str, list[Operation]] = {}
    for tag, operation in operations(description):
        groups.setdefault(tag, []).append(operation)
    page = _TEMPLATES.get_template("reference.html").render(info=description["info"], groups=groups)
    return HTMLResponse(page)


@router.get("/plain.css")
async def css() -> FileResponse:
    """How this page and the one that asks for a key look."""
    return FileResponse(_HERE / "plain.css", media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@router.get("/favicon.ico")
async def icon() -> Response:
    """There is none, which browsers need not ask for again."""
    return Response(status_code=204, headers={"Cache-Control": "max-age=86400"})


@router.get("/")
async def home(request: Request) -> Response:
    """To the dashboard, where there is one; else to the docs."""
    try:
        address = str(request.app.url_path_for("dashboard"))
    except NoMatchFound:
        address = "/docs"
    return RedirectResponse(address, 303)


def operations(description: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Every operation of an OpenAPI description, with the tag that it goes under."""
    schemas = description.get("components", {}).get("schemas", {})
    for path, methods in description["paths"].items():
        for method, told in methods.items():
            answer = told["responses"].get("200", {}).get("content", {}).get(_JSON, {}).get("schema", {})
            yield (
                told.get("tags", ["other"])[0],
                Operation(
                    method=method.upper(),
                    path=path,
                    id=told["operationId"],
                    text=told.get("description", ""),
                    takes=(*_parameters(told, schemas), *_fields(_body(told), schemas)),
                    gives=tuple(_fields(answer, schemas)),
                    answers=tuple((status, each["description"]) for status, each in sorted(told["responses"].items())),
                ),
            )


def _parameters(told: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Line]:
    for each in told.get("parameters", ()):
        kind = _kind(each.get("schema", {}), schemas)
        yield Line(each["name"], kind, each.get("description", ""), each.get("required", False), each["in"])


def _body(told: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = told.get("requestBody", {}).get("content", {}).get(_JSON, {}).get("schema", {})
    return found


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Line]:
    schema = _resolved(schema, schemas)
    for name, each in schema.get("properties", {}).items():
        text = each.get("description", "")
        yield Line(name, _kind(each, schemas), text, name in schema.get("required", ()), "body")


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    found: Mapping[str, Any] = schemas.get(reference.rpartition("/")[2], {}) if reference else schema
    return found


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """`integer 1–5`, `string`, `like | dislike`: what a value may be."""
    schema = _resolved(schema, schemas)
    if some := schema.get("anyOf"):
        return " or ".join(kind for each in some if (kind := _kind(each, schemas)) != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), schemas)}"
    kind = str(schema.get("format") or schema.get("type") or "anything")
    low, high = schema.get("minimum"), schema.get("maximum")
    return f"{kind} {int(low):,}–{int(high):,}" if low is not None and high is not None else kind
