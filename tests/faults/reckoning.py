"""What it came to: of each question, whether its whole answer or what failed was told, once, and the votes on it.

`whole` asks for whole answers and nothing else; here the model fails, and a failure that is told is as good. What
people see and did is read from pocket, what is kept from the log.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from bots.pocket.things import Message
from core.records import Record
from core.store.sql import SqlStore
from tests.faults.asking import Asked, People

_WORD: Final = re.compile(r"\b(q\d+)w(\d+)\b")
_NOTES: Final = ("⚠️", ":warning:")
"""What a sentence about a failure begins with; Slack may write it out."""


@dataclass
class Reckoning:
    """The figures, and what is wrong in words."""

    questions: int = 0
    whole: int = 0
    """Questions with their whole answer."""
    told: int = 0
    """Questions whose answer failed, where the person sees why."""
    doubled: int = 0
    """Questions that were answered twice, or whose words stand twice."""
    votes: int = 0
    """Votes that stand on the platforms."""
    votes_differ: int = 0
    """Questions on whose answer other votes are kept than stand there."""
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Reckoning") -> None:
        """Take in what another run came to."""
        for name in ("questions", "whole", "told", "doubled", "votes", "votes_differ"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong += other.wrong


async def reckon(people: People, store: SqlStore) -> Reckoning:
    """What it has come to by now."""
    found = Reckoning(questions=len(people.asked))
    messages = [each async for each in store.records() if each.type == "add_message"]
    questions = {each.data["parts"][0]: each.data["id"] for each in messages if each.data["role"] == "user"}
    replies: dict[str, list[Record]] = {}
    for each in messages:
        if each.data["role"] == "assistant":
            replies.setdefault(each.data["question_id"], []).append(each)
    shown = {people.ref(each).key: each for each in people.ours()}
    for asked in people.asked.values():
        kept = replies.get(questions.get(people.ref(asked.message).key, ""), [])
        await _reckon_one(asked, kept, shown, found)
        if len(kept) == 1:
            await _reckon_votes(asked, kept[0], people, store, found)
    parts = Counter(part for several in replies.values() for each in several for part in each.data["parts"])
    for key in set(shown) - set(parts):
        found.doubled += bool(_WORD.search(shown[key].text))
        found.wrong.append(f"the log does not know {key}: {shown[key].text[:80]!r}")
    return found


async def _reckon_one(asked: Asked, kept: list[Record], shown: dict[str, Message], found: Reckoning) -> None:
    if len(kept) != 1:
        found.doubled += len(kept) > 1
        found.wrong.append(f"{asked.name} ({asked.message.room.name}) has {len(kept)} answers in the log")
        return
    data = kept[0].data
    texts = [shown[part].text for part in data["parts"] if part in shown]
    words = [int(number) for text in texts for name, number in _WORD.findall(text) if name == asked.name]
    if len(set(words)) != len(words):
        found.doubled += 1
        found.wrong.append(f"{asked.name}, {data['id']}: words are doubled")
        return
    is_complete = data["status"] == "complete" and data["reason"] is None
    wanted = [*range(asked.words)] if is_complete else [int(number) for _, number in _WORD.findall(data["content"])]
    told = any(sign in text for text in texts for sign in _NOTES)
    how = f"it is {data['status']} ({data['reason']})"
    if words != wanted:
        found.wrong.append(f"{asked.name}, {data['id']}: {len(words)} words stand, {len(wanted)} are kept; {how}")
    elif is_complete and data["content"] != asked.text:
        found.wrong.append(f"{asked.name}, {data['id']}: the log has another text; {how}")
    elif not is_complete and not told:
        found.wrong.append(f"{asked.name}, {data['id']}: nobody was told; {how}")
    else:
        found.whole += is_complete
        found.told += not is_complete


async def _reckon_votes(asked: Asked, reply: Record, people: People, store: SqlStore, found: Reckoning) -> None:
    kept = {(each.source.id, each.name): each.value for each in await store.assessments(reply.data["id"])}
    stands = people.votes_on(asked)
    found.votes += len(stands)
    if kept != stands:
        found.votes_differ += 1
        found.wrong.append(f"{asked.name}, {reply.data['id']}: people say {stands}, the log {kept}")
