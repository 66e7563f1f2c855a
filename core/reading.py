"""Reading the files beside a question: fetched from its platform, remembered for the rest of the talk, kept if wanted.

What was read is in memory only, unless the operator lets it be kept: after a restart a conversation knows its files by
name.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.attachments import (
    NOT_FETCHED,
    TOO_MANY,
    FileLimits,
    Opened,
    as_read,
    as_unread,
    is_kept,
    note,
    opened,
    parted,
    refusal,
    with_files,
)
from core.clock import Clock
from core.errors import PlatformError
from core.messages import Attached, Message, MessageRef, PlaceRef, Role
from core.ports import CanFetch, ChatPlatform, Image, Store
from core.records import Record
from core.said import Said

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 10
"""Files of one question that are read; as many as Slack and Discord take beside a message."""
_REMEMBERED_BYTES: Final = 64_000_000
_PICTURE_BYTES: Final = 10_000_000
"""Of pictures in one prompt: they are encoded while others wait."""
_SHARE: Final = 2
"""Files may fill half of what the model reads: the words before them, and the talk, need the rest."""


@dataclass(frozen=True, slots=True)
class _Read:
    paragraphs: str
    images: tuple[Image, ...]
    has_text: bool

    @property
    def size(self) -> int:
        """Bytes, about."""
        return len(self.paragraphs) + sum(len(each.content) for each in self.images)


class FileReader:
    """Reads the files of questions, and puts them before the model."""

    def __init__(self, store: Store, said: Said, clock: Clock, limits: FileLimits, characters: int) -> None:
        """`characters`: what the model reads at most of a conversation."""
        self._store = store
        self._said = said
        self._clock = clock
        self._limits = limits
        self._room = characters // _SHARE
        self._read: OrderedDict[str, _Read] = OrderedDict()
        self._size = 0

    async def read(
        self, question: Message, files: Sequence[Attached], platform: ChatPlatform, *, at: MessageRef, place: PlaceRef
    ) -> str:
        """Read what can be; returns what to tell whoever asked of the rest, which may be nothing.

        `files`: as they were told of with the question; where they were told to another process, the platform is asked
        what stands beside the question, which is `at` in `place`.
        """
        if question.id in self._read:
            return ""
        files = files or await _beside(question, platform, at, place)
        if not files:
            return ""
        here = await asyncio.gather(*(self._open(each, platform) for each in files[:_AT_ONCE]))
        found = [*_fitting(here), *(Opened(each, reason=TOO_MANY) for each in files[_AT_ONCE:])]
        images = tuple(each.image for each in found if each.image)
        has_text = any(each.text is not None for each in found)
        self._remember(question.id, _Read(as_read(found, self._room), images, has_text))
        return note(found, self._room)

    def in_full(self, message: Message) -> Message:
        """`message` as the model reads it."""
        if message.role is not Role.USER or not message.content:
            return message
        read = self._read.get(message.id)
        content = as_unread(message.content) if read is None else _with(message.content, read)
        return replace(message, content=content)

    def images(self, messages: Sequence[Message]) -> Mapping[str, tuple[Image, ...]]:
        """The pictures beside the newest of `messages`, as many as may be in one prompt, by the messages' ids."""
        found, room = {}, _PICTURE_BYTES
        for message in reversed(messages):
            images = self._read[message.id].images if message.content and message.id in self._read else ()
            room -= sum(len(each.content) for each in images)
            if room < 0:
                break
            if images:
                found[message.id] = images
        return found

    async def kept(self, question: Message, asked_in: MessageRef) -> list[Record]:
        """What the log is to have of the files that were read: nothing, where it is not to have the words either.

        Raises DatabaseUnavailableError.
        """
        read = self._read.get(question.id)
        if read is None or not read.has_text or not self._limits.keeps:
            return []
        known = await self._store.message(question.id)
        if known is None or known.deleted or not known.content or await self._store.opted_out(known.author):
            return []
        content, name = _with(known.content, read), f"{asked_in.key}:files"
        return [self._said.update(known, asked_in, at=self._clock.now(), name=name, content=content)]

    async def _open(self, file: Attached, platform: ChatPlatform) -> Opened:
        if reason := refusal(file, self._limits):
            return Opened(file, reason=reason)
        if not isinstance(platform, CanFetch):
            return Opened(file, reason=NOT_FETCHED)
        try:
            return opened(file, await platform.fetch(file, self._limits.of(file)))
        except PlatformError as error:
            # Neither its name nor its address: both are the person's.
            logger.warning("file_not_fetched", extra={"platform": platform.name, "error": str(error)})
            return Opened(file, reason=NOT_FETCHED)

    def _remember(self, message_id: str, read: _Read) -> None:
        self._read[message_id] = read
        self._size += read.size
        while self._size > _REMEMBERED_BYTES and len(self._read) > 1:
            _, oldest = self._read.popitem(last=False)
            self._size -= oldest.size


async def _beside(question: Message, platform: ChatPlatform, at: MessageRef, place: PlaceRef) -> Sequence[Attached]:
    """The files of which the log knows no more than that they are there."""
    if is_kept(question.content) or not isinstance(platform, CanFetch):
        return ()
    try:
        return await platform.files_beside(at, place)
    except PlatformError as error:
        logger.warning("files_not_found", extra={"platform": platform.name, "error": str(error)})
        return ()


def _fitting(files: Sequence[Opened]) -> list[Opened]:
    """`files`, without the pictures that are too many for a prompt."""
    fitting, room = [], _PICTURE_BYTES
    for each in files:
        room -= len(each.image.content) if each.image else 0
        fitting.append(Opened(each.file, reason=TOO_MANY) if each.image and room < 0 else each)
    return fitting


def _with(content: str, read: _Read) -> str:
    return with_files(parted(content)[0], read.paragraphs)
