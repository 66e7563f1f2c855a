"""Slack's views.* and assistant.threads.*: what a person sees beside the messages. Kept as given, not drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bots.pocket.slack_arguments import Arguments
from bots.pocket.slack_chat import check_blocks
from bots.pocket.slack_rules import Sizes
from bots.pocket.slack_workspace import APP_ID, TEAM_ID, Json, SlackError, Workspace, bot_id
from bots.pocket.things import Message, Person, Room

_HEADING, _CALLBACK_ID, _METADATA = 24, 255, 3_000
"""Characters. docs.slack.dev/reference/views/modal-views."""
_BLOCKS = 100
_OF_MESSAGES = frozenset({"markdown", "context_actions"})


@dataclass(slots=True)
class View:
    """A dialog or a home tab that someone has before them."""

    id: str
    person: Person
    given: Json
    """As the app wrote it."""
    hash: str

    def shown(self, workspace: Workspace, values: Json | None = None) -> Json:
        """As answers and submissions show it; `values` by block and action."""
        return {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            **self.given,
            "id": self.id,
            "team_id": TEAM_ID,
            "app_id": APP_ID,
            "bot_id": bot_id(workspace.assistant),
            "hash": self.hash,
            "root_view_id": self.id,
            "previous_view_id": None,
            "state": {"values": values or {}},
        }


class Views:
    """Who has which dialog open, and who has seen what home tab."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.dialogs: dict[int, list[View]] = {}
        """By the person's id: their dialogs, the front one last."""
        self.homes: dict[int, View] = {}
        self._triggers: dict[str, tuple[Person, float]] = {}

    def trigger(self, person: Person) -> str:
        """A trigger_id for what `person` has just done: it opens one dialog, for three seconds."""
        trigger = f"{self.workspace.house.next_id()}.0.pocket"
        self._triggers[trigger] = person, self.workspace.house.clock.monotonic()
        return trigger

    def dialog(self, person: Person) -> View | None:
        """The dialog in front of `person`."""
        stack = self.dialogs.get(person.id)
        return stack[-1] if stack else None

    def close(self, person: Person) -> None:
        """Take the front dialog away."""
        if self.dialogs.get(person.id):
            self.dialogs[person.id].pop()

    def methods(self) -> dict[str, Callable[[Workspace, Arguments], Json]]:
        """views.*, as the door wants them."""
        return {
            "views.open": lambda _, given: self.open(given),
            "views.push": lambda _, given: self.open(given),
            "views.update": lambda _, given: self.update(given),
            "views.publish": lambda _, given: self.publish(given),
        }

    def open(self, given: Arguments) -> Json:
        """views.open and views.push."""
        view = self._new(self._triggered_by(given.needed("trigger_id")), given)
        self.dialogs.setdefault(view.person.id, []).append(view)
        return {"ok": True, "view": view.shown(self.workspace)}

    def update(self, given: Arguments) -> Json:
        """views.update, by `view_id` or `external_id`."""
        view_id, external = given.text("view_id"), given.text("external_id")
        for view in (each for stack in self.dialogs.values() for each in stack):
            if view_id == view.id or (external and external == view.given.get("external_id")):
                if given.text("hash") not in {"", view.hash}:
                    raise SlackError("hash_conflict")
                self.change(view, _view(given))
                return {"ok": True, "view": view.shown(self.workspace)}
        raise SlackError("not_found")

    def publish(self, given: Arguments) -> Json:
        """views.publish: someone's home tab."""
        view = self._new(self.workspace.find_person(given.needed("user_id")), given)
        self.homes[view.person.id] = view
        return {"ok": True, "view": view.shown(self.workspace)}

    def change(self, view: View, given: Json) -> None:
        """Let `view` be as the app writes it now."""
        view.given, view.hash = given, self._hash()

    def add(self, person: Person, given: Json) -> View:
        """Put a dialog before `person`."""
        view = View(f"V{self.workspace.house.next_id():X}", person, given, self._hash())
        self.dialogs.setdefault(person.id, []).append(view)
        return view

    def _new(self, person: Person, given: Arguments) -> View:
        return View(f"V{self.workspace.house.next_id():X}", person, _view(given), self._hash())

    def _hash(self) -> str:
        return f"{self.workspace.house.next_id()}.pocket"

    def _triggered_by(self, trigger: str) -> Person:
        if trigger not in self._triggers:
            raise SlackError("invalid_trigger_id")
        person, at = self._triggers[trigger]
        if self.workspace.house.clock.monotonic() - at > self.workspace.rules.trigger_seconds:
            raise SlackError("expired_trigger_id")
        del self._triggers[trigger]
        return person


def _view(given: Arguments) -> Json:
    view: Any = given.get("view")
    if isinstance(view, str):
        view = Arguments({"views": f"[{view}]"}).objects("views", error="invalid_arguments")
        view = view[0] if view else None
    if not isinstance(view, dict) or view.get("type") not in {"modal", "home"}:
        raise SlackError("invalid_arguments")
    _check(view)
    return view


def _check(view: Json) -> None:
    """Raise what Slack says of a view that is too long, or has blocks which only messages have."""
    sizes = {"title": _HEADING, "submit": _HEADING, "close": _HEADING}
    texts = {name: str((view.get(name) or {}).get("text", "")) for name in sizes}
    sizes |= {"private_metadata": _METADATA, "callback_id": _CALLBACK_ID}
    texts |= {name: str(view.get(name) or "") for name in ("private_metadata", "callback_id")}
    too_long = next((name for name, most in sizes.items() if len(texts[name]) > most), None)
    blocks = view.get("blocks") or []
    wrong = too_long or next((str(each["type"]) for each in blocks if each.get("type") in _OF_MESSAGES), None)
    if wrong or not 0 < len(blocks) <= _BLOCKS:
        raise SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {wrong or 'blocks'}"]})
    check_blocks(Sizes(blocks=_BLOCKS), blocks)


def set_status(workspace: Workspace, given: Arguments) -> Json:
    """assistant.threads.setStatus."""
    room, thread = _thread(workspace, given)
    workspace.house.show_status(workspace.assistant, room, given.text("status"), thread=thread)
    return {"ok": True}


def set_title(workspace: Workspace, given: Arguments) -> Json:
    """assistant.threads.setTitle."""
    _, thread = _thread(workspace, given)
    workspace.titles[thread.id] = given.needed("title")
    return {"ok": True}


def set_prompts(workspace: Workspace, given: Arguments) -> Json:
    """assistant.threads.setSuggestedPrompts."""
    room = workspace.find_room(given.text("channel_id"))
    workspace.prompts[room.id] = given.objects("prompts", error="invalid_arguments") or []
    return {"ok": True}


def _thread(workspace: Workspace, given: Arguments) -> tuple[Room, Message]:
    room = workspace.find_room(given.text("channel_id"))
    return room, workspace.find_message(room, given.needed("thread_ts"), error="invalid_thread_ts")


METHODS = {
    "assistant.threads.setStatus": set_status,
    "assistant.threads.setTitle": set_title,
    "assistant.threads.setSuggestedPrompts": set_prompts,
}
