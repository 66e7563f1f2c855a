"""Checks: what code can say of a reply without knowing what is right. A registry, and those that come with Plaudit.

A check is a function of a `CheckedReply`. It gives True where the reply is as it should be, False where it is not, a
number to be averaged, a `Finding` with a reason, or None where it does not apply. One's own are found by the entry
points `plaudit.checks`, or by `checks = ["my_package.my_checks"]` in plaudit.toml: modules that use `check` themselves.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final, TypeAlias, TypeVar

from core.errors import SettingsError

ENTRY_POINTS: Final = "plaudit.checks"
LONGEST: Final = 4_000
"""Characters, beyond which people in a chat scroll."""
_REPEATED: Final = 3
_SHORTEST_LINE: Final = 20
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedReply:
    """What a check sees of a reply."""

    question: str
    """Empty where it is not known."""
    text: str
    finish_reason: str | None = None
    """What the model said of its end: `stop`, `length`, …"""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says, with its reason."""

    value: bool | float
    reason: str = ""


Result: TypeAlias = Finding | bool | float | None
Function: TypeAlias = Callable[[CheckedReply], Result]
AnyFunction = TypeVar("AnyFunction", bound=Function)


@dataclass(frozen=True, slots=True)
class Check:
    """A function with its name."""

    name: str
    """What its assessments are called."""
    version: str
    """Another one where it says something else than before: replies are then checked again."""
    function: Function
    meaning: str
    """The function's first line."""

    @property
    def source_id(self) -> str:
        """Who says it, in the log."""
        return f"{self.name}@{self.version}"

    def of(self, reply: CheckedReply) -> Finding | None:
        """What it says of a reply; None where it does not apply. Raises what the function raises."""
        result = self.function(reply)
        return result if result is None or isinstance(result, Finding) else Finding(result)


_CHECKS: Final[dict[str, Check]] = {}


def check(name: str, *, version: str = "1") -> Callable[[AnyFunction], AnyFunction]:
    """Makes a function a check. Name it for what is as it should be: True is good.

    Raises ValueError for a name that people's or judges' assessments have, or that another check has.
    """
    if not _NAME.fullmatch(name) or name.startswith(("user_", "judge_")):
        raise ValueError(f"A check cannot be called {name!r}: write a–z, 0–9 and _, and not user_… or judge_….")

    def register(function: AnyFunction) -> AnyFunction:
        known = _CHECKS.get(name)
        if known is not None and (known.function.__module__, known.function.__qualname__) != (
            function.__module__,
            function.__qualname__,
        ):
            raise ValueError(f"There is a check {name} already, in {known.function.__module__}.")
        first = (function.__doc__ or "").strip().splitlines()
        _CHECKS[name] = Check(name, version, function, first[0] if first else "")
        return function

    return register


def all_checks(modules: Iterable[str] = ()) -> list[Check]:
    """Every check there is, by name; those of `modules` and of the entry points are loaded.

    Raises SettingsError where one cannot be loaded.
    """
    for module in modules:
        try:
            import_module(module)
        except Exception as error:  # whatever goes wrong in somebody's module
            raise SettingsError(
                f"The checks in {module} cannot be loaded: {error!r}. See `checks` in plaudit.toml."
            ) from error
    for point in entry_points(group=ENTRY_POINTS):
        try:
            point.load()
        except Exception as error:  # the same
            raise SettingsError(f"The checks of {point.value} cannot be loaded: {error!r}.") from error
    return [_CHECKS[name] for name in sorted(_CHECKS)]


@check("not_empty")
def not_empty(reply: CheckedReply) -> bool:
    """The answer says something."""
    return bool(reply.text.strip())


_REFUSAL: Final = re.compile(
    r"\b(?:i|we)(?:['’]m| am| are|['’]re)?\s+"
    r"(?:sorry,?\s+but\b|(?:really |very )?sorry[^.\n]{0,40}\b(?:can(?:no|['’])t|unable)|"
    r"(?:can(?:no|['’])t|can not|won['’]t|will not|unable to|not able to|not allowed to|must decline to)\s+"
    r"(?:help|assist|answer|comply|provide|fulfil|do that|discuss|share|continue|support))"
    r"|\bas an ai(?: language)?(?: model)?\b",
    re.IGNORECASE,
)
_BEGINNING: Final = 300
"""Characters in which a refusal stands; later ones are about something."""


@check("no_refusal")
def no_refusal(reply: CheckedReply) -> Finding:
    """The answer does not begin with a refusal (English phrases)."""
    match = _REFUSAL.search(reply.text[:_BEGINNING])
    return Finding(match is None, f"it says “{match[0]}”" if match else "")


_FENCE: Final = re.compile(
    r"^ {0,3}```[ \t]*json[c5]?[ \t]*\n(.*?)^ {0,3}```[ \t]*$", re.DOTALL | re.MULTILINE | re.IGNORECASE
)
_ASKS_FOR_JSON: Final = re.compile(r"\b(?:as|in|only|valid|return|give me|with) json\b", re.IGNORECASE)


@check("valid_json")
def valid_json(reply: CheckedReply) -> Finding | None:
    """The JSON in the answer can be read: each block that says it is JSON, or all of it where JSON was asked for."""
    blocks = [match[1] for match in _FENCE.finditer(reply.text)]
    if not blocks and _ASKS_FOR_JSON.search(reply.question) and reply.text.lstrip().startswith(("{", "[")):
        blocks = [reply.text]
    for block in blocks:
        try:
            json.loads(block)
        except (ValueError, RecursionError) as error:
            return Finding(value=False, reason=str(error) or "it is nested too deeply")
    return Finding(value=True) if blocks else None


@check("closed_code")
def closed_code(reply: CheckedReply) -> bool | None:
    """Every code block that is opened is closed."""
    fences = re.findall(r"^ {0,3}(```|~~~)", reply.text, re.MULTILINE)
    return len(fences) % 2 == 0 if fences else None


@check("not_too_long")
def not_too_long(reply: CheckedReply) -> Finding:
    """The answer has at most 4,000 characters."""
    length = len(reply.text)
    return Finding(length <= LONGEST, f"{length} characters" if length > LONGEST else "")


@check("not_cut_off")
def not_cut_off(reply: CheckedReply) -> Finding | None:
    """The model ended its answer itself, and not for want of tokens."""
    if reply.finish_reason is None:
        return None
    return Finding(reply.finish_reason != "length", "max_tokens was reached" if reply.finish_reason == "length" else "")


@check("no_repetition")
def no_repetition(reply: CheckedReply) -> Finding:
    """No line of some length stands in the answer more than twice, as in a model that has lost its way."""
    text = re.sub(r"^ {0,3}```.*?^ {0,3}```", "", reply.text, flags=re.DOTALL | re.MULTILINE)
    pieces = (each.strip() for each in re.split(r"(?<=[.!?])\s+|\n+", text))
    counts = Counter(each for each in pieces if len(each) >= _SHORTEST_LINE and not each.startswith("|"))
    line, times = counts.most_common(1)[0] if counts else ("", 0)
    return Finding(times < _REPEATED, f"{times} times “{line[:80]}”" if times >= _REPEATED else "")


@check("length")
def length(reply: CheckedReply) -> float:
    """How many characters the answer has."""
    return len(reply.text)
