"""How a bot loads its code: without the libraries' docstrings, 5 MB that it would hold for as long as it runs.

As `python -OO` would, but our own commands keep their help, assertions stay, and no compiled files of another kind are
needed, for which there may be no place to write.
"""

import gc
import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Final

WORDY: Final = frozenset(
    {"aiohttp", "discord", "httpx2", "huggingface_hub", "pydantic", "slack_bolt", "slack_sdk", "sqlalchemy"}
)
"""Packages with much to say. None of them does anything with it but SQLAlchemy, which adds to it: so a dot is left."""
_LEFT: Final = "."
_SELDOM: Final = 50_000
"""New objects after which it is looked for what to free; usually it is 700."""
_HAS_DOCSTRING: Final = getattr(inspect, "CO_HAS_DOCSTRING", 0)
"""Python 3.13 and later say whether a function has one; before, the first constant is None where it has none."""


@contextmanager
def loading() -> Iterator[None]:
    """What is imported in this block stays: to look through it for what to free takes a fifth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(_SELDOM, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def drop_docstrings() -> None:
    """Load what is imported from now on without them; again, nothing."""
    if not any(isinstance(each, _Finder) for each in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def without_docstrings(code: CodeType) -> CodeType:
    """The same code; the docstrings of the classes and functions in it are a dot."""
    constants = [without_docstrings(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    at = _docstring(code)
    if at is not None:
        constants[at] = _LEFT
    elif all(new is old for new, old in zip(constants, code.co_consts, strict=True)):
        return code
    return code.replace(co_consts=tuple(constants))


def _docstring(code: CodeType) -> int | None:
    """Where among the constants it is."""
    if code.co_flags & inspect.CO_OPTIMIZED:
        has_one = code.co_flags & _HAS_DOCSTRING if _HAS_DOCSTRING else not code.co_name.startswith("<")
        return 0 if has_one and code.co_consts and isinstance(code.co_consts[0], str) else None
    if "__qualname__" in code.co_names and "__doc__" in code.co_names[:5]:
        # A class: its name comes first.
        return next((at for at, each in enumerate(code.co_consts) if at and isinstance(each, str)), None)
    return None


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType | None:
        code = super().get_code(fullname)
        return code and without_docstrings(code)


class _Finder:
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As Python finds it, with another loader; None for whatever is not wordy."""
        if name.partition(".")[0] not in WORDY:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec
