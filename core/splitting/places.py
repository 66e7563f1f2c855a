"""The places where a text may be cut, and how good each is: before a line, between words, between characters.

What limit there is, and which of the places is taken, is not known here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import groupby, pairwise
from typing import Final

from core.splitting.blocks import PIPE, Kind, Leaf, Line, State
from core.splitting.graphemes import is_boundary
from core.splitting.inline import Inlines, scan


class Rank(IntEnum):
    """How good a place is, the best first."""

    BLOCK = 0
    ITEM = 1
    """Between list items, table rows, stretches of code."""
    LINE = 2
    """Between lines of code, blocks inside of an item or a quote."""
    SENTENCE = 3
    WORD = 4
    INSIDE = 5
    """Between words that emphasis or a line of code holds together, or after a heading."""
    BROKEN = 6
    """Between words of a table's row or of code in a line."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A place, and what is open there."""

    position: int
    state: State
    rank: Rank = Rank.BROKEN


_CJK: Final = "\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_NOT_FIRST: Final = (
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ々"  # Japanese keeps them off a line's beginning (JIS X 4051)
)
_WORD: Final = re.compile(
    "(?<=[ \t\u2000-\u2006\u2008-\u200b\u3000])(?=[^ \t\n])"
    f"|(?<=[{_CJK}、。，！？；：」』）])(?=[{_CJK}「『（])(?![{_NOT_FIRST}])"
)
_SENTENCE_END: Final = re.compile(r"[.!?…。！？][\"'”’»)\]*_~`」』）]*\s*$")
_ABBREVIATION: Final = re.compile(r"(?:\b(?:\w|\d\d|e\.g|i\.e|etc|vs|cf|ca|Dr|Mr|Mrs|Ms|St|No|Nr|approx))\.\s*$")
_SIGNS_ONLY: Final = re.compile(r"[-=|:+*_#~` \t\d.)>]*(?:\n|$)")
_LIKE_A_BLOCK: Final = re.compile(r"(?:[-+*]|\d{1,9}[.)]|#{1,6})(?:\s|$)|>|`{3}|~{3}|={1,}\s*(?:\n|$)")
_LIKE_A_HEADING: Final = re.compile(r"\s*(?:\*\*|__)[^*_]{1,80}(?:\*\*|__):?\s*$")
_PREFIX: Final = re.compile(r"(?:[ \t>]|(?:[-+*]|\d{1,9}[.)]|#{1,6}|\[[ xX]\])[ \t])*")
_LOOK_BACK: Final = 24
"""Characters in which a sentence's end and the word before it are found."""


def between_lines(text: str, lines: Sequence[Line]) -> Iterator[Cut]:
    """The places before a line that begins something new, or another row or line of code."""
    filled = [each for each in lines if not each.blank]
    for before, line in pairwise(filled):
        after_gap = text.find("\n", before.stop + 1, line.start) >= 0
        rank = _rank(line, text[before.start : before.stop], before, after_gap=after_gap)
        if rank is not None and not _may_change(text, before, line, after_gap=after_gap):
            yield Cut(line.start, line.before, rank)


def _rank(line: Line, said: str, before: Line, *, after_gap: bool) -> Rank | None:
    """How good a cut before `line` is, which follows `before`, where `said` stands; None where there is to be none."""
    if line.continues:
        return _rank_in_leaf(line, before, after_gap=after_gap)
    if before.leaf and (before.leaf.kind is Kind.HEADING or _LIKE_A_HEADING.match(said)):
        return Rank.INSIDE
    if line.kept:
        return Rank.LINE
    if line.is_sibling:
        return Rank.ITEM
    return Rank.LINE if said.rstrip().endswith((":", "：")) else Rank.BLOCK


def _rank_in_leaf(line: Line, before: Line, *, after_gap: bool) -> Rank | None:
    kind = line.leaf.kind if line.leaf else Kind.PARAGRAPH
    if kind is Kind.TABLE:
        is_row = before.leaf == line.leaf and before.before.leaf == line.leaf
        return Rank.ITEM if is_row else None
    if kind not in {Kind.FENCED, Kind.INDENTED} or line.ends_fence or not before.continues:
        return None
    return Rank.ITEM if after_gap else Rank.LINE


def _may_change(text: str, before: Line, line: Line, *, after_gap: bool) -> bool:
    """Whether what `line` turns out to be may change what is above: an underline, a table's second line."""
    kind = line.before.leaf.kind if line.before.leaf else None
    if kind is Kind.FENCED:
        return line.stop == len(text) and not text[line.start : line.stop].strip(" `~")
    if after_gap or before.after.leaf is None or before.after.leaf.kind is not Kind.PARAGRAPH:
        return False
    return bool(_SIGNS_ONLY.match(text, line.start))


def between_words(text: str, lines: Sequence[Line]) -> Iterator[Cut]:
    """The places between words, and between the lines of a paragraph."""
    for region in _regions(lines):
        found = _inlines(text, region, lines)
        for line in region:
            yield from _in_line(text, line, found, first=line is region[0])


def _regions(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The lines that belong together: a paragraph's, or one line of anything else."""
    number = 0

    def paragraph(line: Line) -> int:
        nonlocal number
        number += not line.goes_on_with(Kind.PARAGRAPH)
        return number

    for _, region in groupby((each for each in lines if not each.blank), key=paragraph):
        yield list(region)


def _inlines(text: str, region: Sequence[Line], lines: Sequence[Line]) -> Inlines:
    """What the paragraph `region` holds, at its places in `text`."""
    start, last = region[0].start, region[-1]
    if last.leaf and last.leaf.kind in {Kind.FENCED, Kind.INDENTED}:
        return Inlines()
    marks = "".join(region[0].before.marks)
    return scan(marks + text[start : last.stop], goes_on=last is lines[-1]).shifted(start - len(marks))


def _in_line(text: str, line: Line, found: Inlines, *, first: bool) -> Iterator[Cut]:
    """The places between the words of `line`, and before it where it goes on with the paragraph above."""
    stop = min(line.stop, len(text) - 1)
    begin = _begin(text, line)
    places = [each.start() for each in _WORD.finditer(text, begin, stop + 1) if begin < each.start() <= stop]
    state = State(line.after.containers, line.leaf, mid_line=True)
    if not first and not _SIGNS_ONLY.match(text, line.start):
        yield from _in_text(text, [line.start], found, line.before)
    if line.is_row:
        whole = (each for each in places if not (found.atom_at(each) or found.marks_at(each)))
        yield from (Cut(each, _inside(text, line, each), Rank.BROKEN) for each in whole)
    elif line.leaf and line.leaf.kind is Kind.PARAGRAPH:
        yield from _in_text(text, places, found, state)
    elif line.leaf and line.leaf.kind is not Kind.RULE and not _is_fence(line):
        whole = (each for each in places if not found.atom_at(each))
        yield from (Cut(each, replace(state, marks=found.marks_at(each)), Rank.INSIDE) for each in whole)


def _in_text(text: str, places: Sequence[int], found: Inlines, state: State) -> Iterator[Cut]:
    for at in places:
        marks, atom = found.marks_at(at), found.atom_at(at)
        if atom and atom.mark:
            yield Cut(at, replace(state, marks=(*marks, atom.mark)), Rank.BROKEN)
        elif atom or _LIKE_A_BLOCK.match(text, at) or _SIGNS_ONLY.match(text, at):
            continue
        elif marks:
            yield Cut(at, replace(state, marks=marks), Rank.INSIDE)
        else:
            yield Cut(at, state, Rank.SENTENCE if _ends_sentence(text, at) else Rank.WORD)


def _ends_sentence(text: str, at: int) -> bool:
    said = text[max(0, at - _LOOK_BACK) : at]
    return bool(_SENTENCE_END.search(said)) and not _ABBREVIATION.search(said) and not text[at : at + 1].islower()


def _in_row(text: str, line: Line, at: int) -> State:
    """What is open inside a table's row: the table, and as many empty cells as stand before."""
    leaf = line.leaf or Leaf(Kind.TABLE)
    above = leaf.skipped if line.before.mid_line else "| "
    said = text[_begin(text, line) : at]
    said = said if line.before.mid_line else said.removeprefix("|")
    skipped = above + "| " * len(PIPE.findall(said))
    return State(line.after.containers, replace(leaf, skipped=skipped), mid_line=True)


def between_characters(text: str, lines: Sequence[Line], *, into_atoms: bool) -> Iterator[Cut]:
    """The places between two characters, the last one first; those in links, code and rows only if told so."""
    for region in reversed(list(_regions(lines))):
        found = _inlines(text, region, lines)
        for line in reversed(region):
            for at in range(min(line.stop, len(text) - 1), _begin(text, line), -1):
                atom = found.atom_at(at)
                bad = atom or line.is_row or _SIGNS_ONLY.match(text, at)
                if is_boundary(text, at) and (into_atoms or not bad):
                    yield Cut(at, _inside(text, line, at, (*found.marks_at(at), *([atom.mark] if atom else []))))


def _inside(text: str, line: Line, at: int, marks: tuple[str, ...] = ()) -> State:
    if line.leaf and line.leaf.kind is Kind.TABLE:
        return _in_row(text, line, at)
    return State(line.after.containers, line.leaf, mid_line=True, marks=marks)


def _is_fence(line: Line) -> bool:
    """It is the first or the last line of a fenced block."""
    return line.leaf is not None and line.leaf.kind is Kind.FENCED and (line.ends_fence or not line.continues)


def _begin(text: str, line: Line) -> int:
    """Where the line's words begin, after the signs of quotes, items and headings."""
    signs = _PREFIX.match(text, line.start, line.stop)
    return signs.end() if signs else line.start
