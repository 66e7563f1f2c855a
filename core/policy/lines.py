"""On which line of a TOML text a key stands: `tomllib` reads values and forgets where they were.

Every statement is read by `tomllib` itself, so quoting and escapes are its. It knows nothing of what the keys mean.
"""

import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""The keys, and indices into arrays, that lead to a value."""

_LONGEST: Final = 500
"""Lines of a statement in which an element is searched: they are read over and over, and the bot waits meanwhile."""
_CLOSES: Final = ("]", "}", '"""', "'''")
"""One of these is on the last line of whatever goes over several."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """A header, or a key with its value, below the table `table`."""

    table: Path
    says: Any
    first: int
    """The number of its first line."""
    lines: Sequence[str]

    def depth(self, path: Path) -> int:
        """How many steps of `path` it goes along."""
        if self.table != path[: len(self.table)]:
            return 0
        return len(self.table) + _steps(self.says, path[len(self.table) :])


def line_of(text: str, path: Path) -> int:
    """The number, from 1, of the line on which `path` stands in `text`, which is valid TOML.

    Of a table it is the first line that names it, of an element of an array the line on which the element ends. For
    what is not there it is the line of the innermost thing around it that is; 1 where there is none.
    """
    statements = list(_statements(text.replace("\r\n", "\n").split("\n")))
    best = max(statements, key=lambda each: each.depth(path), default=None)
    return _line_inside(best, path[len(best.table) :]) if best and best.depth(path) else 1


def _statements(lines: Sequence[str]) -> Iterator[_Statement]:
    table: Path = ()
    index = 0
    arrays = Counter[Path]()
    while index < len(lines):
        line = lines[index].strip()
        end, says = index + 1, None
        if line.startswith("["):
            says = tomllib.loads(line)
            table = _named_by(says)
            if line.startswith("[["):
                # By itself each such header names the first table of its array.
                *array, _ = table
                table = (*array, arrays[table])
                says, arrays[(*array, 0)] = _nested(table), arrays[(*array, 0)] + 1
            yield _Statement((), says, index + 1, lines[index:end])
        elif line and not line.startswith("#"):
            end, says = _statement_at(lines, index)
            yield _Statement(table, says, index + 1, lines[index:end])
        index = end


def _named_by(header: Any) -> Path:
    path: Path = ()
    while header:
        step: str | int = 0 if isinstance(header, list) else next(iter(header))
        path, header = (*path, step), header[step]
    return path


def _nested(path: Path) -> Any:
    says: Any = {}
    for step in reversed(path):
        says = {step: says}
    return says


def _statement_at(lines: Sequence[str], first: int) -> tuple[int, Any]:
    """Where the statement ends that begins there, and what it says: the fewest lines that are TOML by themselves."""
    for end in range(first + 1, len(lines) + 1):
        if end == first + 1 or any(each in lines[end - 1] for each in _CLOSES):
            try:
                return end, tomllib.loads("\n".join(lines[first:end]))
            except tomllib.TOMLDecodeError:
                continue
    return len(lines), {}


def _line_inside(statement: _Statement, path: Path) -> int:
    """The number of the line on which what `path` leads to ends; the first where it is all of the statement."""
    along = path[: _steps(statement.says, path)]
    if not any(isinstance(each, int) for each in along) or len(statement.lines) > _LONGEST:
        return statement.first
    for count in range(1, len(statement.lines)):
        begun = "\n".join(statement.lines[:count]) + "\n"
        if any(_says(begun + closing, along) for closing in _closings(statement.says, along)):
            return statement.first + count - 1
    return statement.first + len(statement.lines) - 1


def _closings(says: Any, path: Path) -> tuple[str, str]:
    """What would end the containers on the way, from the inside out: a table may have been given braces, or dots."""
    containers = []
    for step in path[:-1]:
        says = says[step]
        containers.append("]" if isinstance(says, list) else "}")
    with_braces = "".join(reversed(containers))
    return with_braces, with_braces.replace("}", "")


def _says(text: str, path: Path) -> bool:
    try:
        return _steps(tomllib.loads(text), path) == len(path)
    except tomllib.TOMLDecodeError:
        return False


def _steps(says: Any, path: Path) -> int:
    """How many steps of `path` lead from value to value."""
    for count, step in enumerate(path):
        try:
            says = says[step]
        except (KeyError, IndexError, TypeError):
            return count
    return len(path)
