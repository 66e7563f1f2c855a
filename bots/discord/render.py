"""A reply as Discord shows it. No I/O.

Discord knows most of Markdown; the two things it lacks, tables and small headings, are put into what it has.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from core.ports import Limits, Rate
from core.splitting.blocks import Kind, State, read

MESSAGE_LENGTH: Final = 2_000
"""Code points, not UTF-16 units: github.com/discord/discord-api-docs/issues/1315."""

_SUPPRESS_EMBEDS: Final = 1 << 2
_SMALL_HEADING: Final = re.compile(r" {0,3}#{4,6} +(.*?)(?: +#*)? *$")
_CELL_END: Final = re.compile(r"(?<!\\)\|")
_MARKS: Final = re.compile(r"\*\*|__|`")
_GAP: Final = "  "
_WIDEST: Final = 32
"""Columns of the screen up to which the cells of a table's column are filled up; longer ones stand out."""
_read: Final = lru_cache(4096)(read)
"""The same lines are measured again and again while a reply grows."""
_RULE: Final = re.compile(r" *(:?)-+(:?) *")


def length(markdown: str) -> int:
    """Characters that `markdown` takes, at the least its own: so that it never takes fewer when it grows."""
    return max(len(markdown), len(shown(markdown)))


LIMITS: Final = Limits(message_length=MESSAGE_LENGTH, edits=Rate(5, 5.0), looks=Rate(50, 10.0), measure=length)
"""Edits are limited for each channel; the numbers are what Discord's users observe, its answers tell the real ones.

Looks are a tenth of what a bot may call in all, and go behind everything else."""


def render(markdown: str) -> dict[str, Any]:
    """The body of a message, new or edited. No mention in it rings, no link in it unfolds."""
    return {"content": shown(markdown), "allowed_mentions": {"parse": []}, "flags": _SUPPRESS_EMBEDS}


def shown(markdown: str) -> str:
    """`markdown` with tables as monospaced columns, and headings of the fourth rank and below in bold."""
    if "|" not in markdown and "####" not in markdown:
        return markdown
    lines: list[str] = []
    table: list[str] = []
    state = State()
    for text in markdown.split("\n"):
        line = _read(state, text)
        state = line.after
        kind = line.leaf.kind if line.leaf and not state.containers else None
        if kind is Kind.TABLE:
            # The line above, read as a paragraph's, was its head.
            table.extend((text,) if table else (lines.pop(), text))
            continue
        lines += _columns(tuple(table))
        table = []
        small = _SMALL_HEADING.match(text) if kind is Kind.HEADING else None
        lines.append(f"**{small[1]}**" if small and small[1] else text)
    return "\n".join([*lines, *_columns(tuple(table))])


@lru_cache(256)
def _columns(table: tuple[str, ...]) -> Sequence[str]:
    """The lines of a table as a block of monospaced columns; `table` begins with its head and the rule below it."""
    if not table:
        return ()
    rows = [_cells(row) for row in (table[0], *table[2:])]
    size = max(len(row) for row in rows)
    rows = [row + [""] * (size - len(row)) for row in rows]
    widths = [min(_WIDEST, max(1, *(_width(row[column]) for row in rows))) for column in range(size)]
    rights = [bool(found and found[2] and not found[1]) for found in map(_RULE.fullmatch, _split(table[1]))]
    rights += [False] * (size - len(rights))
    head, *body = (_line(row, widths, rights) for row in rows)
    return ["```", head, _GAP.join("─" * width for width in widths), *body, "```"]


def _line(row: Sequence[str], widths: Sequence[int], rights: Sequence[bool]) -> str:
    cells = []
    for cell, width, right in zip(row, widths, rights, strict=False):
        room = " " * (width - _width(cell))
        cells.append(room + cell if right else cell + room)
    return _GAP.join(cells).rstrip()


def _cells(row: str) -> list[str]:
    return [_MARKS.sub("", each.replace(r"\|", "|")).strip() for each in _split(row)]


def _split(row: str) -> list[str]:
    bare = row.strip()
    bare = bare.removeprefix("|")
    bare = bare[:-1] if bare.endswith("|") and not bare.endswith(r"\|") else bare
    return _CELL_END.split(bare)


def _width(text: str) -> int:
    """Columns of the screen: the scripts of East Asia and most emoji take two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
