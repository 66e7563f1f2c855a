"""A month of a small team with two models, for the dashboard's tests and pictures: the same each time."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from core.messages import MessageRef, PlaceRef, stable_ulid
from core.records import AddMessage, LogExpectation, LogFeedback, Payload, Record, StartConversation

NOW: Final = datetime(2026, 6, 30, 16, 0, tzinfo=UTC)
MODELS: Final = ("HuggingFaceTB/SmolLM3-3B", "Qwen/Qwen3-8B")
_PLACES: Final = (
    PlaceRef("slack", "T1", "C0HELP"),
    PlaceRef("slack", "T1", "C0BUILD"),
    PlaceRef("discord", "813", "902"),
)
_TALK: Final = (
    ("What is SQLite's WAL?", "In **write-ahead logging**, SQLite appends a change to a second file, the WAL, first."),
    ("How do I undo my last commit?", "`git reset --soft HEAD~1` takes the commit back and keeps its changes staged."),
    ("How many r's are there in strawberry?", "There are **two** r's in “strawberry”."),
    (
        "Why is the build red?",
        "The lock file is older than `pyproject.toml`. Run `make lock` and commit what it writes.",
    ),
    ("Who wrote Middlemarch?", "George Eliot, whose name was Mary Ann Evans; it appeared in 1871 and 1872."),
    ("How long may a Slack message be?", "Up to 40,000 characters; the text of a section block, 3,000."),
)
_BETTER: Final = (
    "A second file, to which changes are appended until a checkpoint copies them into the database.",
    "`git revert HEAD` where it was pushed already, so that nobody's history changes.",
    "There are three: one in “straw”, two in “berry”.",
    "The runner's disk is full: clear its cache.",
    "George Eliot.",
    "4,000 characters are advised; after 40,000 it is cut.",
)
_COMMENTS: Final = (
    "What is a checkpoint, then?",
    "I had pushed it, and now nothing fits.",
    "Count again.",
    "That was last week's trouble.",
    "Half of that would do.",
    "Mine was cut long before.",
)
_REASONS: Final = ("wrong", "made up", "unclear", "too long")


def told(payload: Payload, at: datetime, key: str, where: PlaceRef, subject: str | None = None) -> Record:
    """The payload in its envelope."""
    return Record(
        id=stable_ulid(at, key),
        type=payload.type,
        version=payload.version,
        topic=f"demo.{where.platform}.{where.workspace}",
        at=at,
        source=where.platform,
        data=payload.to_json(),
        idempotency_key=key,
        subject=subject,
    )


def exchange(
    number: int, at: datetime, place: PlaceRef, model: str, talk: tuple[str, str], **fields: Any
) -> Iterator[Record]:
    """A conversation of a question and its reply, `r<number>`."""
    question, reply = talk
    there = PlaceRef(place.platform, place.workspace, place.channel, f"{number}.0")
    conversation, begun = f"c{number}", at - timedelta(seconds=6)
    start = StartConversation(
        id=conversation, model={"id": model, "metadata": {}}, username="ada", place=there.key, environment="demo"
    )
    asked = AddMessage(
        id=f"q{number}",
        conversation_id=conversation,
        role="user",
        content=question,
        timestamp=begun.isoformat(),
        author=person(place, 0),
        parts=[MessageRef(place.platform, place.workspace, place.channel, f"q{number}").key],
    )
    answered = AddMessage(
        **{
            "id": f"r{number}",
            "conversation_id": conversation,
            "role": "assistant",
            "content": reply,
            "timestamp": at.isoformat(),
            "parts": [MessageRef(place.platform, place.workspace, place.channel, str(number)).key],
            "question_id": asked.id,
            "trace_id": f"tr-{number:06}",
            "client_request_id": f"{place.platform}:{number}",
            "model": {"id": model, "metadata": {}},
            "parameters": {"max_tokens": 2048, "temperature": 0.7},
            "started_at": begun.isoformat(),
            "first_token_at": (begun + timedelta(seconds=0.4)).isoformat(),
            "ended_at": at.isoformat(),
            "prompt_tokens": 812,
            "completion_tokens": 96,
            "finish_reason": "stop",
            "streaming": {
                "first_text": 0.11,
                "mean_lag": 0.42,
                "longest_freeze": 1.2,
                "final_lag": 0.2,
                "edits": 5,
                "rate_limited": number % 40 == 0,
            },
            **fields,
        }
    )
    yield told(start, begun, f"start {number}", place)
    yield told(asked, begun, f"ask {number}", place, asked.author)
    yield told(answered, at, f"reply {number}", place)


def person(place: PlaceRef, number: int) -> str:
    """A `PersonRef.key`."""
    return f"{place.platform}:{place.workspace}:U{number}"


def opinion(number: int, who: str, what: tuple[str, Any], at: datetime, place: PlaceRef, **fields: Any) -> Record:
    """What someone says of the reply `r<number>`: a name and a value."""
    name, value = what
    key = f"{who} {name} {value} {number} {at.isoformat()}"
    kind = LogExpectation if name == "expected_response" else LogFeedback
    payload = kind(
        **{
            "id": f"r{number}",
            "conversation_id": f"c{number}",
            "assessment_id": stable_ulid(at, key),
            "name": name,
            "value": value,
            "source_type": "HUMAN",
            "source_id": who,
            "origin": f"reaction:{name}",
            "metadata": {"segment": "user", "by_asker": who.endswith("U0")},
            **fields,
        }
    )
    return told(payload, at, key, place, who)


def month(replies: int = 420, now: datetime = NOW) -> Iterator[Record]:
    """So many replies in the thirty days until `now`; the second model is the better one."""
    dice = random.Random(8)
    habits = [dice.betavariate(6, 1) for _ in range(40)]
    moments = sorted(now - timedelta(days=29.6 * dice.random()) for _ in range(replies))
    for number, at in enumerate(moments):
        place, model = dice.choices(_PLACES, (5, 3, 2))[0], MODELS[dice.random() < 0.4]
        topic = dice.randrange(len(_TALK))
        yield from exchange(number, at, place, model, _TALK[topic])
        is_wrong = "strawberry" in _TALK[topic][0]
        for who in {min(int(dice.paretovariate(0.7)) - 1, 39) for _ in range(dice.choice((0, 0, 1, 1, 2, 4)))}:
            likes = dice.random() < habits[who] * (0.35 if is_wrong else 0.85 if model == MODELS[0] else 1.1)
            opinions = _judged(dice, topic, person(place, who), place, likes=likes)
            yield from (each(number, at + timedelta(minutes=who + 1)) for each in opinions)


def _judged(
    dice: random.Random, topic: int, who: str, place: PlaceRef, *, likes: bool
) -> Iterator[Callable[[int, datetime], Record]]:
    """What one person says, of a reply and at a moment that are told later."""

    def say(name: str, value: Any, origin: str) -> Callable[[int, datetime], Record]:
        return lambda number, at: opinion(
            number, who, (name, value), at, place, origin=f"{origin}:{who}", metadata={"by_asker": who.endswith(":U0")}
        )

    yield say("user_feedback", likes, "reaction")
    if likes:
        return
    if dice.random() < 0.5:
        reason = dice.choice(_REASONS)
        yield say("user_category", reason, f"form:{reason}")
    if dice.random() < 0.2:
        yield say("expected_response", _BETTER[topic], "message")
    if dice.random() < 0.25:
        yield say("user_comment", _COMMENTS[topic], "comment")
