"""What happens in the house as Slack's events. Pure: it sends nothing.

Shapes: docs.slack.dev/reference/events (message and its subtypes, app_mention, reaction_added, reaction_removed).
"""

from collections.abc import Iterator

from bots.pocket.slack_workspace import (
    APP_ID,
    TEAM_ID,
    Json,
    Workspace,
    channel_id,
    channel_type,
    ts_of,
    user_id,
)
from bots.pocket.things import (
    Change,
    Deleted,
    Edited,
    Message,
    Person,
    Posted,
    Reacted,
    ReactionsCleared,
    Room,
    Unreacted,
)


def events_of(workspace: Workspace, change: Change) -> list[Json]:
    """The events that the assistant's app gets of `change`: none, one, or two where it is mentioned."""
    message = getattr(change, "message", None)
    if message is None or message.only_for is not None or not _inside(workspace, message.room):
        return []
    return list(_of_message(workspace, change))


def home_opened(workspace: Workspace, person: Person) -> Json:
    """app_home_opened, of the home tab. Its event_ts comes without the point, as the reference shows it."""
    channel = channel_id(workspace.house.dm(person, "slack"))
    moment = workspace.house.next_id()
    return {
        "type": "app_home_opened",
        "user": user_id(person),
        "channel": channel,
        "event_ts": str(moment),
        "tab": "home",
    }


def callback(workspace: Workspace, event: Json, event_id: str) -> Json:
    """`event` in the envelope that every event comes in."""
    return {
        "token": "pocket",
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(workspace.house.clock.now().timestamp()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": user_id(workspace.assistant),
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{event_id}",
    }


def _of_message(workspace: Workspace, change: Change) -> Iterator[Json]:
    match change:
        case Posted(message) if _told(workspace, message.author):
            yield from _posted(workspace, message)
        case Edited(message, before, by) if _told(workspace, by) and not workspace.is_streaming(message):
            more = {"message": workspace.message(message), "previous_message": workspace.message(message, before)}
            yield _subtype(workspace, message, "message_changed", more)
        case Deleted(message, by) if _told(workspace, by) and message.has_replies:
            # A thread's first message does not go, as long as others have written in it: Slack calls this a change.
            more = {"message": workspace.tombstone(message), "previous_message": workspace.message(message)}
            yield _subtype(workspace, message, "message_changed", more)
        case Deleted(message, by) if _told(workspace, by):
            gone = {"deleted_ts": ts_of(message.id), "previous_message": workspace.message(message)}
            yield _subtype(workspace, message, "message_deleted", gone)
        case Reacted(message, person, emoji):
            yield _reaction(workspace, "reaction_added", message, person, emoji)
        case Unreacted(message, person, emoji):
            yield _reaction(workspace, "reaction_removed", message, person, emoji)
        case ReactionsCleared(message, _, taken):
            for emoji, people in taken.items():
                for person in people:
                    yield _reaction(workspace, "reaction_removed", message, person, emoji)
        case _:
            pass


def _inside(workspace: Workspace, room: Room) -> bool:
    return room.platform == "slack" and workspace.assistant in room.members


def _told(workspace: Workspace, by: Person) -> bool:
    return by is not workspace.assistant or workspace.rules.echo_own


def _posted(workspace: Workspace, message: Message) -> Iterator[Json]:
    room = message.room
    event = workspace.message(message) | {"channel": channel_id(room), "event_ts": ts_of(message.id)}
    if not message.author.is_bot:
        event["client_msg_id"] = f"{message.id:032x}"
    subtype = {"subtype": "file_share"} if message.files else {}
    if message.wire.get("broadcast"):
        subtype = {"subtype": "thread_broadcast"}
    yield event | subtype | {"channel_type": channel_type(room)}
    by_other = message.author is not workspace.assistant and room.kind != "dm"
    if by_other and workspace.assistant in workspace.house.mentioned(message.text, "slack"):
        yield event | {"type": "app_mention"}


def _subtype(workspace: Workspace, message: Message, subtype: str, more: Json) -> Json:
    ts = ts_of(workspace.house.next_id())
    where = {"channel": channel_id(message.room), "channel_type": channel_type(message.room)}
    return {"type": "message", "subtype": subtype, "hidden": True, **where, "ts": ts, "event_ts": ts} | more


def _reaction(workspace: Workspace, kind: str, message: Message, person: Person, emoji: str) -> Json:
    return {
        "type": kind,
        "user": user_id(person),
        "reaction": workspace.emoji_name(emoji),
        "item": {"type": "message", "channel": channel_id(message.room), "ts": ts_of(message.id)},
        "item_user": user_id(message.author),
        "event_ts": ts_of(workspace.house.next_id()),
    }
