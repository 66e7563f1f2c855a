"""How the end of a text that still grows is shown: without what is only half there.

Half a link shows its words, open emphasis is closed, a line of which only signs have come is not shown yet. It knows
nothing of limits, and the text itself stays as it is.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from core.splitting.blocks import Kind, Line, State
from core.splitting.graphemes import whole
from core.splitting.inline import scan

_SIGNS: Final = re.compile(r"[\s>]*+(?:(?:[-+*]|\d{1,9}[.)])\s++)*(?:[-+*=_#|:~`\s]*+|\d{1,9}[.)]?\s*|\[[ xX]?\]?\s*)$")
_HALF: Final = re.compile(
    r"(?:[*_~`\\]+|<[^\s<>]*|!?\[|(?<!\S)!|(?<!\]\()(?:https?://|(?<![/.\w])www\.)[^\s<>]*|&#?\w{0,31})$"
)
_LONGEST_HALF: Final = 2500
"""Characters after which an address is shown though it goes on."""
_NESTED: Final = 4
"""How often a half thing may stand inside another, as a link in bold that is a link's text."""


def show(text: str, lines: Sequence[Line]) -> tuple[str, list[Line]]:
    """What to show of the growing `text`, whose lines are `lines`: as much of it as makes sense, its end mended."""
    filled = [each for each in lines if not each.blank]
    end, state = len(text), lines[-1].after
    while filled:
        if not _waits(text[:end], filled[-1], filled[-2:-1]):
            first = _last_paragraph(filled, state, unended=not text[:end].endswith("\n"))
            if first is None:
                return text[:end], filled
            last = filled[first]
            mended = text[: last.start] + mend(text[last.start : end], last.before.marks)
            if not _SIGNS.match(mended, mended.rfind("\n") + 1):
                return mended, [*filled[:first], replace(last, stop=len(mended), after=state)]
        end, state = filled[-1].start, filled[-1].before
        del filled[-1]
    return "", []


def mend(text: str, marks: tuple[str, ...] = ()) -> str:
    """The unfinished paragraph `text`, in which `marks` are open from the start, as it can be shown."""
    bare = _without_half(text) if text == text.rstrip() else text.rstrip()
    opened = "".join(marks)
    for _ in range(_NESTED):
        found = scan(opened + bare, goes_on=True)
        end = len(opened) + len(bare)
        last = found.atoms[-1] if found.atoms and found.atoms[-1].end > end else None
        if last is None or last.label is None:
            break
        bare = _without_half(bare[: last.start - len(opened)] + last.label)
    if last and last.mark:
        bare = bare.rstrip("`")  # one that the code ends in, so far, would become part of what closes it
    closing = [*found.marks_at(end), *([last.mark] if last else [])]
    return bare + "".join(reversed(closing))


def _without_half(text: str) -> str:
    """`text` without what may be half of something at its end."""
    for _ in range(_NESTED):
        word = text.rsplit(maxsplit=1)[-1:]
        if word and (half := _HALF.search(text, len(text) - min(len(word[0]), _LONGEST_HALF))):
            text = text[: half.start()]
    return whole(text).rstrip()


def _waits(text: str, line: Line, above: Sequence[Line]) -> bool:
    """Whether `line`, the last one, is better not shown before more of it has come."""
    ended = line.stop < len(text)
    if line.leaf and line.leaf.kind is Kind.FENCED:
        said = text[line.start : line.stop].strip(" >\t")
        return not line.continues or (
            not ended and not line.ends_fence and not said.strip(line.leaf.closing.strip()[0])
        )
    if not ended:
        return bool(_SIGNS.match(text, line.start)) or _may_head_a_table(line, above)
    return _may_head_a_table(line, above) and not text[line.stop :].strip(" >\t\n") and text.count("\n", line.stop) == 1


def _may_head_a_table(line: Line, above: Sequence[Line]) -> bool:
    if line.leaf is None or line.leaf.kind is not Kind.PARAGRAPH or not line.leaf.last.startswith("|"):
        return False
    return not (line.continues and above and above[-1].leaf and above[-1].leaf.last.startswith("|"))


def _last_paragraph(filled: Sequence[Line], state: State, *, unended: bool) -> int | None:
    """The index of the first line of the paragraph, heading or row that the text ends in, if it may go on."""
    if not filled or (filled[-1].leaf and filled[-1].leaf.kind in {Kind.FENCED, Kind.INDENTED, Kind.RULE}):
        return None
    in_paragraph = state.leaf is not None and state.leaf.kind is Kind.PARAGRAPH
    if not in_paragraph and not unended:
        return None
    index = len(filled) - 1
    while in_paragraph and index and filled[index].goes_on_with(Kind.PARAGRAPH):
        index -= 1
    return index
