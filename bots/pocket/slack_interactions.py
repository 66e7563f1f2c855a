"""What people do to the app other than writing: buttons, dialogs, slash commands, shortcuts, the home tab.

Payloads: docs.slack.dev/reference/interaction-payloads. Each verb waits for the app's acknowledgement, as the person's
client does, and returns what came with it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bots.pocket.slack_socket import Delivery, Kind
from bots.pocket.slack_text import unescaped
from bots.pocket.slack_views import View, Views
from bots.pocket.slack_workspace import (
    APP_ID,
    TEAM_ID,
    TEAM_NAME,
    Json,
    SlackError,
    Workspace,
    channel_id,
    ts_of,
    user_id,
)
from bots.pocket.things import Message, Person, Room


@dataclass(slots=True)
class ResponseUrl:
    """An address that takes answers for a while."""

    person: Person
    room: Room
    message: Message | None
    """What a button was pressed on."""
    left: int
    until: float
    """`Clock.monotonic`."""


class Interactions:
    """A person's hands on the app's controls."""

    def __init__(self, workspace: Workspace, views: Views, deliver: Callable[[Kind, Json], Delivery]) -> None:
        self._workspace = workspace
        self._views = views
        self._deliver = deliver
        self.origin = ""
        self.response_urls: dict[str, ResponseUrl] = {}

    async def press(self, person: Person, message: Message, control: str) -> Mapping[str, Any]:
        """Press the button of `message` with this label, value or action_id. Raises LookupError without one."""
        if message.only_for not in (None, person):
            raise LookupError(f"{person.name} does not see it.")
        action = _action(message.wire.get("blocks") or (), control)
        self._workspace.enter(person, message.room)
        stamp = ts_of(self._workspace.house.next_id())
        room, thread = message.room, {"thread_ts": ts_of(message.thread.id)} if message.thread else {}
        where = {"message_ts": ts_of(message.id), "channel_id": channel_id(room), **thread}
        # Of a whisper nothing is told but where it stands.
        shown = {"message": self._workspace.message(message)} if message.only_for is None else {}
        payload = (
            self._by(person, "block_actions")
            | shown
            | {
                "container": {"type": "message", "is_ephemeral": message.only_for is not None, **where},
                "channel": {"id": channel_id(room), "name": "directmessage" if room.kind == "dm" else room.name},
                "state": {"values": {}},
                "response_url": self._response_url(person, room, message),
                "actions": [action | {"action_ts": stamp}],
            }
        )
        return await self._send("interactive", payload)

    async def press_at_home(self, person: Person, control: str) -> Mapping[str, Any]:
        """The same on the home tab that `person` has before them."""
        view = self._views.homes.get(person.id)
        if view is None:
            raise LookupError(f"{person.name} has seen no home tab.")
        payload = self._by(person, "block_actions") | {
            "container": {"type": "view", "view_id": view.id},
            "view": view.shown(self._workspace),
            "actions": [
                _action(view.given.get("blocks") or (), control) | {"action_ts": ts_of(self._workspace.house.next_id())}
            ],
        }
        return await self._send("interactive", payload)

    async def submit(self, person: Person, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send the dialog before `person` with `values` by action_id, and do what the app answers to it."""
        view = self._views.dialog(person)
        if view is None:
            raise LookupError(f"{person.name} has no dialog open.")
        shown = view.shown(self._workspace, dict(_state(view.given.get("blocks") or (), values)))
        payload = self._by(person, "view_submission") | {"view": shown, "response_urls": []}
        answer = await self._send("interactive", payload)
        self._follow(view, answer)
        return answer

    async def dismiss(self, person: Person) -> None:
        """Close the dialog before `person` without sending it; the app hears of it where it asked to."""
        view = self._views.dialog(person)
        if view is None:
            return
        self._views.close(person)
        if view.given.get("notify_on_close"):
            payload = self._by(person, "view_closed") | {"view": view.shown(self._workspace), "is_cleared": False}
            await self._send("interactive", payload)

    async def command(self, person: Person, room: Room, command: str, text: str) -> Mapping[str, Any]:
        """Type `/command text`."""
        payload = {
            "token": "pocket",
            "team_id": TEAM_ID,
            "team_domain": TEAM_NAME.lower(),
            "channel_id": channel_id(room),
            "channel_name": "directmessage" if room.kind == "dm" else room.name,
            "user_id": user_id(person),
            "user_name": person.name.lower(),
            "command": command,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._response_url(person, room, None),
            "trigger_id": self._views.trigger(person),
        }
        answer = await self._send("slash_commands", payload)
        if answer.get("text") or answer.get("blocks"):
            self._say(person, room, answer)
        return answer

    async def shortcut(self, person: Person, message: Message, entry: str) -> Mapping[str, Any]:
        """Choose the app's entry with this callback_id in the menu of `message`."""
        payload = self._by(person, "message_action") | {
            "callback_id": entry,
            "action_ts": ts_of(self._workspace.house.next_id()),
            "message_ts": ts_of(message.id),
            "channel": {"id": channel_id(message.room), "name": message.room.name},
            "message": self._workspace.message(message),
            "response_url": self._response_url(person, message.room, message),
        }
        return await self._send("interactive", payload)

    def respond(self, ticket: str, answer: Json) -> None:
        """What the app sends to a response_url. Raises `used_url` or `expired_url` where it takes none any more."""
        address = self.response_urls.get(ticket)
        if address is None or not address.left:
            raise SlackError("used_url")
        if self._workspace.house.clock.monotonic() > address.until:
            raise SlackError("expired_url")
        address.left -= 1
        person, room, message = address.person, address.room, address.message
        if answer.get("delete_original") and message is not None:
            self._workspace.house.delete(message, by=self._workspace.assistant)
        elif answer.get("replace_original") and message is not None:
            wire = {"text": "", **answer}
            self._workspace.house.edit(message, self._workspace.reading(wire), by=self._workspace.assistant, wire=wire)
        else:
            self._say(person, room, answer)

    def _say(self, person: Person, room: Room, answer: Mapping[str, Any]) -> None:
        wire = {"text": "", **answer}
        whisper = answer.get("response_type") != "in_channel"
        # docs.slack.dev/interactivity/handling-user-interaction: a thread_ts counts with response_type in_channel.
        ts = "" if whisper else str(answer.get("thread_ts") or "")
        thread = self._workspace.find_message(room, ts) if ts else None
        self._workspace.house.post(
            self._workspace.assistant,
            room,
            self._workspace.reading(wire),
            thread=thread,
            only_for=person if whisper else None,
            wire=wire,
        )

    def _follow(self, view: View, answer: Mapping[str, Any]) -> None:
        match answer.get("response_action"):
            case "errors":
                pass  # the dialog stays, and shows them
            case "update":
                self._views.change(view, answer["view"])
            case "push":
                self._views.add(view.person, answer["view"])
            case "clear":
                self._views.dialogs.pop(view.person.id, None)
            case _:
                self._views.close(view.person)

    def _by(self, person: Person, kind: str) -> Json:
        name = person.name.lower()
        return {
            "type": kind,
            "user": {"id": user_id(person), "username": name, "name": name, "team_id": TEAM_ID},
            "api_app_id": APP_ID,
            "token": "pocket",
            "team": {"id": TEAM_ID, "domain": TEAM_NAME.lower()},
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self._views.trigger(person),
        }

    def _response_url(self, person: Person, room: Room, message: Message | None) -> str:
        ticket = f"{self._workspace.house.next_id():x}"
        rules, now = self._workspace.rules, self._workspace.house.clock.monotonic()
        self.response_urls[ticket] = ResponseUrl(person, room, message, rules.responses, now + rules.response_seconds)
        return f"{self.origin}/slack/response/{ticket}"

    async def _send(self, kind: Kind, payload: Json) -> Mapping[str, Any]:
        delivery = self._deliver(kind, payload)
        await asyncio.wait({delivery.acknowledged})
        if delivery.acknowledged.cancelled():
            raise TimeoutError("The app did not acknowledge it in time.")
        return delivery.acknowledged.result()


def _action(blocks: Sequence[Json], control: str) -> Json:
    """What an action payload says of the control that is called `control`."""
    for block in blocks:
        for element, choice in _controls(block):
            label = unescaped(str((choice.get("text") or {}).get("text", "")))
            if control in {label, choice.get("value"), element.get("action_id")}:
                action: Json = {"type": element["type"], "action_id": element.get("action_id", "")}
                action["block_id"] = block.get("block_id", "")
                return action | {name: choice[name] for name in ("value", "text") if name in choice}
    raise LookupError(f"The message has no control called {control!r}.")


def _controls(block: Json) -> Iterator[tuple[Json, Json]]:
    """Every element of `block` that can be pressed, with what is pressed in it."""
    elements = [*(block.get("elements") or ()), *filter(None, [block.get("accessory")])]
    for element in elements:
        if element.get("type") == "feedback_buttons":
            yield element, element.get("positive_button") or {}
            yield element, element.get("negative_button") or {}
        elif element.get("type") in {"button", "icon_button"}:
            yield element, element


def _state(blocks: Sequence[Json], values: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    """The inputs of a view with what was put in, in the shapes of `view.state.values`."""
    for index, block in enumerate(blocks):
        element = block.get("element") or {}
        if block.get("type") != "input" or "action_id" not in element:
            continue
        action_id, kind = element["action_id"], element.get("type", "")
        value = values[action_id] if action_id in values else _initial(element)
        yield block.get("block_id", f"b{index}"), {action_id: {"type": kind} | _filled(kind, value)}


def _initial(element: Json) -> Any:
    """What stands in an input that nobody has touched."""
    if "initial_options" in element:
        return [each["value"] for each in element["initial_options"]]
    return (element.get("initial_option") or {}).get("value") or element.get("initial_value")


def _filled(kind: str, value: Any) -> Json:  # whatever was put in
    match kind:
        case "static_select" | "radio_buttons":
            return {"selected_option": None if value is None else {"value": value}}
        case "multi_static_select" | "checkboxes":
            return {"selected_options": [{"value": each} for each in value or ()]}
        case _:
            return {"value": value}
