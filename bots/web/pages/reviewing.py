"""What a reviewer says of a reply, as records: human feedback under the name of their key. No page is known here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.feedback import BEST_SCORE, EXPECTED_RESPONSE, USER_CATEGORY, USER_COMMENT, Assessment, Meaning, dimension
from core.judging.opinions import Act, Opinions
from core.judging.replies import JudgedReply
from core.messages import PersonRef, PlaceRef
from core.policy import Policy
from core.records import Record
from core.store.browsing import REVIEW
from core.store.details import Details

NO_FAULT: Final = "no fault"
"""The reason that says that there is none, so that a reply which was disliked for nothing leaves the queue."""
SEGMENT: Final = "reviewer"
"""What reviewers are called in reports."""
LONGEST: Final = 20_000
"""Characters of a comment or a correction."""
_WHERE: Final = PlaceRef("web", "keys", "review")


@dataclass(frozen=True, slots=True)
class Review:
    """What the form says; what was left out is empty."""

    categories: tuple[str, ...]
    comment: str
    expected: str
    scores: Mapping[str, int]
    """By the name of the dimension: 1 to 5."""

    @classmethod
    def of(cls, form: Mapping[str, Sequence[str]], policy: Policy) -> "Review":
        """What was sent, as far as the policy knows it."""

        def text(name: str) -> str:
            return next(iter(form.get(name, ())), "").replace("\r\n", "\n").strip()[:LONGEST]

        scores = {str(score): score for score in range(1, BEST_SCORE + 1)}
        return cls(
            tuple(each for each in choices(policy) if each in form.get("category", ())),
            text("comment"),
            text("expected"),
            {name: scores[text(f"score-{name}")] for name in policy.dimensions if text(f"score-{name}") in scores},
        )

    @property
    def is_empty(self) -> bool:
        """Nothing was said."""
        return not (self.categories or self.comment or self.expected or self.scores)


def choices(policy: Policy) -> tuple[str, ...]:
    """The reasons that a reviewer may give."""
    return (*policy.categories, NO_FAULT)


def reviewer(key: str) -> PersonRef:
    """Whoever holds the key of this name."""
    return PersonRef(_WHERE.platform, _WHERE.workspace, key)


def said_before(standing: Sequence[Assessment], key: str) -> list[Assessment]:
    """What of all that was said of a reply is the review of this key's holder."""
    mine = reviewer(key).key
    return [each for each in standing if each.source.id == mine and each.origin.startswith(REVIEW)]


def as_review(said: Sequence[Assessment], policy: Policy) -> Review:
    """The review that was given, to stand in the form again."""

    def value(name: str) -> str:
        return next((str(each.value) for each in said if each.name == name), "")

    scores = {each: value(dimension(each)) for each in policy.dimensions}
    return Review(
        tuple(str(each.value) for each in said if each.name == USER_CATEGORY),
        value(USER_COMMENT),
        value(EXPECTED_RESPONSE),
        {name: int(score) for name, score in scores.items() if score},
    )


def review_records(
    review: Review,
    reply: Details,
    before: Sequence[Assessment],
    *,
    key: str,
    at: datetime,
    token: str,
    opinions: Opinions,
) -> list[Record]:
    """The records of a review; what was said before and is now left out is withdrawn.

    `token`: made with the form, so that a form that is sent twice is one review.
    """
    act = Act(person=reviewer(key), at=at, where=_WHERE, name=f"review:{key}:{token}", segment=SEGMENT)
    judged = JudgedReply(reply.message_id, reply.conversation_id, reply.asker, reply.ended_at or reply.timestamp)
    said = {_origin(reply, meaning): meaning for meaning in _meanings(review)}
    records = [
        opinions.opinion(act, judged, meaning, origin=origin, metadata={"with": "review"})
        for origin, meaning in said.items()
    ]
    gone = [each for each in before if each.origin not in said]
    return records + [opinions.withdrawal(act, judged, each.name, each.origin) for each in gone]


def _origin(reply: Details, meaning: Meaning) -> str:
    which = f":{meaning.value}" if meaning.name == USER_CATEGORY else ""
    return f"{REVIEW}{reply.message_id}:{meaning.name}{which}"


def _meanings(review: Review) -> Iterator[Meaning]:
    for category in review.categories:
        yield Meaning(USER_CATEGORY, category)
    for name, score in review.scores.items():
        yield Meaning(dimension(name), score)
    if review.comment:
        yield Meaning(USER_COMMENT, review.comment)
    if review.expected:
        yield Meaning(EXPECTED_RESPONSE, review.expected)
