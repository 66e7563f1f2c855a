"""The rows that a conversation gives: which replies, with what before them, under which label. Pure."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from core.exports.options import Kind, Options
from core.exports.prompts import Prompt, Prompts, Reader, Turn
from core.exports.talks import Opinion, Said, Talk, is_blank
from core.exports.verdicts import Verdict, value_of, verdict
from core.feedback import EXPECTED_RESPONSE, USER_CATEGORY, USER_COMMENT
from core.messages import ReplyStatus, Role
from core.store.columns import to_iso_text

_ASSISTANT: Final = Role.ASSISTANT.value
_COMPLETE: Final = ReplyStatus.COMPLETE.value
REPLY, CORRECTION, RETRY = "reply", "correction", "retry"
"""Where the better text of a row comes from: the model, a person, or the model asked twice."""

Content: TypeAlias = dict[str, Any]


class Row(NamedTuple):
    """One row: what it is for, and where it comes from."""

    content: Content
    provenance: Content
    group: str
    """Rows of one group share words, and are all for training or all for testing."""
    label: bool | None


class Judged(NamedTuple):
    """A reply with what people think of it and what came before it."""

    reply: Said
    verdict: Verdict
    opinions: Sequence[Opinion]
    prompt: Prompt

    def said(self, name: str) -> list[Opinion]:
        """What people said of it under `name`, in the order in which they said it."""
        return sorted((each for each in self.opinions if each.name == name), key=lambda each: each.order)


@dataclass(slots=True)
class RowMaker:
    """Makes rows of one kind, and counts what is left out and why."""

    options: Options
    is_private: Callable[[str], bool]
    pseudonym: Callable[[str], str]
    """What a person (`PersonRef.key`) is called in rows."""
    left_out: Counter[str] = field(default_factory=Counter)
    judged: int = 0
    """Replies in the scope that people have judged or corrected."""
    only: Container[str] | None = None
    """No other rows than those about these replies, by their ids."""
    _since: str = ""
    _until: str = ""
    _narrow: bool = False
    """Not every reply is in the scope."""
    _reader: Reader = field(init=False)
    _make: Callable[[Talk, Iterable[Judged]], Iterator[Row]] = field(init=False)

    def __post_init__(self) -> None:
        scope = self.options.scope
        self._since = to_iso_text(scope.since) if scope.since else ""
        self._until = to_iso_text(scope.until) if scope.until else ""
        self._narrow = bool(self._since or self._until or scope.models or self.only is not None)
        self._reader = Reader(self.options.window, self.options.system, self.is_private)
        makers = {Kind.KTO: self._kto, Kind.SFT: self._sft, Kind.DPO: self._dpo, Kind.EVAL: self._eval}
        self._make = makers[self.options.kind]

    def rows(self, talk: Talk) -> Iterator[Row]:
        """The rows of one conversation."""
        return self._make(talk, self._judged(talk))

    def _judged(self, talk: Talk) -> Iterator[Judged]:
        """The replies that can stand in a row at all."""
        prompts: Prompts | None = None
        rules, is_private = self.options.rules, self.is_private
        is_narrow = self._narrow
        for place, reply in enumerate(talk.messages):
            opinions = talk.opinions.get(reply.id)
            if opinions is None or place < talk.inherited or (is_narrow and not self._in_scope(talk, reply)):
                continue
            opinions = [each for each in opinions if not is_private(each.source_id)]
            if not opinions:
                self.left_out["private"] += 1
                continue
            prompts = prompts or Prompts(talk, self._reader)
            self.judged += 1
            if why := _unfit(reply):
                self.left_out[why] += 1
                continue
            prompt = prompts.before(place)
            if prompt.missing:
                self.left_out[prompt.missing] += 1
                continue
            yield Judged(reply, verdict(opinions, rules), opinions, prompt)

    def _is_old(self, reply: Said) -> bool:
        return self.only is not None and reply.id not in self.only

    def _in_scope(self, talk: Talk, reply: Said) -> bool:
        if self._is_old(reply) and self.options.kind is not Kind.DPO:
            return False
        models = self.options.scope.models
        return (
            reply.timestamp >= self._since
            and (not self._until or reply.timestamp < self._until)
            and (not models or model_id(reply.model or talk.model) in models)
        )

    def _kto(self, talk: Talk, judged: Iterable[Judged]) -> Iterator[Row]:
        for each in judged:
            label = each.verdict.label
            if label is None:
                self.left_out["undecided"] += 1
                continue
            content = {"prompt": each.prompt.turns, "completion": [_answer(each.reply.content)], "label": label}
            yield self._row(talk, each, content, REPLY, label)

    def _sft(self, talk: Talk, judged: Iterable[Judged]) -> Iterator[Row]:
        for each in judged:
            corrections = self._corrections(each)
            if each.verdict.label:
                content = {"prompt": each.prompt.turns, "completion": [_answer(each.reply.content)]}
                yield self._row(talk, each, content, REPLY, None)
            elif not corrections:
                self.left_out["not_liked"] += 1
            for correction, text in corrections:
                content = {"prompt": each.prompt.turns, "completion": [_answer(text)]}
                yield self._row(talk, each, content, CORRECTION, None, by=correction)

    def _dpo(self, talk: Talk, judged: Iterable[Judged]) -> Iterator[Row]:
        siblings: dict[str | None, list[Judged]] = {}
        for each in judged:
            siblings.setdefault(each.reply.question_id, []).append(each)
            for correction, text in [] if self._is_old(each.reply) else self._corrections(each):
                content = _pair(each.prompt.turns, text, each.reply.content)
                yield self._row(talk, each, content, CORRECTION, None, by=correction)
        for answers in siblings.values():
            yield from self._answered_twice(talk, answers)

    def _answered_twice(self, talk: Talk, answers: Sequence[Judged]) -> Iterator[Row]:
        for better in answers:
            for worse in answers:
                is_old = self._is_old(better.reply) and self._is_old(worse.reply)
                if better.verdict.label and worse.verdict.label is False and not is_old:
                    if better.reply.content.strip() == worse.reply.content.strip():
                        self.left_out["equal_sides"] += 1
                        continue
                    content = _pair(better.prompt.turns, better.reply.content, worse.reply.content)
                    yield self._row(talk, better, content, RETRY, None, rejected=worse)

    def _eval(self, talk: Talk, judged: Iterable[Judged]) -> Iterator[Row]:
        for each in judged:
            corrections = self._corrections(each)
            if each.verdict.label is not False and not corrections:
                self.left_out["not_disliked"] += 1
                continue
            categories = sorted({str(value_of(said)) for said in each.said(USER_CATEGORY)})
            rows: Sequence[tuple[Opinion | None, str | None]] = corrections or [(None, None)]
            for correction, text in rows:
                content = {
                    "inputs": {"messages": each.prompt.turns},
                    "outputs": {"response": each.reply.content},
                    "expectations": {"expected_response": text},
                    "tags": {
                        "label": _LABELS[each.verdict.label],
                        "categories": ", ".join(categories),
                        "model": model_id(each.reply.model or talk.model),
                        "platform": talk.address[0],
                    },
                }
                yield self._row(talk, each, content, CORRECTION if text else REPLY, None, by=correction, why=True)

    def _corrections(self, judged: Judged) -> list[tuple[Opinion, str]]:
        """What people said that the reply should have been, where that is something else."""
        found = []
        for each in judged.said(EXPECTED_RESPONSE):
            text = str(value_of(each) or "").strip()
            if not text:
                self.left_out["empty"] += 1
            elif text == judged.reply.content.strip():
                self.left_out["equal_sides"] += 1
            else:
                found.append((each, text))
        return found

    def _row(
        self,
        talk: Talk,
        judged: Judged,
        content: Content,
        source: str,
        label: bool | None,  # noqa: FBT001 - a value, not a switch
        *,
        by: Opinion | None = None,
        rejected: Judged | None = None,
        why: bool = False,
    ) -> Row:
        reply, verdict_ = judged.reply, judged.verdict
        metadata: Content = {"question_id": reply.question_id, "votes": self._votes(verdict_.votes)}
        if by is not None:
            metadata["corrected_by"] = self.pseudonym(by.source_id)
        if rejected is not None:
            metadata["rejected"] = {
                "message_id": rejected.reply.id,
                "votes": self._votes(rejected.verdict.votes),
            }
        if why:
            metadata["comments"] = self._comments(judged)
        platform, workspace = talk.address
        provenance = {
            "conversation_id": talk.id,
            "message_id": reply.id,
            "source": source,
            "model": model_id(reply.model or talk.model),
            "raters": verdict_.raters,
            "rating": verdict_.rating,
            "created_at": reply.timestamp,
            "platform": platform,
            "workspace": workspace,
            "metadata_json": orjson.dumps(metadata).decode(),
        }
        return Row(content, provenance, talk.root, label)

    def _votes(self, votes: Sequence[Opinion]) -> list[dict[str, Any]]:
        return [_vote(each, self.pseudonym(each.source_id)) for each in votes]

    def _comments(self, judged: Judged) -> list[str]:
        """People's own words about the reply: comments, and reasons given with a vote."""
        reasons = [each.rationale for each in judged.verdict.votes if each.rationale]
        return [*reasons, *(str(value_of(each)) for each in judged.said(USER_COMMENT) if value_of(each))]


_LABELS: Final = {True: "liked", False: "disliked", None: "undecided"}


@lru_cache(maxsize=1_000)
def model_id(model: str) -> str:
    """The id in a model as the log has it."""
    return str((orjson.loads(model) or {}).get("id", "")) if model else ""


def _vote(opinion: Opinion, rater: str) -> dict[str, Any]:
    """What weights may be made of: what was said, and who the rater was to the question."""
    vote = {"rater": rater, "name": opinion.name, "value": orjson.Fragment(opinion.value)}  # it is JSON already
    details = orjson.loads(opinion.details)
    if "segment" in details:
        vote["segment"] = details["segment"]
    if "by_asker" in details:
        vote["by_asker"] = details["by_asker"]
    return vote


def _unfit(reply: Said) -> str:
    """Why a reply can be in no row; empty where it can."""
    if reply.deleted:
        return "deleted"
    if reply.withheld:
        return "private"
    if reply.status != _COMPLETE:
        return "not_complete"
    return "empty" if is_blank(reply.content) else ""


def _answer(text: str) -> Turn:
    return {"role": _ASSISTANT, "content": text}


def _pair(prompt: Sequence[Turn], chosen: str, rejected: str) -> Content:
    return {"prompt": prompt, "chosen": [_answer(chosen)], "rejected": [_answer(rejected)]}
