"""Whether nothing was lost: what the log says against what people asked, saw and put there themselves."""

from collections import Counter

from core.records import Record
from core.store.sql import SqlStore
from tests.faults.asking import Asked, People


async def differences(people: People, store: SqlStore) -> list[str]:
    """What is not as it should be once all is quiet; nothing, where every question has exactly one whole answer."""
    messages = [each async for each in store.records() if each.type == "add_message"]
    questions = {each.data["parts"][0]: each for each in messages if each.data["role"] == "user"}
    replies: dict[str, list[Record]] = {}
    for each in messages:
        if each.data["role"] == "assistant":
            replies.setdefault(each.data["question_id"], []).append(each)
    wrong = people.wrong_to_see()
    for asked in people.asked.values():
        question = questions.get(people.ref(asked.message).key)
        if question is None:
            wrong.append(f"{asked.name} ({people.ref(asked.message).key}, {asked.talk.room.kind}) is not in the log")
            continue
        found = replies.get(question.data["id"], [])
        if len(found) != 1:
            wrong.append(f"{asked.name} has {len(found)} answers in the log")
            continue
        name = f"{asked.name}, {found[0].data['id']}"
        wrong += [f"{name}: {each}" for each in _in_reply(asked, found[0], people)]
        wrong += [f"{name}: {each}" for each in await _in_votes(asked, found[0], people, store)]
    parts = Counter(part for found in replies.values() for each in found for part in each.data["parts"])
    wrong += [f"the log has {part} {times} times" for part, times in parts.items() if times > 1]
    ours = {people.ref(each).key for each in people.ours()}
    wrong += [f"the log does not know {each}" for each in ours - set(parts)]
    return wrong


def _in_reply(asked: Asked, reply: Record, people: People) -> list[str]:
    wrong = []
    if reply.data["status"] != "complete":
        wrong.append(f"it is {reply.data['status']} ({reply.data['reason']})")
    if reply.data["content"] != asked.text:
        wrong.append(f"the log has {len(reply.data['content'])} of {len(asked.text)} characters")
    shown = sorted(people.ref(each).key for each in asked.shown)
    if sorted(set(reply.data["parts"]) - people.notes()) != shown:
        wrong.append(f"it stands in {shown}, the log has {reply.data['parts']}")
    return wrong


async def _in_votes(asked: Asked, reply: Record, people: People, store: SqlStore) -> list[str]:
    found = {(each.source.id, each.name): each.value for each in await store.assessments(reply.data["id"])}
    stands = people.votes_on(asked)
    return [] if found == stands else [f"people say {stands}, the log {found}"]


async def out_of_order(store: SqlStore) -> list[str]:
    """The questions that were asked, and known, before another of their conversation, and answered after it."""
    known: dict[str, tuple[int, str]] = {}
    answered: dict[str, list[str]] = {}
    told = []
    async for each in store.records():
        if each.type == "add_message" and each.data["role"] == "user":
            known[each.data["id"]] = (each.seq or 0, each.data["timestamp"])
        elif each.type == "add_message":
            question, before = each.data["question_id"], answered.setdefault(each.data["conversation_id"], [])
            number, at = known[question]
            later = [other for other in before if known[other][0] > number and known[other][1] > at]
            told += [f"{question} ({number}, asked {at}) is answered in {each.seq}, after {later}"] if later else []
            before.append(question)
    return told
