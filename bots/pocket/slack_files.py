"""Slack's files.*: an address to upload to, the bytes, and the message that shows the file.

Reference: docs.slack.dev/messaging/working-with-files#upload.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bots.pocket.slack_arguments import Arguments
from bots.pocket.slack_chat import thread_of, writable_room
from bots.pocket.slack_workspace import Json, SlackError, Workspace


@dataclass(slots=True)
class File:
    """A file that the app announced; `content` is None until it came."""

    id: str
    name: str
    length: int
    alt: str = ""
    content: bytes | None = None

    @property
    def shown(self) -> Json:
        """As messages and answers show it."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.name,
            "size": self.length,
            "mode": "hosted",
            "alt_txt": self.alt,
        }


class Files:
    """All files of the workspace, by id."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.origin = ""
        self.files: dict[str, File] = {}

    def methods(self) -> dict[str, Callable[[Workspace, Arguments], Json]]:
        """files.*, as the door wants them."""
        return {
            "files.getUploadURLExternal": lambda _, given: self.announce(given),
            "files.completeUploadExternal": lambda _, given: self.complete(given),
        }

    def announce(self, given: Arguments) -> Json:
        """files.getUploadURLExternal."""
        name, length = given.needed("filename"), given.number("length", 0)
        if not length:
            raise SlackError("invalid_arguments")
        file = File(f"F{self._workspace.house.next_id():X}", name, length, given.text("alt_txt"))
        self.files[file.id] = file
        return {"ok": True, "upload_url": f"{self.origin}/slack/upload/{file.id}", "file_id": file.id}

    def take(self, file_id: str, content: bytes) -> bool:
        """The bytes of a file that was announced; False where they are not what was."""
        file = self.files.get(file_id)
        if file is None or len(content) != file.length:
            return False
        file.content = content
        return True

    def complete(self, given: Arguments) -> Json:
        """files.completeUploadExternal: without a channel the file stays out of sight."""
        wanted = given.objects("files", error="invalid_arguments") or []
        files = [self.files.get(str(each.get("id"))) for each in wanted]
        found = [each for each in files if each is not None and each.content is not None]
        if not found or len(found) < len(files):
            raise SlackError("file_not_found")
        if given.text("channel_id"):
            self._show(found, given)
        return {"ok": True, "files": [each.shown for each in found]}

    def _show(self, files: list[File], given: Arguments) -> None:
        room = writable_room(self._workspace, Arguments({"channel": given.text("channel_id")}))
        thread = thread_of(self._workspace, room, given.text("thread_ts"))
        text = given.text("initial_comment")
        wire: Json = {"text": text, "files": [each.shown for each in files]}
        reading = "\n".join(filter(None, [text, *(f"[{each.name}]" for each in files)]))
        self._workspace.house.post(self._workspace.assistant, room, reading, thread=thread, wire=wire)
