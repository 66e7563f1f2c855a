"""What the page is told of the house: rooms, people, messages, dialogs and records, as JSON. It knows no wire."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final, TypeAlias

import orjson
from markdown_it import MarkdownIt

from bots.demo.controls import buttons
from bots.pocket.things import Message, Person, Room
from core.controls import Form
from core.insight.report import Report
from core.records import Record

Json: TypeAlias = dict[str, Any]

# What a model writes is text: no HTML of its own, no pictures from elsewhere; links are checked by the library.
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
_SHOWN: Final = ("name", "value", "role", "status", "content", "reason", "rationale", "keep")
_LONGEST: Final = 90


def person(them: Person) -> Json:
    """Someone in the house."""
    return {"id": str(them.id), "name": them.name, "bot": them.is_bot}


def room(there: Room) -> Json:
    """A room; a thread names the message that it was made from."""
    return {
        "id": str(there.id),
        "name": there.name,
        "platform": there.platform,
        "kind": there.kind,
        "starter": str(there.starter.id) if there.starter else None,
    }


def message(said: Message) -> Json:
    """A message with everything that people see of it; what the assistant writes is HTML made of its Markdown."""
    return {
        "id": str(said.id),
        "room": str(said.room.id),
        "author": person(said.author),
        "at": said.at.isoformat(),
        "text": "" if said.author.is_bot else said.text,
        "html": _MARKDOWN.render(said.text) if said.author.is_bot else "",
        "thread": str(said.thread.id) if said.thread else None,
        "reply_to": str(said.reply_to.id) if said.reply_to else None,
        "only_for": str(said.only_for.id) if said.only_for else None,
        "edited": said.edited and not said.author.is_bot,
        "edits": len(said.states) - 1,
        "deleted": said.deleted,
        "reactions": {emoji: [str(each.id) for each in people] for emoji, people in said.reactions.items()},
        "buttons": [{"label": each.label, "name": each.name} for each in buttons(said)],
    }


def form(opened: Form) -> Json:
    """A dialog that someone has before them."""
    return asdict(opened)


def record(kept: Record) -> Json:
    """A record of the log, in a line."""
    told = {name: kept.data[name] for name in _SHOWN if kept.data.get(name) not in (None, "", [])}
    later = bool((kept.data.get("metadata") or {}).get("found_later"))
    text = " · ".join(f"{name}: {_short(value)}" for name, value in told.items())
    return {"seq": kept.seq, "type": kept.type, "platform": kept.source, "text": text, "found_later": later}


def report(figures: Report, by_name: Mapping[str, int], by_platform: Iterable[tuple[str, Report]]) -> Json:
    """The report in a few figures. `by_name`: how many opinions stand of each kind."""
    sequence = figures.by_people.sequence
    return {
        "replies": figures.total_traces,
        "judged": figures.traces_with_feedback,
        "feedback_rate": figures.feedback_rate,
        "positive": figures.positive_count,
        "negative": figures.negative_count,
        "positive_rate": figures.positive_rate,
        # Whoever watches it live looks again and again: the interval is the one that holds for that.
        "interval": [sequence.low, sequence.high] if figures.by_people.people else [],
        "people": figures.by_people.people,
        "opinions": dict(by_name),
        "platforms": {name: [each.positive_count, each.negative_count] for name, each in by_platform},
    }


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
