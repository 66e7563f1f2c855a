"""Conversations out of the database, as of a seq, some hundred at a time.

Where nothing was added to a conversation since that seq, the tables hold it as it was, and reading them is ten times
as fast as folding. All others, and those in which a text was edited, are folded from the log. Both give the same
(`tests/contract/test_exports_reading.py`).
"""

from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, and_, bindparam, cast, false, func, literal_column, select, true

from core.exports.beside import all_of
from core.exports.options import Scope
from core.exports.raw import gives_text, raw_rows, uncollected
from core.exports.talks import Opinion, Said, Talk
from core.feedback import SourceType
from core.messages import Role
from core.store import log
from core.store.columns import to_iso_text, to_json_text
from core.store.engine import Database
from core.store.folded import FoldedTables
from core.store.folding import fold
from core.store.log import RECORDS
from core.store.tables import AssessmentRow, ConversationRow, MessageRow, SubjectRow, table

PAGE: Final = 400
"""Conversations held in memory at a time."""
_TOUCH: Final = ("add_message", "log_feedback", "log_expectation", "withdraw_assessment")
_SCANNED: Final = 200_000
"""Records that one look for edits passes."""

_c, _m, _a, _s = (table(row).c for row in (ConversationRow, MessageRow, AssessmentRow, SubjectRow))
_SAID: Final[tuple[ColumnElement[Any], ...]] = (
    _m.id,
    _m.seq,
    _m.role,
    _m.content,
    _m.timestamp,
    _m.author,
    _m.question_id,
    _m.status,
    func.coalesce(cast(_m.model, Text), ""),
    _m.withheld,
    _m.deleted,
    literal_column("0"),
    _m.conversation_id,
)
_AT, _HERE = Said._fields.index("timestamp"), Said._fields.index("conversation_id")
_OPINION = (
    _a.name,
    cast(_a.value, Text),
    _a.source_id,
    _a.rationale,
    cast(_a.details, Text),
    _a.at,
    _a.seq,
)
_CONVERSATION = (_c.id, _c.place, _c.branched_from, cast(_c.model, Text))
_in_order = select(*_CONVERSATION).where(_c.id > bindparam("after")).order_by(_c.id)
_all = _in_order.limit(bindparam("limit"))
_up_to = _in_order.where(_c.id <= bindparam("up_to")).limit(bindparam("limit"))
_between = and_(_m.conversation_id >= bindparam("first"), _m.conversation_id <= bindparam("last"))
_said_between = select(*_SAID).where(_between).order_by(_m.conversation_id, _m.seq)
_by_people = and_(_a.current == true(), _a.source_type == SourceType.HUMAN.value)
# The role as text, not as a parameter: only so does the partial index serve it.
_opinions_between = (
    select(_a.message_id, *_OPINION)
    .join_from(table(MessageRow), table(AssessmentRow), _a.message_id == _m.id)
    .where(_between, _m.role == literal_column(f"'{Role.ASSISTANT.value}'"), _by_people)
)


class Span(NamedTuple):
    """Conversations by their ids: those behind `after`, and up to the last or to `up_to`."""

    after: str = ""
    up_to: str | None = None


EVERYTHING: Final = Span()


@dataclass(frozen=True, slots=True)
class Privacy:
    """Whose words must not leave."""

    unwilling: frozenset[str]
    """The names under which people stand who said last that nothing of theirs may be kept."""
    state: str
    """Changes whenever someone says so, or is erased."""


async def privacy(database: Database) -> Privacy:
    """As it is now, whatever `as_of` is."""

    def work(connection: Connection) -> Privacy:
        unwilling = frozenset(connection.execute(select(_s.key).where(_s.keep == false())).scalars())
        newest, count = connection.execute(select(func.max(_s.seq), func.count())).one()
        return Privacy(unwilling, f"{newest or 0}-{count}-{len(unwilling)}")

    return await database.read(work)


async def platforms(database: Database) -> list[str]:
    """The platforms on which there are conversations."""

    def work(connection: Connection) -> list[str]:
        position = func.instr if connection.dialect.name == "sqlite" else func.strpos
        name = func.substr(_c.place, 1, position(_c.place, ":") - 1)
        return sorted(connection.execute(select(name).distinct()).scalars())

    return await database.read(work)


async def conversations(database: Database) -> int:
    """How many there are."""
    return await database.read(lambda connection: connection.execute(select(func.count(_c.id))).scalar_one())


async def halves(database: Database, count: int) -> list[Span]:
    """All of `count` conversations in two spans."""
    middle = select(_c.id).order_by(_c.id).offset(count // 2).limit(1)
    id_ = await database.read(lambda connection: connection.execute(middle).scalar())
    return [EVERYTHING] if id_ is None else [Span(up_to=id_), Span(after=id_)]


async def find_edited(database: Database, as_of: int) -> set[str]:
    """The conversations in which a message was edited or deleted up to `as_of`; found by passing over the log."""
    found: set[str] = set()

    async def look(starts: range) -> None:
        for start in starts:
            found.update(await database.read(partial(_edited, after=start, up_to=min(start + _SCANNED, as_of))))

    starts = range(0, as_of, _SCANNED)
    await all_of(look(starts[::2]), look(starts[1::2]))  # the database does it, on two processors
    return found


class Touched(NamedTuple):
    """What some records are about."""

    conversations: frozenset[str]
    messages: frozenset[str]


async def touched(database: Database, after: int, up_to: int) -> Touched:
    """The replies that were kept or judged, or whose opinions were withdrawn, behind `after` up to `up_to`."""
    bounds = and_(RECORDS.c.seq > after, RECORDS.c.seq <= up_to, RECORDS.c.type.in_(_TOUCH))
    named = select(RECORDS.c.conversation_id, RECORDS.c.message_id).where(bounds).distinct()

    def work(connection: Connection) -> Touched:
        rows = connection.execute(named).all()
        return Touched(frozenset(talk for talk, _ in rows), frozenset(message for _, message in rows))

    return await database.read(work)


class TalkReader:
    """Reads the conversations of a scope as of a seq, in the order of their ids."""

    def __init__(
        self,
        database: Database,
        as_of: int,
        scope: Scope,
        edited: Collection[str],
        only: Collection[str] | None = None,
    ) -> None:
        """`edited`: what `find_edited` found. `only`: no other conversations than these."""
        self._only = only
        self._database = database
        self._as_of = as_of
        self._scope = scope
        self._changed = set(edited)
        """Conversations whose tables are not as they were, or whose texts were edited."""
        self._looked: int = as_of

    async def pages(self, span: Span = EVERYTHING) -> AsyncIterator[tuple[str, int, list[Talk]]]:
        """The conversations of a span: the last id of a page, how many it passed, those that are in the scope."""
        after = span.after
        while page := await self._database.read(partial(self._page, after=after, up_to=span.up_to)):
            after, passed, talks = page
            yield after, passed, talks

    @uncollected()
    def _page(self, connection: Connection, after: str, up_to: str | None) -> tuple[str, int, list[Talk]] | None:
        bounds = {"after": after, "up_to": up_to, "limit": PAGE}
        found = raw_rows(connection, _all if up_to is None else _up_to, bounds)
        if not found:
            return None
        rows = [row for row in found if self._in_scope(row[1]) and (self._only is None or row[0] in self._only)]
        if not rows:
            return found[-1][0], len(found), []
        between = {"first": rows[0][0], "last": rows[-1][0]}
        messages = _messages(connection, between)
        opinions = _opinions(connection, between)
        # Looked for after the tables were read: what came to them meanwhile is among it.
        self._look(connection)
        talks = [self._talk(connection, row, messages.get(row[0], []), opinions) for row in rows]
        return found[-1][0], len(found), [talk for talk in talks if talk is not None]

    def _look(self, connection: Connection) -> None:
        newest = log.newest(connection)
        while self._looked < newest:
            end = min(self._looked + _SCANNED, newest)
            later = select(RECORDS.c.conversation_id).where(RECORDS.c.seq > self._looked, RECORDS.c.seq <= end)
            self._changed.update(each for each in connection.execute(later.distinct()).scalars() if each)
            self._looked = end

    def _in_scope(self, place: str) -> bool:
        platform, workspace, _ = place.split(":", 2)
        return (not self._scope.platforms or platform in self._scope.platforms) and (
            not self._scope.workspaces or workspace in self._scope.workspaces
        )

    def _talk(
        self, connection: Connection, row: Any, messages: list[Said], opinions: dict[str, list[Opinion]]
    ) -> Talk | None:
        id_, place, branched_from, model = row
        if id_ in self._changed:
            return self._folded(connection, id_)
        talk = Talk(id_, id_, place, model, messages, 0, opinions)
        return talk if branched_from is None else self._with_ancestors(connection, talk, branched_from)

    def _folded(self, connection: Connection, conversation_id: str) -> Talk | None:
        """The conversation from the log alone; None where it began later."""
        found = _fold(connection, conversation_id, self._as_of)
        if found is None:
            return None
        talk, branched_from = found
        return talk if branched_from is None else self._with_ancestors(connection, talk, branched_from)

    def _with_ancestors(self, connection: Connection, talk: Talk, branched_from: str) -> Talk:
        """The talk, behind the messages that it shares with those it branched from."""
        here: str | None = branched_from
        visited = {talk.id}
        while here is not None:
            place = connection.execute(select(_m.conversation_id).where(_m.id == here)).scalar()
            if place is None or place in visited:
                break
            visited.add(place)
            found = self._ancestor(connection, place)
            if found is None:
                break
            ancestor, branch = found
            up_to = next((each.seq for each in ancestor.messages if each.id == here), 0)
            before = [each for each in ancestor.messages if each.seq <= up_to]
            talk.messages = before + talk.messages
            talk.inherited += len(before)
            talk.root = ancestor.id
            here = branch
        return talk

    def _ancestor(self, connection: Connection, conversation_id: str) -> tuple[Talk, str | None] | None:
        if conversation_id in self._changed:
            return _fold(connection, conversation_id, self._as_of)
        row = connection.execute(select(*_CONVERSATION).where(_c.id == conversation_id)).first()
        if row is None:
            return None
        alone = {"first": conversation_id, "last": conversation_id}
        messages = _messages(connection, alone).get(conversation_id, [])
        return Talk(row[0], row[0], row[1], row[3], messages), row[2]


def _messages(connection: Connection, between: dict[str, str]) -> dict[str, list[Said]]:
    """The messages of conversations between the ids `first` and `last`, by conversation."""
    rows = raw_rows(connection, _said_between, between)
    if not gives_text(connection):
        rows = [(*row[:_AT], to_iso_text(row[_AT]), *row[_AT + 1 :]) for row in rows]
    by_conversation = groupby(rows, itemgetter(_HERE))
    return {id_: list(map(Said._make, said)) for id_, said in by_conversation}


def _opinions(connection: Connection, between: dict[str, str]) -> dict[str, list[Opinion]]:
    """What people think of the replies in the same conversations, by reply."""
    found: dict[str, list[Opinion]] = {}
    rows = raw_rows(connection, _opinions_between, between)
    if not gives_text(connection):
        rows = [(*row[:-2], to_iso_text(row[-2]), row[-1]) for row in rows]
    for row in rows:
        opinion = Opinion._make(row[1:])
        if row[0] in found:
            found[row[0]].append(opinion)
        else:
            found[row[0]] = [opinion]
    return found


def _edited(connection: Connection, after: int, up_to: int) -> set[str]:
    bounds = and_(RECORDS.c.seq > after, RECORDS.c.seq <= up_to, RECORDS.c.type == "update_message")
    return set(connection.execute(select(RECORDS.c.conversation_id).where(bounds).distinct()).scalars()) - {None}


def _fold(connection: Connection, conversation_id: str, as_of: int) -> tuple[Talk, str | None] | None:
    tables = FoldedTables()
    edited: dict[str, int] = {}
    for record in log.read_conversation(connection, conversation_id, as_of=as_of):
        tables.apply(fold(record))
        if record.type == "update_message" and record.data.get("content"):
            edited[record.data["id"]] = record.seq or 0
    row = tables.conversations.get(conversation_id)
    if row is None:
        return None
    messages = [_said(each, edited) for each in tables.messages.values() if each["conversation_id"] == conversation_id]
    opinions = {each.id: _current(tables.assessments[each.id].values()) for each in messages}
    opinions = {id_: each for id_, each in opinions.items() if each}
    talk = Talk(conversation_id, conversation_id, row["place"], to_json_text(row["model"]), messages, 0, opinions)
    return talk, row["branched_from"]


def _said(row: dict[str, Any], edited: dict[str, int]) -> Said:
    told = {name: row[name] for name in Said._fields if name != "edited"}
    told["timestamp"] = to_iso_text(row["timestamp"])
    told["model"] = to_json_text(row["model"]) if row["model"] is not None else ""
    return Said(**told, edited=edited.get(row["id"], 0))


def _current(rows: Iterable[dict[str, Any]]) -> list[Opinion]:
    return [
        Opinion(
            row["name"],
            to_json_text(row["value"]),
            row["source_id"],
            row["rationale"],
            to_json_text(row["details"]),
            to_iso_text(row["at"]),
            row["seq"],
        )
        for row in rows
        if row["current"] and row["source_type"] == SourceType.HUMAN
    ]
