"""What stands inside a paragraph: code, links and the like, which no cut may enter, and emphasis, which it should not.

Follows CommonMark 0.31's inlines as far as a cut needs it. It knows nothing of blocks or limits.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

_TOKEN: Final = re.compile(
    r"(?=[\\`!\[<&*_~]|https?://|www\.)(?:"  # most characters are looked at once, instead of by every pattern
    r"\\."
    r"|(?P<code>`+)"
    r"|(?P<link>!?\[)"
    r"|(?P<angle></?[A-Za-z!?@#:][^<>\n]*>|<[^\s<>]+$)"
    r"|(?P<url>(?:https?://|www\.)[^\s<>]*[^\s<>.,:;!?'\")\]*_~])"
    r"|(?P<entity>&(?:#?\w{1,31})?(?:;|$))"
    r"|(?P<run>\*+|_+|~~+)"
    r")"
)
_TARGET: Final = re.compile(
    r"""\(\s*+(?:<[^<>\n]*+>|(?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.)*\))*)"""
    r"""(?:\s++(?:"[^"]*+"|'[^']*+'|\([^()]*+\)))?\s*+\)"""
    r"""|\[[^\[\]]*+\]"""
)
_TARGET_BEGUN: Final = re.compile(r"""\(\s*+\S*+(?:\s++(?:["'(].*+)?)?$|\[[^\[\]]*+$""")
_BRACKET: Final = re.compile(r"\\.|`[^`]*`|[\[\]]")
_LONGEST_LABEL: Final = 300
_LONGEST_TARGET: Final = 2500
"""Characters after which what might be a link's label or target is taken for plain text."""
_DEEPEST: Final = 32
"""How many signs that may open emphasis are kept in mind, however many there are."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that stands at `start:end`; `mark` is what opens and closes it, where that can be said again."""

    start: int
    end: int
    mark: str = ""
    label: str | None = None
    """Of a link whose target is not all there yet, its text; nothing of an image."""


@dataclass(slots=True)
class Inlines:
    """What a paragraph holds, in the order in which it begins."""

    atoms: list[Span] = field(default_factory=list)
    """Code, links, addresses, entities, escapes: a cut stays outside."""
    emphasis: list[Span] = field(default_factory=list)

    def shifted(self, by: int) -> "Inlines":
        """The same, `by` characters further on."""
        return Inlines(
            [Span(each.start + by, each.end + by, each.mark) for each in self.atoms],
            [Span(each.start + by, each.end + by, each.mark) for each in self.emphasis],
        )

    def atom_at(self, at: int) -> Span | None:
        """The atom that a cut at `at` would break."""
        return next((each for each in self.atoms if each.start < at < each.end), None)

    def marks_at(self, at: int) -> tuple[str, ...]:
        """The marks that are open at `at`, outermost first."""
        return tuple(each.mark for each in self.emphasis if each.start < at < each.end)


@dataclass(slots=True)
class _Run:
    """Signs of emphasis that may open some."""

    sign: str
    start: int
    length: int
    opens: bool
    closes: bool

    @property
    def lasts(self) -> bool:
        """It is likely to open emphasis though nothing has closed it yet, unlike the sign in `a*b`."""
        return self.length > 1 or not self.closes


def scan(text: str, *, goes_on: bool) -> Inlines:
    """The inlines of a paragraph. Where it `goes_on`, what is not closed reaches to its end; else it is just text."""
    found = Inlines()
    openers: list[_Run] = []
    at = 0
    while token := _TOKEN.search(text, at):
        at = token.end()
        if token["run"]:
            _pair(_run(text, token), openers, found.emphasis)
        elif atom := _atom(text, token, goes_on=goes_on):
            found.atoms.append(atom)
            at = atom.end
    if goes_on:
        # Of several that look alike the last: emphasis holds none of its kind, and the others were asterisks.
        likely = {(each.sign, each.length): each for each in openers if each.lasts}
        found.emphasis += [Span(each.start, len(text) + 1, each.sign * each.length) for each in likely.values()]
    found.emphasis.sort(key=lambda each: (each.start, -each.end))
    return found


def _atom(text: str, token: re.Match[str], *, goes_on: bool) -> Span | None:
    if token["code"]:
        return _code(text, token, goes_on=goes_on)
    if token["link"]:
        return _link(text, token, goes_on=goes_on)
    if token["angle"] and not token["angle"].endswith(">"):
        return Span(token.start(), len(text) + 1) if goes_on else None
    open_ended = goes_on and token.end() == len(text) and (token["url"] or token["entity"])
    return Span(token.start(), token.end() + bool(open_ended))


def _code(text: str, token: re.Match[str], *, goes_on: bool) -> Span | None:
    ticks = token["code"]
    if end := re.compile(rf"(?<!`){ticks}(?!`)").search(text, token.end()):
        return Span(token.start(), end.end(), ticks)
    return Span(token.start(), len(text) + 1, ticks) if goes_on else None


def _link(text: str, token: re.Match[str], *, goes_on: bool) -> Span | None:
    """The link or image that begins here; None where this is a mere bracket."""
    begin = token.end()
    is_image = token["link"].startswith("!")
    if (end := _closing_bracket(text, begin)) is None:
        young = goes_on and len(text) - begin <= _LONGEST_LABEL
        return Span(token.start(), len(text) + 1, label="" if is_image else text[begin:]) if young else None
    if target := _TARGET.match(text, end + 1, end + 1 + _LONGEST_TARGET):
        return Span(token.start(), target.end())
    begun = end + 1 == len(text) or (len(text) - end < _LONGEST_TARGET and _TARGET_BEGUN.match(text, end + 1))
    return Span(token.start(), len(text) + 1, label="" if is_image else text[begin:end]) if goes_on and begun else None


def _closing_bracket(text: str, begin: int) -> int | None:
    limit = begin + _LONGEST_LABEL
    if text.find("]", begin, limit) < 0:
        return None
    depth = 1
    for bracket in _BRACKET.finditer(text, begin, limit):
        depth += {"[": 1, "]": -1}.get(bracket[0], 0)
        if depth == 0:
            return bracket.start()
    return None


def _run(text: str, token: re.Match[str]) -> _Run:
    """The rules of "left-flanking" and "right-flanking" (CommonMark 0.31, section 6.2)."""
    before = text[token.start() - 1 : token.start()] or " "
    after = text[token.end() : token.end() + 1] or " "
    left = not after.isspace() and (not _punctuates(after) or before.isspace() or _punctuates(before))
    right = not before.isspace() and (not _punctuates(before) or after.isspace() or _punctuates(after))
    sign = token["run"][0]
    if sign == "_":
        left, right = left and (not right or _punctuates(before)), right and (not left or _punctuates(after))
    return _Run(sign, token.start(), len(token["run"]), opens=left, closes=right)


def _punctuates(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "PS"


def _pair(run: _Run, openers: list[_Run], emphasis: list[Span]) -> None:
    """Close what `run` closes; what is left of it may open something later."""
    end = run.start
    while run.closes and run.length and (index := _opener(run, openers)) is not None:
        opener = openers[index]
        size = min(opener.length, run.length, 2)
        opener.length -= size
        run.length -= size
        end += size
        emphasis.append(Span(opener.start + opener.length, end, run.sign * size))
        del openers[index + (opener.length > 0) :]
    if run.opens and run.length:
        run.start = end
        openers.append(run)
        del openers[:-_DEEPEST]


def _opener(run: _Run, openers: list[_Run]) -> int | None:
    for index in reversed(range(len(openers))):
        opener = openers[index]
        # "Rule of 3": *a**b* is not read as emphasis that ends inside a longer run.
        odd = (opener.closes or run.opens) and (opener.length + run.length) % 3 == 0 and opener.length % 3 != 0
        if opener.sign == run.sign and not odd:
            return index
    return None
