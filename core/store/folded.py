"""The tables in memory: what the statements do on a database, done on dicts.

`MemoryStore` answers from them, and a conversation as of some moment is folded into them from the log alone.
"""

from collections import defaultdict
from collections.abc import Iterable

from core.store.changes import Change, Row, Step, current, order


class FoldedTables:
    """Rows by table. They are changed only by `apply`."""

    def __init__(self) -> None:
        self.conversations: dict[str, Row] = {}
        self.messages: dict[str, Row] = {}
        """In the order of `seq`."""
        self.parts: dict[str, Row] = {}
        self.assessments: dict[str, dict[tuple[str, ...], Row]] = defaultdict(dict)
        """By message, then by name, source and origin."""
        self.subjects: dict[str, Row] = {}
        self.choices: dict[str, Row] = {}

    def apply(self, changes: Iterable[Change]) -> None:
        """Do `changes` one after the other; their rows carry their record's `seq`."""
        for change in changes:
            self._do(change.step, change.row)

    def _do(self, step: Step, row: Row) -> None:
        if step is Step.START_CONVERSATION:
            self.conversations.setdefault(row["id"], dict(row))
        elif step is Step.ADD_MESSAGE:
            self._add_message(row)
        elif step is Step.PLACE_PART:
            self.parts[row["key"]] = dict(row)
        elif step is Step.ASSESS:
            self._assess(row)
        elif step is Step.KNOW_SUBJECT:
            self.subjects[row["key"]] = max(self.subjects.get(row["key"], row), dict(row), key=order)
        elif step is Step.CHOOSE_MODEL:
            self.choices[row["place"]] = dict(row)
        elif step is Step.UPDATE_MESSAGE:
            self._update_message(row)
        else:
            self._update_conversation(step, row)

    def _add_message(self, row: Row) -> None:
        there = self.messages.get(row["id"])
        # Told again, a message keeps its place in the conversation, and stays deleted.
        keep = {} if there is None else {"seq": there["seq"], "deleted": there["deleted"]}
        self.messages[row["id"]] = row | keep

    def _update_message(self, row: Row) -> None:
        message = self.messages.get(row["id"])
        if message is not None:
            message.update({name: row[name] for name in ("content", "rating", "feedback") if row[name] is not None})
            message["deleted"] = message["deleted"] or row["deleted"]

    def _update_conversation(self, step: Step, row: Row) -> None:
        conversation = self.conversations.get(row["id"])
        if conversation is None:
            return
        if step is Step.TOUCH_CONVERSATION:
            conversation["last_message_at"] = max(conversation["last_message_at"], row["last_message_at"])
        elif conversation["ended_at"] is None:
            conversation.update(row)

    def _assess(self, row: Row) -> None:
        rows = self.assessments[row["message_id"]]
        source = (row["name"], row["source_type"], row["source_id"])
        there = rows.get((*source, row["origin"]))
        if there is not None and order(there) >= order(row):
            return
        rows[*source, row["origin"]] = dict(row)
        group = [each for key, each in rows.items() if key[:3] == source]
        counting = current(group)
        for each in group:
            each["current"] = each["origin"] in counting
