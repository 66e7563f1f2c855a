"""A judge in a box: it answers prompts that ask for a judgement by plain rules, and says so. Nothing is understood.

Whoever asks a judge (`core.evaluating.judge_prompts`) puts what is to be judged between tags, and wants JSON.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_TAGGED: Final = re.compile(r"<(\w+)>\n(.*?)\n</\1>", re.DOTALL)
_HEDGES: Final = ("i am a script", "i'm a script", "cannot", "can't", "i do not know", "i don't know", "not sure")
_WORDS: Final = re.compile(r"[a-z0-9]{3,}")
_LONG: Final = 400
"""Characters of an answer that this judge finds thorough."""


def judgement(messages: list[dict[str, Any]]) -> str | None:
    """What the judge says to a request's messages; None where they do not ask for a judgement."""
    asked = str(messages[-1].get("content", "")) if messages else ""
    system = str(messages[0].get("content", "")) if messages else ""
    if not system.startswith(("You judge answers", "You compare two answers")):
        return None
    told = dict(_TAGGED.findall(asked))
    if "answer_a" in told:
        return _compared(told)
    score = _score(told.get("answer", ""), told)
    return json.dumps({"rationale": _why(score), "score": score, "content": score > 3})  # noqa: PLR2004 - above the middle


def _compared(told: Mapping[str, str]) -> str:
    first, second = (_points(told[name], told) for name in ("answer_a", "answer_b"))
    better = "neither" if first == second else "A" if first > second else "B"
    why = "Both say as much by my rules." if first == second else f"{better} says more by my rules, and hedges less."
    return json.dumps({"rationale": why, "better": better})


def _score(answer: str, told: Mapping[str, str]) -> int:
    return max(1, min(5, round(_points(answer, told))))


def _points(answer: str, told: Mapping[str, str]) -> float:
    """1 to 5: words of the question and of the reference that it takes up, its length, and that it does not hedge."""
    said = set(_WORDS.findall(answer.lower()))
    asked = set(_WORDS.findall(told.get("conversation", "").lower())) - {"user", "assistant"}
    wanted = set(_WORDS.findall(told.get("reference", "").lower()))
    points = 1 + 2 * _share(said, asked) + min(len(answer) / _LONG, 1) + 2 * _share(said, wanted)
    return points - 2 * any(hedge in answer.lower() for hedge in _HEDGES) if answer.strip() else 1


def _share(said: set[str], wanted: set[str]) -> float:
    return len(said & wanted) / len(wanted) if wanted else 0.5


def _why(score: int) -> str:
    return f"By my rules (words taken up, length, no hedging) this is a {score}; I am a script, not a judge."
