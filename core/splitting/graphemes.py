"""Where one character, as people see it, ends and the next begins. Knows code points and nothing of Markdown.

The rules of UAX #29 (unicode.org/reports/tr29, extended grapheme clusters) by general category: where the standard
has a list that the standard library lacks, this joins rather too much than too little, which moves a cut but never
tears a character.
"""

import re
import unicodedata
from typing import Final

_ZWJ: Final = "\u200d"
_VIRAMA: Final = 9
_PREPENDED: Final = re.compile(
    "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd\U000111c2\U000111c3"
    "\U0001193f\U00011941\U00011a3a\U00011a84-\U00011a89\U00011d46\U00011f02]"
)
_EXTENDING: Final = re.compile("[\u200c\u200d\u0e33\u0eb3\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_FLAG_HALVES: Final = re.compile("[\U0001f1e6-\U0001f1ff]*$")
_UNFINISHED: Final = re.compile(f"[{_ZWJ}\U0001f1e6-\U0001f1ff]$")

_HANGUL: Final = re.compile(
    "[\u1100-\u115f\ua960-\ua97c][\u1100-\u11a7\ua960-\ua97c\ud7b0-\ud7c6\uac00-\ud7a3]"
    "|[\u1160-\u11a7\ud7b0-\ud7c6\uac00-\ud7a3][\u1160-\u11ff\ud7b0-\ud7fb]"
    "|[\u11a8-\u11ff\ud7cb-\ud7fb][\u11a8-\u11ff\ud7cb-\ud7fb]"
)


def is_boundary(text: str, at: int) -> bool:
    """Whether a cut between `text[at - 1]` and `text[at]` leaves both characters whole. It looks back, not ahead."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before < "\u0300" and after < "\u0300":  # nearly every pair; only CR LF is one character there
        return (before, after) != ("\r", "\n")
    if unicodedata.category(before) in {"Cc", "Zl", "Zp"} or unicodedata.category(after) in {"Cc", "Zl", "Zp"}:
        return True
    return not (_extends(after) or _PREPENDED.match(before) or _joins(text, at))


def whole(text: str) -> str:
    """`text` without an emoji at its end that may be waiting for its second half: a joiner, half a flag."""
    if _UNFINISHED.search(text) and (text[-1] == _ZWJ or not _is_flag(text, len(text))):
        return text[:-1]
    return text


def _extends(after: str) -> bool:
    return unicodedata.category(after) in {"Mn", "Me", "Mc"} or bool(_EXTENDING.match(after))


def _joins(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if before == _ZWJ:
        return not after.isspace()
    if unicodedata.combining(before) == _VIRAMA:
        return unicodedata.category(after) == "Lo"
    return bool(_HANGUL.match(before + after)) or (bool(_FLAG_HALVES.match(after)) and not _is_flag(text, at))


def _is_flag(text: str, at: int) -> bool:
    """Whether the halves of flags before `at` come in pairs."""
    halves = _FLAG_HALVES.search(text, 0, at)
    return halves is None or (at - halves.start()) % 2 == 0
