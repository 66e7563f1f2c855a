"""Items out of the log, as of a seq: by default the replies that people disliked or corrected.

What someone who wants nothing kept has written or said is in none of them, nor what was erased.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from core.evaluating.items import Item
from core.exports.options import Rules, Scope
from core.exports.prompts import Prompts, Reader
from core.exports.reading import TalkReader, find_edited, privacy
from core.exports.rows import model_id
from core.exports.talks import Opinion, Said, Talk
from core.exports.verdicts import value_of, verdict
from core.feedback import EXPECTED_RESPONSE
from core.messages import ReplyStatus, Role
from core.ports import PromptMessage
from core.prompt import DEFAULT_WINDOW, Window
from core.store.columns import to_iso_text
from core.store.engine import Database
from core.store.erasing import names_of

_HELD: Final = 5_000
"""Items beyond the limit that are held before the older ones are let go."""


class Choice(StrEnum):
    """Which replies."""

    WRONG = "wrong"
    """Those that people disliked or corrected."""
    JUDGED = "judged"
    """Those that people voted on, either way."""
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which items, and how much each of them holds."""

    choice: Choice = Choice.WRONG
    scope: Scope = field(default_factory=Scope)
    limit: int | None = None
    """At most so many, the newest."""
    window: Window = DEFAULT_WINDOW
    system: str = ""
    """The first turn of every prompt; empty: none."""

    def to_json(self) -> dict[str, Any]:
        """As the log has it."""
        scope = self.scope
        return {
            "replies": self.choice.value,
            "since": scope.since and to_iso_text(scope.since),
            "until": scope.until and to_iso_text(scope.until),
            "platforms": sorted(scope.platforms),
            "models": sorted(scope.models),
            "limit": self.limit,
            "history_messages": self.window.messages,
            "history_characters": self.window.characters,
            # Which one it was, not its words: this is shown wherever evaluations and exports are listed.
            "system": hashlib.sha256(self.system.encode()).hexdigest()[:12] if self.system else "",
        }


async def items_from_log(database: Database, selection: Selection, as_of: int) -> list[Item]:
    """The chosen items, the newest first. The whole log up to `as_of` is passed over, with no more held than asked."""
    wishes = await privacy(database)
    reader = TalkReader(database, as_of, selection.scope, await find_edited(database, as_of))
    choosing = _Choosing(selection, lambda key: bool(key) and not wishes.unwilling.isdisjoint(names_of(key)))
    found: list[Item] = []
    async for _, _, talks in reader.pages():
        for talk in talks:
            found += choosing.items(talk)
        if selection.limit is not None and len(found) > selection.limit + _HELD:
            found = _newest(found, selection.limit)
    return _newest(found, selection.limit)


def _newest(items: list[Item], limit: int | None) -> list[Item]:
    return sorted(items, key=attrgetter("at", "id"), reverse=True)[:limit]


class _Choosing:
    """Makes items of conversations."""

    def __init__(self, selection: Selection, is_private: Callable[[str], bool]) -> None:
        self._selection = selection
        self._is_private = is_private
        self._reader = Reader(selection.window, selection.system, is_private)
        scope = selection.scope
        self._since = to_iso_text(scope.since) if scope.since else ""
        self._until = to_iso_text(scope.until) if scope.until else ""

    def items(self, talk: Talk) -> Iterator[Item]:
        """The chosen replies of one conversation."""
        prompts: Prompts | None = None
        for place, reply in enumerate(talk.messages[talk.inherited :], start=talk.inherited):
            if not (_is_whole(reply) and self._in_scope(talk, reply)):
                continue
            opinions = [each for each in talk.opinions.get(reply.id, ()) if not self._is_private(each.source_id)]
            corrections = [each for each in opinions if each.name == EXPECTED_RESPONSE and value_of(each)]
            if not self._is_chosen(opinions, corrections):
                continue
            prompts = prompts or Prompts(talk, self._reader)
            prompt = prompts.before(place)
            if not prompt.missing:
                turns = tuple(PromptMessage(Role(each["role"]), each["content"]) for each in prompt.turns)
                yield _item(talk, reply, turns, sorted(corrections, key=attrgetter("order")))

    def _in_scope(self, talk: Talk, reply: Said) -> bool:
        models = self._selection.scope.models
        return (
            reply.timestamp >= self._since
            and (not self._until or reply.timestamp < self._until)
            and (not models or model_id(reply.model or talk.model) in models)
        )

    def _is_chosen(self, opinions: Collection[Opinion], corrections: Collection[Opinion]) -> bool:
        if self._selection.choice is Choice.ALL:
            return True
        label = verdict(list(opinions), Rules()).label
        if self._selection.choice is Choice.JUDGED:
            return label is not None
        return label is False or bool(corrections)


def _is_whole(reply: Said) -> bool:
    return (
        reply.role == Role.ASSISTANT
        and reply.status == ReplyStatus.COMPLETE
        and not (reply.deleted or reply.withheld)
        and bool(reply.content.strip())
    )


def _item(talk: Talk, reply: Said, prompt: tuple[PromptMessage, ...], corrections: list[Opinion]) -> Item:
    question = next((each for each in talk.messages if each.id == reply.question_id), None)
    return Item(
        id=reply.id,
        prompt=prompt,
        response=reply.content,
        expected=tuple(dict.fromkeys(str(value_of(each)) for each in corrections)),
        model=model_id(reply.model or talk.model),
        conversation_id=talk.id,
        place=talk.place,
        question_id=reply.question_id,
        asker=question.author or None if question else None,
        corrected_by=tuple(sorted({each.source_id for each in corrections})),
        at=reply.timestamp,
    )
