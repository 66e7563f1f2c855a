"""What is wrong with a `plaudit.toml`, in a sentence: the line, the key, what is wrong with it and what to do.

Pure: it is given the text and what the readers of it said.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from core.policy.checking import Checks
from core.policy.keys import Discord, File, Layer, Slack, Some, SomeThere, Workspace
from core.policy.lines import Path, line_of
from core.policy.outward import Nats, Push, Pushes, Webhook
from core.policy.telling import Alert, Digest
from core.policy.tracking import Mlflow

_POSITION: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_TWICE: Final = {
    "Cannot overwrite": "it is there twice: take one away",
    "Cannot declare": "it is there twice: put both into one",
}
_FIXES: Final = {
    "Invalid statement": 'a key with other characters than letters, digits, - and _ stands in quotes: "👍" = true',
    "Invalid value": 'text stands in quotes (thread = "chat"), true and false do not',
    "Expected newline": "each key has a line of its own",
}
"""What to do, by how tomllib's sentence begins."""
_NOT_CLOSED: Final = "something is not closed: a list with ], a header with ], a text with its quotes"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_VALUE: Final = 60
_TABLES: Final[dict[str, type[BaseModel]]] = {
    "digest": Digest,
    "alert": Alert,
    "mlflow": Mlflow,
    "nats": Nats,
    "checks": Checks,
}
"""Those that hold everywhere."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the file that cannot be, and what to do about it."""

    path: Path
    says: str
    """Follows the path in a sentence."""


def sentence(name: str, text: str, faults: Iterable[Fault]) -> str:
    """All of them, in the order of the file called `name`."""
    told = sorted({(line_of(text, each.path), f"`{dotted(each.path)}` {each.says}") for each in faults})
    all_told = f"{name}, " + "; ".join(f"line {line}: {says}" for line, says in told)
    return all_told if all_told.endswith("?") else f"{all_told}."


def no_toml(name: str, text: str, error: tomllib.TOMLDecodeError) -> str:
    """The same for a file that is no TOML."""
    position = _POSITION.search(str(error))
    says = _POSITION.sub("", str(error))
    if position and position[1]:
        line, fixes = int(position[1]), _TWICE | _FIXES
    else:
        line, fixes = text.rstrip().count("\n") + 1, _TWICE
    fix = next((fix for begins, fix in fixes.items() if says.startswith(begins)), _NOT_CLOSED)
    return f"{name}, line {line}: {says[:1].lower()}{says[1:]}; {fix}."


def faults_of(error: ValidationError) -> Iterator[Fault]:
    """What pydantic found."""
    for each in error.errors():
        yield Fault(each["loc"], _says(each["type"], each["loc"], each["input"], each.get("ctx", {})))


def dotted(path: Path) -> str:
    """The keys as one would write them in one line; indices are left out."""
    keys = (each for each in path if isinstance(each, str))
    return ".".join(each if _BARE.fullmatch(each) else f'"{each}"' for each in keys)


def _says(kind: str, path: Path, value: Any, context: dict[str, Any]) -> str:
    table, rest = _table_of(path)
    if kind == "extra_forbidden":
        return _unknown(str(rest[0]), table)
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return f"is missing; it may be {table.model_fields[str(rest[0])].title}"
    field = table.model_fields.get(str(rest[0]))
    shown = json.dumps(value, default=str, ensure_ascii=False)
    shown = shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}…"
    verb = "hold" if isinstance(rest[-1], int) else "be"
    return f"cannot {verb} {shown}; it may be {(field and field.title) or 'a table'}"


def _unknown(key: str, table: type[BaseModel]) -> str:
    if key in File.model_fields and key not in table.model_fields:
        return "does not belong here; move it up, before the first line that begins with ["
    close = get_close_matches(key, table.model_fields, n=1)
    return f"is not known; did you mean `{close[0]}`?" if close else f"is not known; here may be {_listed(table)}"


def _listed(table: type[BaseModel]) -> str:
    return ", ".join(f"`{each}`" for each in table.model_fields)


def _table_of(path: Path) -> tuple[type[BaseModel], Path]:
    """What the innermost table on the path is, and the steps inside it."""
    table: type[BaseModel] = File
    match path:
        case ("slack" | "discord", "workspace" | "guild", _, "channel", _, _, *_):
            table, path = Layer, path[5:]
        case ("slack" | "discord", "workspace" | "guild", _, _, *_):
            table, path = Workspace, path[3:]
        case ("slack" | "discord" as platform, _, *_):
            table, path = (Slack if platform == "slack" else Discord), path[1:]
        case ("webhooks", _, _, *_):
            return Webhook, path[2:]
        case ("digest" | "alert" | "mlflow" | "nats" | "checks" as name, _, *_):
            return _TABLES[name], path[1:]
        case ("push", _, _, *_):
            return Push, path[2:]
        case ("push", _):
            return Pushes, path[1:]
    match path:
        case ("heard" | "unheard" | "answered" | "unanswered" | "choose_model", _, *_):
            table, path = SomeThere, path[1:]
        case ("segments", _, _, *_):
            table, path = Some, path[2:]
    return table, path
