"""The demo's answers: which question gets which text. It is a script and says so; nobody is asked, nothing is learned.

Written to show what a chat has to cope with: short and long, code, lists, tables, and one answer that is wrong.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bots.pocket.model_answers import Answer
from bots.pocket.model_judge import judgement

_WAL = """\
In write-ahead logging, SQLite appends a change to a second file, the *WAL*, before it touches the database file. \
Readers go on reading the old pages while one writer appends the new ones, so **readers do not block the writer and \
the writer does not block readers**.

Three things to know:

1. There is still only one writer at a time.
2. Now and then a *checkpoint* copies the pages from the WAL into the database file; a reader that stays open for \
hours keeps it from finishing, and the WAL grows.
3. All processes must be on the same machine, because they share an index of the WAL in memory.

With `PRAGMA synchronous = FULL` a committed transaction survives a power cut; with `NORMAL` the last few may be lost, \
but the file stays intact."""

_WAL_CODE = """\
Here is a log that survives a power cut, in a few lines:

```python
import sqlite3


def open_log(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, line TEXT NOT NULL)")
    return connection


def append(connection: sqlite3.Connection, line: str) -> int:
    cursor = connection.execute("INSERT INTO log (line) VALUES (?) RETURNING seq", (line,))
    return cursor.fetchone()[0]
```

`append` returns only when the line is on the disk. To write many lines fast, put `BEGIN IMMEDIATE` and `COMMIT` \
around a batch: the disk is then waited for once a batch, not once a line."""

_RATE_LIMITS = """\
# Living with rate limits

A rate limit is a promise between two programs: *ask at most so often, and I will always answer*. Most trouble comes \
from clients that treat it as an error to be retried. Here is a way of thinking that avoids most of it.

## Where limits live

Almost every service counts calls in **buckets**. A bucket has a key (who is asking, and for what), a size, and a way \
of being refilled. Before you write any code, find out what the key is:

- **Per account.** All your processes share one bucket. Adding machines buys you nothing.
- **Per resource.** Each channel, repository or table has its own bucket. Work on different resources does not compete.
- **Per method.** Reading and writing are counted apart, so a busy reader does not starve the writer.
- **Per address.** Typical for public interfaces; watch out behind a shared gateway.

Two calls compete only if they fall into the same bucket. A single global queue for all calls is therefore simple, \
correct, and far slower than it has to be.

## The usual ways of counting

| Way | What it allows | What surprises people |
| --- | --- | --- |
| Fixed window | *n* calls per calendar window | twice *n* calls around the border of two windows |
| Sliding window | *n* calls in any window | the server has to remember every call |
| Token bucket | bursts up to the bucket's size, then a steady rate | after a quiet hour a burst goes through at once |
| Leaky bucket | a steady rate only | a burst waits, even on an idle server |

You can often tell them apart from the headers. A *reset* that jumps by whole windows is a fixed window; a \
*remaining* that creeps up while you wait is a token bucket.

## A token bucket in twenty lines

```python
import time


class TokenBucket:
    def __init__(self, size: int, per_second: float) -> None:
        self.size = size
        self.per_second = per_second
        self.tokens = float(size)
        self.updated = time.monotonic()

    def wait_time(self) -> float:
        \"\"\"Seconds until one call is allowed; 0 if it is allowed now.\"\"\"
        now = time.monotonic()
        self.tokens = min(self.size, self.tokens + (now - self.updated) * self.per_second)
        self.updated = now
        if self.tokens >= 1:
            return 0.0
        return (1 - self.tokens) / self.per_second

    def take(self) -> None:
        self.tokens -= 1
```

Note that it uses the monotonic clock. The wall clock is set back now and then, and a limiter that believes it will \
either wait for an hour or not at all.

## Rules that keep you out of trouble

1. **Believe the server, not the documentation.** Read the limit from the answers: the numbers in the handbook are \
older than the server.
2. **Honour `Retry-After` exactly.** Coming back early usually costs a second refusal, and some services start to ban.
3. **Keep one call in reserve** for the call that matters most. If you show progress by editing a message, the final \
edit matters more than any of the others.
4. **Drop what is stale.** If three updates wait for the same thing, only the last is worth sending. A queue that \
sends all three shows the past in slow motion.
5. **Add jitter** when many clients may wake up at once, for example after an outage.
6. **Measure refusals.** A steady trickle of them means that the model of the bucket in your head is wrong.

## Edits to one message

Showing a text as it grows is a nice example, because every update replaces the one before it. Suppose a channel \
allows five edits in five seconds. Sending the first edits quickly makes a short answer feel instant; spacing the \
others evenly over what is left of the window keeps a long answer moving. With gaps of one second a word waits half a \
second on average before it is seen, and no schedule with the same number of edits can do better than equal gaps: \
the mean delay grows with the *square* of each gap, so one long pause costs more than several short ones save.

## When you are refused anyway

It happens: another process shares your bucket, or the server is busy. Then:

- keep the text, and wait as long as you were told to;
- send the newest text when the time has come, not the one that was refused;
- tell somebody if it lasts. A person who sees nothing for a minute believes that the program has died.

That is nearly all there is to it: know your bucket, believe the answers, send only what is still worth reading."""

_STRAWBERRY_WRONG = "There are **two** r's in “strawberry”."
_STRAWBERRY_RIGHT = "There are **three** r's in “strawberry”: st**r**awbe**rr**y."
_POSTGRES_PORT = "5432."
_HELLO = "Hello! I am the demo's scripted model. Ask me what SQLite's WAL is, for example."

_FALLBACK = """\
I am the demo's scripted model: I know a handful of answers by heart and have none for this. You asked:

> {question}

I can tell you about SQLite's WAL (also in code), give a long guide to rate limits, or count the r's in \
“strawberry” – badly, so that there is something to correct. For a real model, give Plaudit the address of one."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Answers to the questions that contain all of `words`; asked the same again, the next one is given."""

    words: Sequence[str]
    answers: Sequence[str]


TOPICS: Sequence[Topic] = (
    Topic(("strawberry",), (_STRAWBERRY_WRONG, _STRAWBERRY_RIGHT)),
    Topic(("wal", "code"), (_WAL_CODE,)),
    Topic(("write-ahead", "code"), (_WAL_CODE,)),
    Topic(("wal",), (_WAL, _WAL_CODE)),
    Topic(("write-ahead",), (_WAL, _WAL_CODE)),
    Topic(("rate limit",), (_RATE_LIMITS,)),
    Topic(("rate-limit",), (_RATE_LIMITS,)),
    Topic(("postgres", "port"), (_POSTGRES_PORT,)),
    Topic(("hello",), (_HELLO,)),
)
"""From the particular to the general: the first that fits is taken."""


class Script:
    """Answers from `TOPICS`; to anything else it says honestly what it is.

    The same messages again (someone wants a second answer) get the topic's next answer.
    """

    def __init__(self, *, tokens_per_second: float | None = 60, first_token_after: float = 0.25) -> None:
        """The pace of every answer."""
        self._tokens_per_second = tokens_per_second
        self._first_token_after = first_token_after
        self._asked: Counter[str] = Counter()

    def __call__(self, messages: list[dict[str, Any]]) -> Answer:
        """The answer to the last message of a person; or a judgement, where one is asked for."""
        if (judged := judgement(messages)) is not None:
            return Answer(judged, tokens_per_second=None, first_token_after=0)
        question = _last_question(messages)
        asked = json.dumps(messages, sort_keys=True)
        times, self._asked[asked] = self._asked[asked], self._asked[asked] + 1
        text = _text_for(question, times)
        return Answer(text, tokens_per_second=self._tokens_per_second, first_token_after=self._first_token_after)


def _last_question(messages: list[dict[str, Any]]) -> str:
    content = next((message.get("content") for message in reversed(messages) if message.get("role") == "user"), "")
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content or [])


def _text_for(question: str, times_asked: int) -> str:
    lowered = question.lower()
    for topic in TOPICS:
        if all(re.search(rf"\b{word}s?\b", lowered) for word in topic.words):
            return topic.answers[times_asked % len(topic.answers)]
    return _FALLBACK.format(question=question.strip().replace("\n", "\n> ") or "(nothing)")
