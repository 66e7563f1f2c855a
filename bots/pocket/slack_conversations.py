"""Slack's conversations.*: rooms, who is in them, and what was said there."""

import base64
import binascii
from itertools import islice

from bots.pocket.slack_arguments import Arguments
from bots.pocket.slack_workspace import Json, SlackError, Workspace, channel_id, id_of, ts_of, user_id
from bots.pocket.things import Message, Room

_DEFAULT_LIMIT = 100


def history(workspace: Workspace, given: Arguments) -> Json:
    """conversations.history: newest first, without the replies in threads."""
    room = _readable_room(workspace, given)
    within = _window(given)
    newest_first = (each for each in reversed(room.history) if _in_channel(each) and within(each))
    before = _cursor(given)
    wanted = (each for each in newest_first if before is None or each.id < before)
    limit = _limit(workspace, given)
    page = list(islice(wanted, limit + 1))
    shown = _shown(workspace, given, page[:limit])
    return {"ok": True, "messages": shown, "pin_count": 0, **_next_page(page, limit)}


def replies(workspace: Workspace, given: Arguments) -> Json:
    """conversations.replies: the thread's first message, then its replies, oldest first."""
    room = _readable_room(workspace, given)
    root = _root(workspace, room, given.needed("ts"))
    within, after = _window(given), _cursor(given)
    thread = [root, *(each for each in root.replies if each.stands and within(each))]
    wanted = [each for each in thread if after is None or each.id > after]
    limit = _limit(workspace, given)
    shown = _shown(workspace, given, wanted[:limit])
    return {"ok": True, "messages": shown, **_next_page(wanted, limit)}


def info(workspace: Workspace, given: Arguments) -> Json:
    """conversations.info."""
    return {"ok": True, "channel": workspace.channel(workspace.find_room(given.text("channel")))}


def members(workspace: Workspace, given: Arguments) -> Json:
    """conversations.members, all on one page."""
    room = workspace.find_room(given.text("channel"))
    people = [user_id(each) for each in room.members]
    return {"ok": True, "members": people, "response_metadata": {"next_cursor": ""}}


def list_(workspace: Workspace, given: Arguments) -> Json:
    """conversations.list, all on one page."""
    return {"ok": True, "channels": _rooms(workspace, given), "response_metadata": {"next_cursor": ""}}


def of_user(workspace: Workspace, given: Arguments) -> Json:
    """users.conversations: the rooms that the bot, or `user`, is in."""
    person = workspace.find_person(given.text("user")) if given.text("user") else workspace.assistant
    rooms = [each for each in workspace.house.rooms.values() if person in each.members]
    names = {channel_id(each) for each in rooms}
    shown = [each for each in _rooms(workspace, given) if each["id"] in names]
    return {"ok": True, "channels": shown, "response_metadata": {"next_cursor": ""}}


def open_(workspace: Workspace, given: Arguments) -> Json:
    """conversations.open: the direct conversation with one user."""
    if given.text("channel"):
        room = workspace.find_room(given.text("channel"))
    else:
        room = workspace.house.dm(workspace.find_person(given.needed("users")), "slack")
    shown = workspace.channel(room) if given.flag("return_im") else {"id": channel_id(room)}
    return {"ok": True, "no_op": bool(room.history), "already_open": bool(room.history), "channel": shown}


def join(workspace: Workspace, given: Arguments) -> Json:
    """conversations.join."""
    room = workspace.find_room(given.text("channel"))
    if room.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if workspace.assistant not in room.members:
        room.members.append(workspace.assistant)
    return {"ok": True, "channel": workspace.channel(room)}


def leave(workspace: Workspace, given: Arguments) -> Json:
    """conversations.leave."""
    room = workspace.find_room(given.text("channel"))
    if workspace.assistant not in room.members:
        return {"ok": True, "not_in_channel": True}
    room.members.remove(workspace.assistant)
    return {"ok": True}


def _rooms(workspace: Workspace, given: Arguments) -> list[Json]:
    kinds = {"public_channel": "channel", "private_channel": "private", "im": "dm"}
    wanted = {kinds.get(each.strip()) for each in (given.text("types") or "public_channel").split(",")}
    here = [each for each in workspace.house.rooms.values() if each.platform == "slack"]
    visible = [each for each in here if each.kind == "channel" or workspace.assistant in each.members]
    return [workspace.channel(each) for each in visible if each.kind in wanted]


def _readable_room(workspace: Workspace, given: Arguments) -> Room:
    room = workspace.find_room(given.text("channel"))
    if workspace.assistant not in room.members:
        raise SlackError("not_in_channel")
    return room


def _shown(workspace: Workspace, given: Arguments, messages: list[Message]) -> list[Json]:
    metadata = given.flag("include_all_metadata")
    return [workspace.message_in_full(each, metadata=metadata) for each in messages]


def _in_channel(message: Message) -> bool:
    """It shows in the channel itself: whole, or as a tombstone where others have written in its thread."""
    stands = message.stands or (message.deleted and message.has_replies)
    return stands and (message.thread is None or bool(message.wire.get("broadcast")))


def _root(workspace: Workspace, room: Room, ts: str) -> Message:
    """The first message of the thread that the message at `ts` is in, or could start."""
    message = workspace.house.messages.get(id_of(ts))
    root = (message.thread or message) if message else None
    if root is None or root.room is not room or not (root.stands or root.has_replies):
        raise SlackError("thread_not_found")
    return root


class _Window:
    """The span of time that a call asks for; its ends count only where it says `inclusive`."""

    def __init__(self, oldest: int, latest: int, *, inclusive: bool) -> None:
        self._oldest, self._latest = (oldest, latest) if inclusive else (oldest + 1, latest - 1)

    def __call__(self, message: Message) -> bool:
        return self._oldest <= message.id <= self._latest


def _window(given: Arguments) -> _Window:
    """What `oldest`, `latest` and `inclusive` ask for. Slack takes whole seconds there, too."""
    oldest, latest = (_moment(given.text(name)) for name in ("oldest", "latest"))
    return _Window(oldest or -1, latest or 1 << 62, inclusive=given.flag("inclusive"))


def _moment(ts: str) -> int:
    if not ts:
        return 0
    if ts.isdigit():
        return int(ts) * 1_000_000
    if (moment := id_of(ts)) < 0:
        raise SlackError("invalid_ts_oldest")
    return moment


def _limit(workspace: Workspace, given: Arguments) -> int:
    limit = given.number("limit", _DEFAULT_LIMIT)
    if not 0 < limit <= workspace.rules.sizes.history:
        raise SlackError("invalid_limit")
    return limit


def _cursor(given: Arguments) -> int | None:
    """The id of the last message on the page before."""
    if not (cursor := given.text("cursor")):
        return None
    try:
        return id_of(base64.b64decode(cursor, validate=True).decode().removeprefix("last:"))
    except (binascii.Error, UnicodeDecodeError):
        raise SlackError("invalid_cursor") from None


def _next_page(found: list[Message], limit: int) -> Json:
    if len(found) <= limit:
        return {"has_more": False}
    cursor = base64.b64encode(f"last:{ts_of(found[limit - 1].id)}".encode()).decode()
    return {"has_more": True, "response_metadata": {"next_cursor": cursor}}


METHODS = {
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.info": info,
    "conversations.members": members,
    "conversations.list": list_,
    "conversations.open": open_,
    "conversations.join": join,
    "conversations.leave": leave,
    "users.conversations": of_user,
}
