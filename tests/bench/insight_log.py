"""A log of a million replies for the reports' benchmark, made by the databases themselves; and people who vote."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from core.insight.comparing import Vote

SECONDS = 7.776
"""Between two replies: a million are 90 days."""
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_TURNS, _MODELS, _VOTES, _APART, _PEOPLE = 5, 3, 10, 15, 2_000
_STARTED = int(START.timestamp())

# Of fifteen replies one is judged, half of these by two people; raters are numbered by a cube, so that few vote a lot.
_COMMON = f"""
INSERT INTO conversations
SELECT {{c}}, i, {{model}}, 'ann', 'slack:T1:C' || (i % 20) || ':' || i, {{yes}}, 'bench', NULL, {{now}}, {{now}},
       NULL, NULL
FROM {{fewer}};
INSERT INTO messages (id, seq, conversation_id, role, content, rating, feedback, timestamp, author, parts, model,
                      model_id, started_at, first_token_at, ended_at, streaming, status, withheld, deleted)
SELECT {{m}}, i, {{in_c}}, 'assistant', '{"It is so because it is. " * 25}', '', '', {{at}}, '',
       {{part}}, {{model}}, {{model_id}}, {{at}}, {{at}}, {{at}}, {{grown}}, 'complete', {{no}}, {{no}}
FROM {{all}};
INSERT INTO assessments (message_id, name, source_type, source_id, origin, seq, at, assessment_id, conversation_id,
                         kind, value, number, rationale, details, standing, current)
SELECT {{judged}}, 'user_feedback', 'HUMAN', 'slack:T1:U' || {{rater}}, 'reaction:' || i, i, {{now}}, 'a' || i, 'c',
       'feedback', {{json_true}}, CASE WHEN i % 5 = 0 THEN 0 ELSE 1 END, '',
       {{details}}, {{yes}}, {{yes}}
FROM {{voted}} WHERE {{yes}} ON CONFLICT DO NOTHING
"""
_GROWN = '{"first_text":0.1,"mean_lag":0.2,"longest_freeze":0.5,"final_lag":0.1,"edits":4,"rate_limited":0}'
_DETAILS = (
    '{"platform":"slack","channel":"C1","segment":"user","by_asker":false,"before_completion":false,'
    '"seconds_after_reply":2.5,"emoji":"👍"}'
)


def fill(connection: Connection, replies: int) -> None:
    """Put so many replies, their conversations and the votes on them into the empty tables."""
    words = _sqlite(replies) if connection.dialect.name == "sqlite" else _postgres(replies)
    for statement in _COMMON.format(**words).split(";\n"):
        connection.exec_driver_sql(statement)


def _sqlite(replies: int) -> dict[str, str]:
    def series(number: int) -> str:
        return (
            f"(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {number - 1}) SELECT i FROM n)"
        )

    return {
        "all": series(replies),
        "fewer": series(replies // _TURNS),
        "voted": series(replies // _VOTES),
        "c": "printf('01C%023d', i)",
        "m": "printf('01M%023d', i)",
        "in_c": f"printf('01C%023d', i / {_TURNS})",
        "judged": f"printf('01M%023d', i * 2 / 3 * {_APART})",
        "model": f"""'{{"id":"org/model-' || (i / {_TURNS} % {_MODELS}) || '","metadata":{{}}}}'""",
        "model_id": f"'org/model-' || (i / {_TURNS} % {_MODELS})",
        "at": f"strftime('%Y-%m-%dT%H:%M:%f000+00:00', {_STARTED} + i * {SECONDS}, 'unixepoch')",
        "now": "'2026-04-01T00:00:00.000000+00:00'",
        "rater": f"CAST({_PEOPLE} * pow(i * 7919 % 10007 / 10007.0, 3) AS INT)",
        "part": """'["slack:T1:C1:' || i || '"]'""",
        "grown": f"'{_GROWN}'",
        "details": f"'{_DETAILS}'",
        "json_true": "'true'",
        "yes": "1",
        "no": "0",
    }


def _postgres(replies: int) -> dict[str, str]:
    def series(number: int) -> str:
        return f"generate_series(0, {number - 1}) AS i"

    return {
        "all": series(replies),
        "fewer": series(replies // _TURNS),
        "voted": series(replies // _VOTES),
        "c": "'01C' || lpad(i::text, 23, '0')",
        "m": "'01M' || lpad(i::text, 23, '0')",
        "in_c": f"'01C' || lpad((i / {_TURNS})::text, 23, '0')",
        "judged": f"'01M' || lpad((i * 2 / 3 * {_APART})::text, 23, '0')",
        "model": f"""('{{"id":"org/model-' || (i / {_TURNS} % {_MODELS}) || '","metadata":{{}}}}')::jsonb""",
        "model_id": f"'org/model-' || (i / {_TURNS} % {_MODELS})",
        "at": f"to_timestamp({_STARTED} + i * {SECONDS})",
        "now": "'2026-04-01T00:00:00Z'",
        "rater": f"floor({_PEOPLE} * power(i::bigint * 7919 % 10007 / 10007.0, 3))::int",
        "part": """('["slack:T1:C1:' || i || '"]')::jsonb""",
        "grown": f"'{_GROWN}'",
        "details": f"'{_DETAILS}'",
        "json_true": "'true'",
        "yes": "true",
        "no": "false",
    }


def raters(dice: random.Random, number: int, generosity: float) -> list[tuple[int, int]]:
    """People's votes for and against; a few vote very often, and each has a rate of their own around `generosity`."""
    people = []
    for _ in range(number):
        votes, own = min(int(dice.paretovariate(0.8)), 2_000), _own(dice, generosity)
        likes = sum(dice.random() < own for _ in range(votes))
        people.append((likes, votes - likes))
    return people


def votes_on_two_alike(dice: random.Random, people: int, days: int) -> Iterator[Vote]:
    """The votes of such people on two models between which they make no difference; one comes up more often."""
    habits = [(str(each), _own(dice, 0.8), min(dice.paretovariate(0.8), 30) / 4) for each in range(people)]
    favoured = dice.uniform(0.3, 0.7)
    for day in range(days):
        for person, own, busy in habits:
            for _ in range(int(busy * 2 * dice.random() + dice.random())):
                at = START + timedelta(days=day, seconds=dice.randrange(86_400))
                yield Vote(person, at, first=dice.random() < favoured, positive=dice.random() < own)


def _own(dice: random.Random, generosity: float) -> float:
    return dice.betavariate(generosity * 8, (1 - generosity) * 8)
