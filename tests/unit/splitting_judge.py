"""What a Markdown text says, character by character, as markdown-it-py reads it, and whether its parts say the same."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import dropwhile, takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("js-default")


@dataclass(frozen=True)
class Sign:
    """One visible character, and all that Markdown says about it."""

    sign: str
    containers: tuple[str, ...]
    block: str
    marks: tuple[str, ...]
    begins: bool
    """It is the first of its block."""


@cache
def reading(text: str) -> tuple[Sign, ...]:
    """Every visible character of `text`, in order, with the quotes, items, block and marks that it stands in."""
    signs: list[Sign] = []
    containers: list[str] = []
    numbers: list[int | None] = []
    block = ""
    for token in _MARKDOWN.parse(text):
        _enter(token, containers, numbers)
        if token.type == "inline":
            signs += _placed(_inline(token.children or []), containers, block)
        elif token.type in {"fence", "code_block", "hr"}:
            content = token.content or token.markup[:1]
            signs += _placed(((each, ()) for each in content), containers, f"{token.type} {token.info}")
        elif token.nesting == 1:
            block = token.tag
    return tuple(signs)


def _enter(token: Token, containers: list[str], numbers: list[int | None]) -> None:
    """Follow the quotes and items that `token` begins or ends."""
    if token.type in {"ordered_list_open", "bullet_list_open"}:
        numbers.append(int(token.attrs.get("start", 1)) if token.tag == "ol" else None)
    elif token.type in {"ordered_list_close", "bullet_list_close"}:
        numbers.pop()
    elif token.type == "blockquote_open":
        containers.append("quote")
    elif token.type == "list_item_open":
        number = numbers[-1]
        containers.append("item" if number is None else f"item {number}")
        numbers[-1] = None if number is None else number + 1
    elif token.type in {"list_item_close", "blockquote_close"}:
        containers.pop()


def _placed(content: Iterator[tuple[str, tuple[str, ...]]], containers: list[str], block: str) -> list[Sign]:
    visible = [(sign, marks) for sign, marks in content if not sign.isspace()]
    return [Sign(sign, tuple(containers), block, marks, index == 0) for index, (sign, marks) in enumerate(visible)]


def _inline(children: list[Token]) -> Iterator[tuple[str, tuple[str, ...]]]:
    marks: list[str] = []
    for child in children:
        if child.nesting == 1:
            marks.append(f"{child.tag} {child.attrs.get('href', '')}")
        elif child.nesting == -1:
            marks.pop()
        elif child.type == "image":
            yield "image", (*marks, str(child.attrs["src"]))
        else:
            own = (*marks, "code") if child.type == "code_inline" else tuple(marks)
            yield from ((each, own) for each in child.content)


def said_by(parts: tuple[str, ...]) -> list[Sign]:
    """What the parts say, each read alone, without the ellipsis and the table's head that a part repeats."""
    signs: list[Sign] = []
    head: list[Sign] = []
    for number, part in enumerate(parts):
        said = list(reading(part))
        while number and said and said[0].sign == "…":
            del said[0]
        if head and _head(said) == head:
            del said[: len(head)]
        head = _last_head(said) or head
        signs += said
    return signs


def difference(text: str, parts: tuple[str, ...]) -> str:
    """How the parts, each read alone, say something else than `text`; empty where they say the same."""
    whole, said = reading(text), said_by(parts)
    for index, (sign, expected) in enumerate(zip(said, whole, strict=False)):
        # A block that was cut begins again in the next part.
        if replace(sign, begins=expected.begins) != expected or (expected.begins and not sign.begins):
            context = "".join(each.sign for each in whole[max(0, index - 20) : index])
            return f"after {context!r}: {sign} instead of {expected}"
    return "" if len(said) == len(whole) else f"{len(said)} characters instead of {len(whole)}"


def _head(signs: list[Sign]) -> list[Sign]:
    """The table's head that `signs` begin with."""
    return list(takewhile(lambda each: each.block == "th", signs))


def _last_head(signs: list[Sign]) -> list[Sign]:
    from_end = dropwhile(lambda each: each.block != "th", reversed(signs))
    return list(takewhile(lambda each: each.block == "th", from_end))[::-1]
