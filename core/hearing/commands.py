"""What people command in words: help, stats, privacy. What a command does to conversations is the assistant's."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import orjson

from core.clock import Clock
from core.controls import Attachment, Button, Notice, Verb, action
from core.hearing.choosing import DEFAULT, Choosing
from core.insight.report import Counts, Report, report
from core.messages import Person, PersonRef, PlaceRef
from core.ports import Store
from core.records import AddMessage, Record, SetConsent, envelop, is_opinion
from core.words import (
    COMMANDS,
    EXPORTED,
    FORGOTTEN,
    HELP,
    NOTHING_KEPT,
    PRIVACY,
    REALLY_FORGET,
    RESUMED,
    STOPPED,
    UNKNOWN_COMMAND,
)

_WINDOW: Final = timedelta(days=30)
_EXPORTED_FIELDS: Final = ("seq", "type", "version", "at", "data")


class Log(Store, Counts, Protocol):
    """The store, and the counts of a report."""


class Commands:
    """Answers commands, each with a notice for the person who gave it."""

    def __init__(self, store: Log, clock: Clock, environment: str, choosing: Choosing) -> None:
        self._store = store
        self._choosing = choosing
        self._clock = clock
        self._environment = environment

    async def answer(self, words: Sequence[str], person: Person, place: PlaceRef, *, name: str) -> Notice:
        """What a person who gave a command is told; `name` is the platform's for the act."""
        match words:
            case [] | ["help"]:
                return Notice(HELP)
            case ["stats"]:
                return Notice(await self._stats(place))
            case ["model"]:
                return Notice(await self._choosing.tell(person, place))
            case ["model", model]:
                return Notice(await self._choosing.choose(model, person, place, act=name))
            case ["privacy", *what]:
                return await self._privacy(" ".join(what) or "show", person.ref, name)
            case _:
                return Notice(f"{UNKNOWN_COMMAND.format(word=' '.join(words)[:80])}\n\n{HELP}")

    async def _privacy(self, what: str, person: PersonRef, name: str) -> Notice:
        match what:
            case "show":
                return await self._kept(person)
            case "export":
                return await self._export(person)
            case "stop" | "resume":
                await self._set_consent(person, keep=what == "resume", name=name)
                return Notice(RESUMED if what == "resume" else STOPPED)
            case "forget":
                return Notice(REALLY_FORGET, (Button("Erase it all", action(Verb.FORGET)),))
            case _:
                return Notice(f"{UNKNOWN_COMMAND.format(word=f'privacy {what}'[:80])}\n\n{HELP}")

    async def forget(self, person: PersonRef) -> Notice:
        """Erase what is kept of a person."""
        erased = await self._store.erase(person)
        return Notice(FORGOTTEN if erased else NOTHING_KEPT)

    async def _stats(self, place: PlaceRef) -> str:
        now = self._clock.now()
        figures = report(await self._store.tally((), now - _WINDOW, channel=place))
        return _in_words(figures)

    async def _kept(self, person: PersonRef) -> Notice:
        messages = opinions = 0
        first: datetime | None = None
        async for record in self._store.data_of(person.key):
            messages += record.type == AddMessage.type
            opinions += is_opinion(record)
            first = first or record.at
        may = "not kept" if await self._store.opted_out(person.key) else "kept"
        since = f", the first of {first:%d %B %Y}" if first else ""
        choices = "\n".join(f"- `/plaudit privacy {word}` – {meaning}" for word, meaning in PRIVACY.items())
        return Notice(
            f"Of you there are {messages} messages and {opinions} opinions in the log{since}. "
            f"What you say now is {may}.\n\n{choices}"
        )

    async def _export(self, person: PersonRef) -> Notice:
        lines = [_exported(record) async for record in self._store.data_of(person.key)]
        if not lines:
            return Notice(NOTHING_KEPT)
        return Notice(EXPORTED.format(count=len(lines)), attachment=Attachment("my-data.jsonl", b"".join(lines)))

    async def _set_consent(self, person: PersonRef, *, keep: bool, name: str) -> None:
        now = self._clock.now()
        record = envelop(
            SetConsent(subject=person.key, keep=keep),
            environment=self._environment,
            # The last word counts, though our clock was set back since the one before.
            at=max(now, await self._store.consented_at(person.key) or now),
            where=person,
            key=f"{person.platform}:{name}:consent",
            subject=person.key,
        )
        await self._store.append(record)


def read_command(text: str, models: Collection[str] = ()) -> list[str] | None:
    """The words of a command, where a message is one and nothing else: `Help`, `privacy export`, `model small`.

    `models`: what can be chosen among there; where there is nothing, `model small` is a question.
    """
    match words := text.lower().split():
        case [word] if word in COMMANDS:
            return words
        case ["privacy", what] if what in PRIVACY:
            return words
        case ["model", name] if models or name == DEFAULT:
            return words
        case _:
            return None


def _in_words(figures: Report) -> str:
    if not figures.total_traces:
        return "I have given no answers here in the last 30 days."
    votes = figures.positive_count + figures.negative_count
    rate = f"{figures.positive_rate:.0%} of the votes are positive" if votes else "there are no votes yet"
    return (
        f"In the last 30 days I gave **{figures.total_traces}** answers here. "
        f"People judged {figures.feedback_rate:.0%} of them: "
        f"**{figures.positive_count} 👍**, **{figures.negative_count} 👎**; {rate}."
    )


def _exported(record: Record) -> bytes:
    told: dict[str, Any] = {name: getattr(record, name) for name in _EXPORTED_FIELDS}
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
