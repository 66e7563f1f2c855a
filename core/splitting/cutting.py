"""Where a text that is too long for one message is cut: between blocks if it can be, inside a word only if it must.

Whoever calls it with the same text gets the same cut, however the text arrived.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from core.splitting.blocks import Kind, Leaf, Line, State
from core.splitting.places import Cut, Rank, between_characters, between_lines, between_words

PLAIN: Final = State(mid_line=True, leaf=Leaf(Kind.PARAGRAPH))
"""What is open in a text that has lost its structure, as where one character has a thousand combining marks."""

_HALF: Final = 1 / 2
_QUARTER: Final = 1 / 4
"""A part is at least so full, if that breaks nothing: fewer messages, and no tiny ones."""


def choose(text: str, lines: Sequence[Line], fits: Callable[[Cut], bool]) -> Cut:
    """The best cut of `text` before its last character, which tells that it is too long.

    `lines` are all of `text`; `fits` says whether the part that a cut makes is short enough and shows anything.
    """
    if (blank := _past_blank(text, lines)) is not None:
        return blank
    plain = (Cut(at, PLAIN) for at in range(len(text) - 1, 0, -1))
    return next(filter(fits, _by_preference(text, lines)), None) or next(filter(fits, plain), Cut(1, PLAIN))


def _by_preference(text: str, lines: Sequence[Line]) -> Iterator[Cut]:
    """The places to cut, the best first; where one is taken, those behind it are not looked for."""
    size = len(text) - 1
    cuts = list(between_lines(text, lines))
    yield from _best(cuts, _HALF * size, Rank.LINE)
    cuts += between_words(text, lines)
    yield from _best(cuts, _HALF * size, Rank.WORD)
    yield from _best(cuts, _QUARTER * size, Rank.WORD)
    yield from _best(cuts, _QUARTER * size, Rank.INSIDE)
    whole = between_characters(text, lines, into_atoms=False)
    yield from (each for each in whole if each.position >= _QUARTER * size)
    yield from _best(cuts, 0, Rank.BROKEN)
    yield from between_characters(text, lines, into_atoms=True)


def _best(cuts: Iterable[Cut], begin: float, worst: Rank) -> list[Cut]:
    """Those from `begin` on that are not worse than `worst`, the best first and of equals the last."""
    good = [each for each in cuts if each.rank <= worst and each.position >= begin]
    return sorted(good, key=lambda each: (each.rank, -each.position))


def _past_blank(text: str, lines: Sequence[Line]) -> Cut | None:
    """The cut between what shows nothing, however much it is, and the first character that shows."""
    if lines[-1].start > 0 and all(each.blank for each in lines[:-1]):
        return Cut(lines[-1].start, lines[-1].before)
    return None if text[:-1].strip() else Cut(len(text) - 1, PLAIN)
