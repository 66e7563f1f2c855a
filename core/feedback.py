"""What people think of a reply: assessments, and how an emoji or a line in a thread is read as one.

Plain values and pure functions; the words are MLflow's (Feedback, Expectation, AssessmentSource).
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from core.messages import Json

USER_FEEDBACK = "user_feedback"
"""The name of the one binary vote per person and reply (MLflow's name for it)."""
USER_RATING = "user_rating"
"""The name of a 1–5 score."""
USER_COMMENT = "user_comment"
"""The name of free text written below a reply."""
USER_CATEGORY = "user_category"
"""The name of a choice among categories; of one person several stand side by side, each value once."""
EXPECTED_RESPONSE = "expected_response"
"""The name of an Expectation: what a reply should have said (MLflow's name for it)."""
BEST_SCORE = 5
"""Scores are whole numbers from 1 to 5; normalised they are divided by it, 0.2 to 1.0."""


def dimension(name: str) -> str:
    """The name of the assessment of one dimension: `accuracy` → `user_accuracy`."""
    return f"user_{name}"


Value: TypeAlias = bool | int | float | str | None


class SourceType(StrEnum):
    """Who or what judged."""

    HUMAN = "HUMAN"
    LLM_JUDGE = "LLM_JUDGE"
    CODE = "CODE"


@dataclass(frozen=True, slots=True)
class AssessmentSource:
    """Who judged: for people, `id` is their `PersonRef.key`."""

    type: SourceType
    id: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """One person's standing opinion on one reply under one name, as folded from the log."""

    id: str
    message_id: str
    conversation_id: str
    name: str
    value: Value
    source: AssessmentSource
    origin: str
    """What it was said with (`reaction:👍`, `message:<ref>`): the same origin again replaces it, taking it away
    withdraws it, and of several that stand the latest counts."""
    at: datetime
    rationale: str = ""
    metadata: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an emoji on a reply says."""

    name: str
    value: Value


_SELECTORS = dict.fromkeys((0xFE0E, 0xFE0F))
_SKIN_TONES_AND_SELECTORS = dict.fromkeys((*range(0x1F3FB, 0x1F400), *_SELECTORS))
_SLACKS_TONES = {str(number): chr(0x1F3FB - 2 + number) for number in range(2, 7)}

_MEANINGS = {
    "👍": Meaning(USER_FEEDBACK, value=True),
    "👎": Meaning(USER_FEEDBACK, value=False),
    **{f"{score}⃣": Meaning(USER_RATING, score) for score in range(1, 6)},
}


_THUMBS = {"+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎"}
_SIGNS = {"memo": "📝", "pencil2": "✏", "x": "❌", "speech_balloon": "💬", "repeat": "🔁"}
_SCORES = {name: f"{score}⃣" for score, name in enumerate(("one", "two", "three", "four", "five"), 1)}
USUAL_NAMES = _THUMBS | _SIGNS | _SCORES
"""What most reactions are called: for other names, 5,000 emoji are read into memory."""


_CORRECTION = re.compile(r"\s*(?:better|correction)\s*:\s*(\S.*)", re.IGNORECASE | re.DOTALL)


def read_correction(text: str) -> str | None:
    """What a line says that a reply should have been (`better: …`, `correction: …`); None where it is no such line."""
    match = _CORRECTION.match(text)
    return match[1].rstrip() if match else None


def read_below(text: str) -> Meaning:
    """What a line below a reply says about it: a correction, or a comment."""
    correction = read_correction(text)
    return Meaning(USER_COMMENT, text.strip()) if correction is None else Meaning(EXPECTED_RESPONSE, correction)


def canonical_emoji(name: str) -> str:
    """One name for an emoji, whatever skin tone, alias or colons it came with.

    `👍🏽`, `+1`, `:thumbsup::skin-tone-3:` are all `👍`; a name that is not known stays, without colons and tone.
    """
    base = name.strip(":").split("::skin-tone-", 1)[0]
    if base.isascii():
        base = USUAL_NAMES.get(base) or _emoji_called(base)
    return base.translate(_SKIN_TONES_AND_SELECTORS)


def _emoji_called(name: str) -> str:
    from emoji import emojize  # noqa: PLC0415 - see `USUAL_NAMES`

    known = emojize(f":{name}:", language="alias")
    return name if known.isascii() and known.startswith(":") else known


def toned_emoji(name: str) -> str:
    """The same with its skin tone: someone may put several tones of one emoji on a message, and take one of them away.

    `👍🏽` and `:thumbsup::skin-tone-4:` are both `👍🏽`.
    """
    base, _, tone = name.strip(":").partition("::skin-tone-")
    return canonical_emoji(base) + _SLACKS_TONES.get(tone, "") if base.isascii() else base.translate(_SELECTORS)


def meaning_of(emoji: str) -> Meaning | None:
    """What a canonical emoji on a reply says, or None where it says nothing about it."""
    return _MEANINGS.get(emoji)
