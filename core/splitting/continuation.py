"""How a part begins where the part before it was cut, and how it ends: what is open is closed, and opened again.

A quote goes on as a quote. A list item goes on under its own number with an ellipsis (`2. … the rest`), so that what
follows keeps its place and its number on every platform, and lines further down keep their indentation.
"""

import re
from collections.abc import Sequence
from typing import Final

from core.splitting.blocks import Container, Kind, Line, State

_CONTINUED: Final = "…"
_INTERRUPTS: Final = re.compile(r" {0,3}(?:[-+*] +[^ ]|`{3}|~{3}|#{1,6} |>)")
"""What begins a block right below a paragraph, without a blank line between them."""


def part(text: str, lines: Sequence[Line], end: int, ending: State) -> str:
    """`text[:end]` as one message: `lines` are those of `text`, and `ending` what is open at `end`.

    Empty where nothing in it is to be seen.
    """
    seen = [
        each for each in lines if each.start < end and not each.blank and text[each.start : min(each.stop, end)].strip()
    ]
    if seen and seen[0].ends_fence:
        del seen[0]  # the code was all in the part before
    if not seen:
        return ""
    first, last = seen[0], seen[-1]
    body = text[first.start : min(end, last.stop)].rstrip("\n" if last.leaf and last.leaf.kind is Kind.FENCED else None)
    body = _without_prefix(first, body)
    return beginning(_held(first), first.before.marks, following=body) + body + closing(ending)


def beginning(state: State, marks: tuple[str, ...] = (), *, following: str = "") -> str:
    """What puts a part into `state`; `following` is what comes next there."""
    text = prefix = ""
    ellipsis = False
    for container in state.containers:
        if ellipsis:
            text += _next_line(prefix, container.opening + "x")
        text += container.opening
        prefix += container.continuing
        ellipsis = container.is_item
        if ellipsis:
            text += _CONTINUED
    head = _head(state, prefix)
    if ellipsis:
        in_paragraph = state.leaf is not None and state.leaf.kind is Kind.PARAGRAPH
        text += " " if in_paragraph else _next_line(prefix, head + following)
    return text + head + "".join(marks)


def closing(state: State) -> str:
    """What closes the code or the emphasis that is open in `state`."""
    if state.leaf and state.leaf.kind is Kind.FENCED:
        return "\n" + _prefix(state.containers) + state.leaf.closing
    return "".join(reversed(state.marks))


def _held(line: Line) -> State:
    """What was open before `line` and still is in it."""
    return State(
        line.before.containers[: line.kept], line.before.leaf if line.continues else None, line.before.mid_line
    )


def _head(state: State, prefix: str) -> str:
    leaf = state.leaf
    if leaf is None or leaf.kind in {Kind.PARAGRAPH, Kind.RULE}:
        return ""
    if leaf.kind is Kind.INDENTED:
        return "    " if state.mid_line else ""
    if leaf.kind is Kind.HEADING:
        return "".join(leaf.opening)
    return "".join(f"{each}\n{prefix}" for each in leaf.opening) + (leaf.skipped if state.mid_line else "")


def _without_prefix(line: Line, body: str) -> str:
    """`body`, which begins with `line`, without the signs and spaces that the part begins with anyway."""
    first, end, others = body.partition("\n")
    if line.kept and not line.before.mid_line:
        first = (first.expandtabs(4) if "\t" in first else first)[line.content :]
    if line.is_sibling:
        opening = line.after.containers[line.kept].opening
        first = opening + first[len(opening) :]
    if line.continues and line.leaf and line.leaf.kind is Kind.PARAGRAPH:
        first = first.lstrip()
    return first + end + others


def _prefix(containers: tuple[Container, ...]) -> str:
    return "".join(each.continuing for each in containers)


def _next_line(prefix: str, following: str) -> str:
    between = "" if _INTERRUPTS.match(following) else prefix.rstrip() + "\n"
    return f"\n{between}{prefix}"
