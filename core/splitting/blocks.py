"""Markdown's blocks, read a line at a time: the quotes and list items a line stands in, and what it is there.

Follows CommonMark 0.31 (spec.commonmark.org) and GFM's tables as far as a cut needs it. A line is read knowing only
what came before it, so that a growing text is read once. What stands inside a paragraph is not looked at, and HTML is
taken for text, as chat platforms take it.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

_FENCE: Final = re.compile(r"(?P<ticks>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)")
_HEADING: Final = re.compile(r"#{1,6}(?: |$)")
_UNDERLINE: Final = re.compile(r" {0,3}(?:=+|-+) *$")
_RULE: Final = re.compile(r"(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$")
_ITEM: Final = re.compile(r"(?P<mark>[-+*]|(?P<number>\d{1,9})[.)])(?P<gap> +|$)")
_DELIMITERS: Final = re.compile(r"\|? *:?-+:? *(?:\| *:?-+:? *)*\|?$")
PIPE: Final = re.compile(r"(?<!\\)\|")
_CODE_INDENT: Final = 4
_LONG_INFO: Final = 60
"""Characters after a fence beyond which they are no language to repeat."""


class Kind(Enum):
    """What a block without blocks in it can be."""

    PARAGRAPH = auto()
    HEADING = auto()
    RULE = auto()
    FENCED = auto()
    INDENTED = auto()
    TABLE = auto()


@dataclass(frozen=True, slots=True)
class Container:
    """A block quote or a list item: what opens it, and what lines further down in it begin with."""

    opening: str
    continuing: str
    style: str = ""
    """Of a list item, its bullet or what follows its number: items of one style make one list."""
    number: int = 0

    @property
    def is_item(self) -> bool:
        """A list item, rather than a quote."""
        return bool(self.style)

    def after(self, sibling: "Container") -> "Container":
        """This item with the number that it has after `sibling`: a list written `1. 1. 1.` reads 1, 2, 3.

        A number that needs more room than the one it was written with stays as written: it would move what is below.
        """
        if not self.number or sibling.style != self.style:
            return self
        number = sibling.number + 1
        written = self.opening.lstrip(" ")
        opening = " " * (len(self.opening) - len(written)) + str(number) + written.lstrip("0123456789")
        return replace(self, opening=opening if len(opening) == len(self.opening) else self.opening, number=number)


QUOTE: Final = Container("> ", "> ")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A block that holds no others."""

    kind: Kind
    opening: tuple[str, ...] = ()
    """What a part that goes on with it begins with: the fence's line, the table's first two, the heading's signs."""
    closing: str = ""
    """The line that ends a fenced block."""
    last: str = ""
    """Of a paragraph, its last line, which may turn out to be a table's head."""
    skipped: str = ""
    """Of a table whose row was cut, the empty cells that put the rest in its place."""


@dataclass(frozen=True, slots=True)
class State:
    """What is open at a point of the text."""

    containers: tuple[Container, ...] = ()
    leaf: Leaf | None = None
    mid_line: bool = False
    """The point is inside a line; the next text goes on with the leaf, whatever it looks like."""
    marks: tuple[str, ...] = ()
    """Emphasis and code that is open there, outermost first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, `text[start:stop]` without its line end, and what reading it told."""

    start: int
    stop: int
    before: State
    after: State
    leaf: Leaf | None
    """What the line's own words belong to."""
    blank: bool
    """Nothing stands in it, or only the signs of quotes."""
    kept: int
    """How many of the containers open before it still hold it."""
    content: int
    """The column where their prefix ends."""
    continues: bool = False
    """It goes on with the leaf that was open."""

    @property
    def is_row(self) -> bool:
        """It is a table's row, or looks like one that no table is known for yet."""
        return self.leaf is not None and (self.leaf.kind is Kind.TABLE or self.leaf.last.startswith("|"))

    def goes_on_with(self, kind: Kind) -> bool:
        """It goes on with a block of this kind, which a line above it began."""
        return self.continues and self.before.leaf is not None and self.before.leaf.kind is kind

    @property
    def ends_fence(self) -> bool:
        """It is the fence that ends a code block."""
        return self.continues and self.after.leaf is None and self.leaf is not None and self.leaf.kind is Kind.FENCED

    @property
    def is_sibling(self) -> bool:
        """It opens a list item where one has just ended."""
        ended, begun = self.before.containers[self.kept :], self.after.containers[self.kept :]
        return bool(ended and begun and ended[0].is_item and ended[0].style == begun[0].style)


def read(state: State, text: str, start: int = 0) -> Line:
    """Read the line `text`, which begins at `start`, where `state` is open."""
    if state.mid_line:
        return _rest_of_line(state, text, start)
    columns = text.expandtabs(4)
    kept, at = _descend(state.containers, columns)
    inner = kept == len(state.containers)
    leaf = state.leaf if inner else None
    empty = not columns[at:].strip(" ")

    def line(containers: tuple[Container, ...], own: Leaf | None, after: Leaf | None, *, continues: bool) -> Line:
        blank = empty or not (own or any(each.is_item for each in containers[kept:]))
        holding = len(state.containers) if continues else kept
        return Line(start, start + len(text), state, State(containers, after), own, blank, holding, at, continues)

    if leaf and leaf.kind is Kind.FENCED:
        ended = _ends(leaf, columns[at:])
        return line(state.containers, leaf, None if ended else leaf, continues=True)
    if empty:
        indented = leaf if leaf and leaf.kind is Kind.INDENTED else None
        return line(state.containers[:kept], None, indented, continues=False)
    if leaf and leaf.kind is Kind.PARAGRAPH and (turned := _turned(leaf, columns[at:])):
        return line(state.containers, turned, turned if turned.kind is Kind.TABLE else None, continues=True)
    opened, new = _open(columns, at, interrupts=leaf is not None and leaf.kind is Kind.PARAGRAPH)
    if not opened and new and (going_on := _going_on(state.leaf, new, inner=inner)):
        return line(state.containers, going_on, going_on, continues=True)
    if opened and kept < len(state.containers):
        opened = (opened[0].after(state.containers[kept]), *opened[1:])
    lasting = None if new and new.kind in {Kind.HEADING, Kind.RULE} else new
    return line((*state.containers[:kept], *opened), new, lasting, continues=False)


def _rest_of_line(state: State, text: str, start: int) -> Line:
    lasting = None if state.leaf and state.leaf.kind is Kind.HEADING else state.leaf
    after = State(state.containers, lasting)
    blank = not text.strip(" \t")
    return Line(start, start + len(text), state, after, state.leaf, blank, len(state.containers), 0, continues=True)


def _indent(columns: str, at: int) -> int:
    return len(columns) - at - len(columns[at:].lstrip(" "))


def _descend(containers: tuple[Container, ...], columns: str) -> tuple[int, int]:
    """How many of `containers` hold the line, and the column where their prefix ends."""
    at = 0
    for kept, container in enumerate(containers):
        indent = _indent(columns, at)
        bare = columns[at + indent :]
        if container.is_item and (not bare or indent >= len(container.continuing)):
            at = min(at + len(container.continuing), len(columns))
        elif not container.is_item and indent < _CODE_INDENT and bare.startswith(">"):
            at += indent + 1 + bare.startswith("> ")
        else:
            return kept, at
    return len(containers), at


def _open(columns: str, at: int, *, interrupts: bool) -> tuple[tuple[Container, ...], Leaf | None]:
    """The containers that begin at column `at`, and the leaf in them (None for an item that is still empty)."""
    opened: list[Container] = []
    while True:
        indent = _indent(columns, at)
        bare = columns[at + indent :]
        if not bare:
            return tuple(opened), None
        if indent >= _CODE_INDENT:
            return tuple(opened), Leaf(Kind.PARAGRAPH if interrupts else Kind.INDENTED)
        if bare.startswith(">"):
            opened.append(QUOTE)
            at += indent + 1 + bare.startswith("> ")
        elif not _RULE.match(bare) and (item := _item(bare, indent, interrupts=interrupts)):
            opened.append(item)
            at = min(at + len(item.opening), len(columns))
        else:
            return tuple(opened), _leaf(bare, indent)
        interrupts = False


def _item(bare: str, indent: int, *, interrupts: bool) -> Container | None:
    item = _ITEM.match(bare)
    empty = item is not None and item.end() == len(bare)
    if item is None or (interrupts and (empty or (item["number"] and int(item["number"]) != 1))):
        return None
    gap = 1 if empty or len(item["gap"]) > _CODE_INDENT else len(item["gap"])
    width = indent + len(item["mark"]) + gap
    opening = " " * indent + item["mark"] + " " * gap
    return Container(opening, " " * width, item["mark"][-1], int(item["number"] or 0))


def _leaf(bare: str, indent: int) -> Leaf:
    if _RULE.match(bare):
        return Leaf(Kind.RULE)
    if heading := _HEADING.match(bare):
        return Leaf(Kind.HEADING, (heading[0].strip() + " ",))
    if fence := _FENCE.match(bare):
        info = fence["info"] if len(fence["info"]) <= _LONG_INFO else ""
        ticks = " " * indent + fence["ticks"]
        return Leaf(Kind.FENCED, (ticks + info,), ticks)
    return Leaf(Kind.PARAGRAPH, last=bare)


def _ends(leaf: Leaf, rest: str) -> bool:
    """Whether `rest` is the fence that ends a fenced block."""
    bare, ticks = rest.strip(" "), leaf.closing.strip(" ")
    return _indent(rest, 0) < _CODE_INDENT and bare.startswith(ticks) and not bare.strip(ticks[0])


def _turned(paragraph: Leaf, rest: str) -> Leaf | None:
    """What a paragraph's next line `rest` makes of it: a table, a heading, or (None) nothing else."""
    if _indent(rest, 0) >= _CODE_INDENT:
        return None
    bare = rest.strip(" ")
    if "|" in paragraph.last and _DELIMITERS.match(bare) and _columns(bare) == _columns(paragraph.last):
        return Leaf(Kind.TABLE, (paragraph.last, bare))
    return Leaf(Kind.HEADING) if _UNDERLINE.match(rest) else None


def _columns(row: str) -> int:
    return len(PIPE.findall(row.strip(" ").removeprefix("|").removesuffix("|"))) + 1


def _going_on(leaf: Leaf | None, new: Leaf, *, inner: bool) -> Leaf | None:
    """The open `leaf` after a line that would be `new` on its own, if that line goes on with it."""
    if leaf is None or new.kind not in {Kind.PARAGRAPH, Kind.INDENTED}:
        return None
    if leaf.kind is Kind.PARAGRAPH:
        if inner and new.last.startswith("|") and not leaf.last.startswith("|"):
            return None  # a table may interrupt a paragraph, and what begins with a pipe will hardly be anything else
        return Leaf(Kind.PARAGRAPH, last=new.last if inner and new.kind is Kind.PARAGRAPH else "")
    same = leaf.kind is new.kind or (leaf.kind is Kind.TABLE and new.kind is Kind.PARAGRAPH)
    return leaf if inner and same else None
