"""The questions that one person alone sees: why an answer is no good, how it scores, what it should have said.

Forms as plain values, and what was put into them as records. What a person said before stands in the form again.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from core.controls import Button, Choice, Field, Form, Notice, Values, Verb, action
from core.feedback import (
    BEST_SCORE,
    EXPECTED_RESPONSE,
    USER_CATEGORY,
    USER_COMMENT,
    Assessment,
    Meaning,
    dimension,
)
from core.judging.opinions import Act, Opinions, form_origin
from core.judging.replies import JudgedReply
from core.policy import Policy
from core.ports import Store
from core.records import Record
from core.words import CORRECT_IT, NOTHING_SAID, TAKEN_BACK, THANKS, WHY

_CATEGORIES: Final = "categories"
_COMMENT: Final = "comment"
_EXPECTED: Final = "expected"
_SCORES: Final = tuple(Choice(str(score), f"{score} {'★' * score}") for score in range(BEST_SCORE, 0, -1))
SHOWN_ON_REPLIES: Final = (
    Button("", action(Verb.LIKE), "👍"),
    Button("", action(Verb.DISLIKE), "👎"),
)
"""The buttons below a reply."""
_NAMES: Final = {True: "👍", False: "👎"}


class Asking:
    """Makes the forms about a reply, and reads them."""

    def __init__(self, store: Store, opinions: Opinions) -> None:
        self._store = store
        self._opinions = opinions

    async def form(self, verb: Verb, reply: JudgedReply, person: str, policy: Policy) -> Form | None:
        """The form that `verb` opens for a person (`PersonRef.key`), filled with what they have said; None for none."""
        standing = await self._said(reply, person)
        match verb:
            case Verb.WHY:
                fields: tuple[Field, ...] = (_why(standing, policy), _comment(standing), _expected(standing))
                return Form(action(verb, reply.id), "Why is it no good?", fields)
            case Verb.RATE:
                scores = tuple(_score(each, standing) for each in policy.dimensions)
                return Form(action(verb, reply.id), "Rate this reply", (*scores, _rationale(standing, policy)))
            case Verb.CORRECT:
                return Form(action(verb, reply.id), "Correct this reply", (_expected(standing),))
            case _:
                return None

    async def records(
        self, verb: Verb, act: Act, reply: JudgedReply, values: Values, policy: Policy
    ) -> tuple[list[Record], str]:
        """What a filled form says, as records, and the sentence that tells the person what was kept.

        What they had said with the form before and now left out is withdrawn.
        """
        said = dict(_meanings(verb, reply, values, policy))
        standing = await self._said(reply, act.person.key)
        records = [
            self._opinions.opinion(act, reply, meaning, origin=origin, rationale=rationale, metadata={"with": "form"})
            for origin, (meaning, rationale) in said.items()
        ]
        gone = [each for each in standing if each.origin not in said and each.name in _names(verb, policy)]
        records += [self._opinions.withdrawal(act, reply, each.name, each.origin) for each in gone]
        if said:
            told = ", ".join(dict.fromkeys(_in_words(meaning) for meaning, _ in said.values()))
            return records, THANKS.format(what=told)
        return records, TAKEN_BACK if gone else NOTHING_SAID

    async def _said(self, reply: JudgedReply, person: str) -> list[Assessment]:
        standing = await self._store.standing_assessments(reply.id, person)
        return [each for each in standing if each.origin.startswith(form_origin(reply.id))]


def noted(reply: JudgedReply, *, value: bool) -> Notice:
    """The answer to a button: what was kept, and what one may do about it."""
    why = (Button("Say why", action(Verb.WHY, reply.id)),) if not value else ()
    back = Button("Take it back", action(Verb.WITHDRAW, reply.id))
    return Notice(THANKS.format(what=_NAMES[value]), (*why, back))


def ask_why(reply: JudgedReply) -> Notice:
    """The question after a 👎."""
    return Notice(WHY, (Button("Say why", action(Verb.WHY, reply.id)),))


def ask_correction(reply: JudgedReply) -> Notice:
    """The question after a ✏️."""
    return Notice(CORRECT_IT, (Button("Correct it", action(Verb.CORRECT, reply.id)),))


def _meanings(
    verb: Verb, reply: JudgedReply, values: Values, policy: Policy
) -> Iterator[tuple[str, tuple[Meaning, str]]]:
    """What a form says: origin → meaning and rationale."""
    comment, expected = _text(values, _COMMENT), _text(values, _EXPECTED)
    if verb is Verb.RATE:
        scored = [(each, _text(values, each)) for each in policy.dimensions]
        for name, score in scored:
            if score in {each.value for each in _SCORES}:
                rationale = comment if name == policy.comment_dimension else ""
                yield form_origin(reply.id, name), (Meaning(dimension(name), int(score)), rationale)
        if comment and not _text(values, policy.comment_dimension):
            yield form_origin(reply.id, "comment"), (Meaning(USER_COMMENT, comment), "")
        return
    if verb is Verb.WHY:
        chosen = values.get(_CATEGORIES, ())
        for each in (chosen,) if isinstance(chosen, str) else chosen:
            if each in policy.categories:
                yield form_origin(reply.id, each), (Meaning(USER_CATEGORY, each), "")
        if comment:
            yield form_origin(reply.id, "comment"), (Meaning(USER_COMMENT, comment), "")
    if expected:
        yield form_origin(reply.id, "expected"), (Meaning(EXPECTED_RESPONSE, expected), "")


def _names(verb: Verb, policy: Policy) -> set[str]:
    """The names under which a form speaks."""
    match verb:
        case Verb.WHY:
            return {USER_CATEGORY, USER_COMMENT, EXPECTED_RESPONSE}
        case Verb.RATE:
            return {dimension(each) for each in policy.dimensions}
        case _:
            return {EXPECTED_RESPONSE}


def _why(standing: Sequence[Assessment], policy: Policy) -> Field:
    choices = tuple(Choice(each, each[:1].upper() + each[1:]) for each in policy.categories)
    chosen = tuple(
        str(each.value) for each in standing if each.name == USER_CATEGORY and each.value in policy.categories
    )
    return Field(_CATEGORIES, "What is wrong with it?", choices, several=True, value=chosen, hint="Choose any")


def _comment(standing: Sequence[Assessment]) -> Field:
    return Field(_COMMENT, "In your words", value=_value(standing, USER_COMMENT), hint="What went wrong?")


def _expected(standing: Sequence[Assessment]) -> Field:
    value = _value(standing, EXPECTED_RESPONSE)
    return Field(_EXPECTED, "What should it have said?", value=value, hint="The better answer, as you would write it")


def _score(name: str, standing: Sequence[Assessment]) -> Field:
    label = name.replace("_", " ").capitalize()
    return Field(name, label, _SCORES, value=_value(standing, dimension(name)), hint="1 to 5")


def _rationale(standing: Sequence[Assessment], policy: Policy) -> Field:
    said = next((each.rationale for each in standing if each.name == dimension(policy.comment_dimension)), "")
    return Field(_COMMENT, "In your words", value=said or "", hint="What made you score it so?")


def _value(standing: Sequence[Assessment], name: str) -> str:
    return next((str(each.value) for each in standing if each.name == name), "")


def _text(values: Values, name: str) -> str:
    value = values.get(name, "")
    return value.strip() if isinstance(value, str) else "".join(value[:1])


def _in_words(meaning: Meaning) -> str:
    match meaning.name:
        case n if n == EXPECTED_RESPONSE:
            return "the better answer"
        case n if n == USER_COMMENT:
            return "your comment"
        case n if n == USER_CATEGORY:
            return str(meaning.value)
        case name:
            return f"{name.removeprefix('user_').replace('_', ' ')} {meaning.value}"
