"""The files that people attach to their messages: as each platform tells of them, and as they are fetched."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from aiohttp import web


class SharedFile:
    """A file that someone attached."""

    def __init__(
        self, name: str, content: bytes, media_type: str = "text/plain", *, address: str = "", status: int = 200
    ) -> None:
        """`address`: where it is said to be; empty: on the platform. `status`: what whoever fetches it is answered."""
        self.name = name
        self.content = content
        self.media_type = media_type
        self.address = address
        self.status = status
        self.size = len(content)
        """What is said of its length, in bytes."""
        self.fetched = 0
        """How often it was handed out."""

    @property
    def id(self) -> str:
        """What is unique to it."""
        return str(id(self))

    def at(self, base: str) -> str:
        """Its address."""
        return self.address or f"{base}/{self.id}/{quote(self.name, safe='')}"


def slack_file(file: SharedFile, base: str) -> dict[str, Any]:
    """As Slack tells of it (docs.slack.dev/reference/objects/file-object)."""
    return {
        "id": f"F{file.id}",
        "name": file.name,
        "title": file.name,
        "mimetype": file.media_type,
        "size": file.size,
        "mode": "hosted",
        "is_external": False,
        "url_private": file.at(base),
        "url_private_download": file.at(base),
    }


def discord_file(file: SharedFile, base: str) -> dict[str, Any]:
    """As Discord tells of it (docs.discord.com/developers/resources/message#attachment-object)."""
    address = file.at(base)
    return {
        "id": file.id,
        "filename": file.name,
        "content_type": file.media_type,
        "size": file.size,
        "url": address,
        "proxy_url": address,
    }


def served(files: Iterable[SharedFile], file_id: str) -> web.Response:
    """The answer to whoever fetches one of `files`."""
    for file in files:
        if file.id == file_id:
            file.fetched += 1
            return web.Response(body=file.content, status=file.status, content_type=file.media_type)
    return web.Response(status=404)
