"""Slack's native streaming: chat.startStream, chat.appendStream, chat.stopStream.

A stream ends by itself after `SlackRules.stream_seconds`, even while text flows; its message stays and can be edited.
Reference: docs.slack.dev/reference/methods/chat.startStream and the two beside it; the five minutes are measured.
"""

from typing import Any

from bots.pocket.slack_arguments import Arguments
from bots.pocket.slack_chat import check_blocks, own_message, thread_of, writable_room
from bots.pocket.slack_workspace import TEAM_ID, Json, SlackError, Workspace, channel_id, ts_of
from bots.pocket.things import Message


def start(workspace: Workspace, given: Arguments) -> Json:
    """chat.startStream: a message in a thread that text can be appended to."""
    room = writable_room(workspace, given)
    thread = thread_of(workspace, room, given.needed("thread_ts"))
    if room.kind != "dm":
        _check_recipient(workspace, given)
    text, more = _chunks(workspace, given)
    wire = {"text": text, "markdown_text": text, "chunks": more, "streaming_state": "in_progress"}
    message = workspace.house.post(workspace.assistant, room, workspace.reading(wire), thread=thread, wire=wire)
    workspace.streams[message.id] = workspace.house.clock.monotonic()
    return {"ok": True, "channel": channel_id(room), "ts": ts_of(message.id)}


def append(workspace: Workspace, given: Arguments) -> Json:
    """chat.appendStream."""
    message = _streaming_message(workspace, given)
    text, more = _chunks(workspace, given)
    if not text and not more:
        raise SlackError("no_text")
    _grow(workspace, message, text, more)
    return {"ok": True, "channel": channel_id(message.room), "ts": ts_of(message.id)}


def stop(workspace: Workspace, given: Arguments) -> Json:
    """chat.stopStream: the last text, and blocks below it."""
    message = _streaming_message(workspace, given)
    text, more = _chunks(workspace, given)
    blocks = given.objects("blocks", error="invalid_blocks_format") or []
    check_blocks(workspace.rules.sizes, blocks)
    _grow(workspace, message, text, more, blocks=blocks, metadata=given.get("metadata"))
    shown = workspace.message(message)
    return {"ok": True, "channel": channel_id(message.room), "ts": ts_of(message.id), "message": shown}


def _check_recipient(workspace: Workspace, given: Arguments) -> None:
    """In a channel Slack wants to know for whom one streams."""
    if not given.text("recipient_user_id"):
        raise SlackError("missing_recipient_user_id")
    if not given.text("recipient_team_id"):
        raise SlackError("missing_recipient_team_id")
    if given.text("recipient_team_id") != TEAM_ID:
        raise SlackError("team_not_found")
    workspace.find_person(given.text("recipient_user_id"))


def _streaming_message(workspace: Workspace, given: Arguments) -> Message:
    room = workspace.find_room(given.text("channel"))
    message = own_message(workspace, room, given.needed("ts"), error="message_not_owned_by_app")
    if message.id in workspace.stopped_streams:
        raise SlackError("stopped_by_user")
    if not workspace.is_streaming(message):
        raise SlackError("message_not_in_streaming_state")
    return message


def _chunks(workspace: Workspace, given: Arguments) -> tuple[str, list[Json]]:
    """The text that a call adds, and the chunks that are no text (tasks, plans)."""
    markdown, chunks = given.text("markdown_text"), given.objects("chunks", error="invalid_chunks")
    if markdown and chunks:
        raise SlackError("cannot_provide_both_markdown_text_and_chunks")
    texts, more = [markdown], []
    for chunk in chunks or []:
        if chunk.get("type") != "markdown_text":
            more.append(chunk)
        elif isinstance(chunk.get("text"), str):
            texts.append(chunk["text"])
        else:
            raise SlackError("invalid_chunks")
    text = "".join(texts)
    if len(text) > workspace.rules.sizes.markdown:
        raise SlackError("msg_too_long")
    return text, more


def _grow(workspace: Workspace, message: Message, text: str, more: list[Json], **last: Any) -> None:
    """Append to `message`; what is `last` ends its stream."""
    whole = str(message.wire.get("markdown_text", "")) + text
    if len(whole) > workspace.rules.sizes.stream_text:
        raise SlackError("msg_too_long")
    wire: Json = {"text": whole, "markdown_text": whole, "chunks": [*message.wire.get("chunks", ()), *more]}
    wire |= {name: value for name, value in last.items() if value}
    wire["streaming_state"] = "completed" if last else "in_progress"
    if last:
        del workspace.streams[message.id]
    workspace.house.edit(message, workspace.reading(wire), by=workspace.assistant, wire=wire)


METHODS = {
    "chat.startStream": start,
    "chat.appendStream": append,
    "chat.stopStream": stop,
}
