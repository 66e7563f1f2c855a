"""Slack's chat.*: posting, editing, deleting, whispering. Each function is one method of the Web API.

They check what Slack checks, in the house's terms, and raise `SlackError` with Slack's codes; rates and tokens were
checked at the door. Reference: docs.slack.dev/reference/methods?query=chat
"""

from typing import Any

from bots.pocket.slack_arguments import Arguments
from bots.pocket.slack_rules import Sizes
from bots.pocket.slack_text import texts_of
from bots.pocket.slack_workspace import (
    TEAM_URL,
    Json,
    SlackError,
    Workspace,
    channel_id,
    id_of,
    ts_of,
)
from bots.pocket.things import Message, Room


def post_message(workspace: Workspace, given: Arguments) -> Json:
    """chat.postMessage."""
    room = writable_room(workspace, given)
    wire = content(workspace.rules.sizes, given)
    thread = thread_of(workspace, room, given.text("thread_ts"))
    wire["text"] = str(wire["text"])[: workspace.rules.sizes.post_text]
    wire |= {name: given[name] for name in ("metadata", "unfurl_links", "unfurl_media") if name in given}
    if given.flag("reply_broadcast"):
        wire["broadcast"] = True
    message = workspace.house.post(workspace.assistant, room, workspace.reading(wire), thread=thread, wire=wire)
    shown = workspace.message_in_full(message, metadata=True)
    return {"ok": True, "channel": channel_id(room), "ts": ts_of(message.id), "message": shown}


def update(workspace: Workspace, given: Arguments) -> Json:
    """chat.update: blocks that are not given stay as they were, an empty list takes them away."""
    room = workspace.find_room(given.text("channel"))
    message = own_message(workspace, room, given.needed("ts"), error="cant_update_message")
    if workspace.is_streaming(message):
        raise SlackError("streaming_state_conflict")
    sizes = workspace.rules.sizes
    if len(given.text("text")) > sizes.update_text:
        raise SlackError("msg_too_long")
    wire = content(sizes, given, before=message.wire.get("blocks"))
    if metadata := given.get("metadata") or message.wire.get("metadata"):
        wire["metadata"] = metadata
    workspace.house.edit(message, workspace.reading(wire), by=workspace.assistant, wire=wire)
    shown = workspace.message(message)
    return {"ok": True, "channel": channel_id(room), "ts": ts_of(message.id), "text": shown["text"], "message": shown}


def delete(workspace: Workspace, given: Arguments) -> Json:
    """chat.delete."""
    room = workspace.find_room(given.text("channel"))
    message = own_message(workspace, room, given.needed("ts"), error="cant_delete_message")
    workspace.house.delete(message, by=workspace.assistant)
    return {"ok": True, "channel": channel_id(room), "ts": ts_of(message.id)}


def post_ephemeral(workspace: Workspace, given: Arguments) -> Json:
    """chat.postEphemeral: a whisper, in no history."""
    room = writable_room(workspace, given)
    person = workspace.find_person(given.needed("user"))
    if person not in room.members:
        raise SlackError("user_not_in_channel")
    wire = content(workspace.rules.sizes, given)
    thread = thread_of(workspace, room, given.text("thread_ts"))
    message = workspace.house.post(
        workspace.assistant, room, workspace.reading(wire), thread=thread, only_for=person, wire=wire
    )
    return {"ok": True, "message_ts": ts_of(message.id)}


def get_permalink(workspace: Workspace, given: Arguments) -> Json:
    """chat.getPermalink."""
    room = workspace.find_room(given.text("channel"))
    message = workspace.find_message(room, given.needed("message_ts"))
    link = f"{TEAM_URL}archives/{channel_id(room)}/p{message.id}"
    if message.thread is not None:
        link += f"?thread_ts={ts_of(message.thread.id)}&cid={channel_id(room)}"
    return {"ok": True, "channel": channel_id(room), "permalink": link}


def writable_room(workspace: Workspace, given: Arguments) -> Room:
    """The room that a call wants to write in."""
    room = workspace.find_room(given.text("channel"))
    if room.archived:
        raise SlackError("is_archived")
    if workspace.assistant not in room.members:
        raise SlackError("not_in_channel")
    return room


def thread_of(workspace: Workspace, room: Room, ts: str) -> Message | None:
    """The message whose thread a new one goes in; None for a message of the room itself."""
    if not ts:
        return None
    if id_of(ts) < 0:
        raise SlackError("invalid_thread_ts")
    root = workspace.house.messages.get(id_of(ts))
    if root is None or root.room is not room or (root.deleted and not root.has_replies):
        # A first message that is deleted leaves its thread only where others have written in it. What Slack does with
        # a post after it is told in two ways (this error; a message nobody finds): this one can be acted on.
        raise SlackError("thread_not_found")
    return root


def own_message(workspace: Workspace, room: Room, ts: str, *, error: str) -> Message:
    """A message that the bot itself posted. Raises `error` for anyone else's and for whispers."""
    message = workspace.find_message(room, ts)
    if message.author is not workspace.assistant or message.only_for is not None:
        raise SlackError(error)
    return message


def content(sizes: Sizes, given: Arguments, *, before: list[Json] | None = None) -> Json:
    """What a message is to say: `text`, `blocks` (`before` where the call gives none), `markdown_text`."""
    blocks = given.objects("blocks", error="invalid_blocks_format")
    markdown, text = given.text("markdown_text"), given.text("text")
    if markdown and (text or blocks):
        raise SlackError("markdown_text_conflict")
    if len(markdown) > sizes.markdown:
        raise SlackError("msg_too_long")
    if not (markdown or text or blocks or given.get("attachments")):
        raise SlackError("no_text")
    if blocks is None and not markdown:
        blocks = before
    check_blocks(sizes, blocks or [])
    wire: dict[str, Any] = {"text": text or markdown}
    if blocks:
        wire["blocks"] = blocks
    if markdown:
        wire["markdown_text"] = markdown
    return wire


def check_blocks(sizes: Sizes, blocks: list[Json]) -> None:
    """Raise what Slack says of too many, too long or wrong blocks."""
    if len(blocks) > sizes.blocks:
        raise _invalid_blocks(f"no more than {sizes.blocks} items allowed [json-pointer:/blocks]")
    for index, block in enumerate(blocks):
        _check_block(sizes, block, f"/blocks/{index}")
    markdown = sum(len(str(block.get("text", ""))) for block in blocks if block["type"] == "markdown")
    if markdown > sizes.markdown or sum(map(len, texts_of(blocks))) > sizes.blocks_text:
        raise SlackError("msg_blocks_too_long")


def _check_block(sizes: Sizes, block: Json, pointer: str) -> None:
    match block.get("type"):
        case "markdown":
            if not isinstance(block.get("text"), str) or not block["text"]:
                raise _invalid_blocks(f"missing required field: text [json-pointer:{pointer}]")
        case "section":
            if len(str((block.get("text") or {}).get("text", ""))) > sizes.section_text:
                raise _invalid_blocks(f"must be less than {sizes.section_text + 1} characters [json-pointer:{pointer}]")
        case "context_actions":
            _check_elements(sizes, block, pointer, most=sizes.context_actions)
        case "actions":
            _check_elements(sizes, block, pointer, most=sizes.actions)
        case None:
            raise _invalid_blocks(f"missing required field: type [json-pointer:{pointer}]")


def _check_elements(sizes: Sizes, block: Json, pointer: str, *, most: int) -> None:
    elements = block.get("elements") or ()
    if not 0 < len(elements) <= most:
        raise _invalid_blocks(f"must have 1 to {most} items [json-pointer:{pointer}/elements]")
    names = [each["action_id"] for each in elements if each.get("action_id")]
    if len(names) > len(set(names)):
        raise _invalid_blocks(f"`action_id` already exists [json-pointer:{pointer}/elements]")
    for each in elements:
        for button in (each, each.get("positive_button") or {}, each.get("negative_button") or {}):
            _check_button(sizes, button, f"{pointer}/elements")


def _check_button(sizes: Sizes, button: Json, pointer: str) -> None:
    text = button.get("text")
    if isinstance(text, dict) and not 0 < len(str(text.get("text", ""))) <= sizes.button_text:
        raise _invalid_blocks(f"must be 1 to {sizes.button_text} characters [json-pointer:{pointer}]")
    if len(str(button.get("value", ""))) > sizes.button_value:
        raise _invalid_blocks(f"must be less than {sizes.button_value + 1} characters [json-pointer:{pointer}]")


def _invalid_blocks(complaint: str) -> SlackError:
    return SlackError("invalid_blocks", errors=[complaint], response_metadata={"messages": [f"[ERROR] {complaint}"]})


METHODS = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.postEphemeral": post_ephemeral,
    "chat.getPermalink": get_permalink,
}
