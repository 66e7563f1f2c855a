"""Conversations and the messages in them, and where they stand on a platform.

Plain values: they know nothing of models, tables or the wire. Only an adapter reads inside an address (`…Ref`); to
everyone else it is a name to compare and keep.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self, TypeAlias

from ulid import ULID

Json: TypeAlias = Mapping[str, Any]


class Role(StrEnum):
    """Who speaks, in the words that language models know."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class ReplyStatus(StrEnum):
    """How the writing of a message ended."""

    COMPLETE = "complete"
    CUT_OFF = "cut_off"
    """The stream or the process ended before the model said that it was done."""
    FAILED = "failed"
    """The model failed; what it had written stays."""


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person's (or bot's) account in one workspace or guild."""

    platform: str
    workspace: str
    id: str

    @property
    def key(self) -> str:
        """One string for it, unique over all platforms."""
        return f"{self.platform}:{self.workspace}:{self.id}"

    @classmethod
    def parse(cls, key: str) -> Self:
        """The ref that has this `key`."""
        return cls(*key.split(":", 2))


@dataclass(frozen=True, slots=True)
class PlaceRef:
    """Where a message can be posted: a channel, a thread in it, or a direct conversation."""

    platform: str
    workspace: str
    channel: str
    thread: str = ""

    @property
    def key(self) -> str:
        """One string for it, unique over all platforms."""
        return f"{self.platform}:{self.workspace}:{self.channel}:{self.thread}"

    @property
    def channel_key(self) -> str:
        """The `key` of the whole channel."""
        return f"{self.platform}:{self.workspace}:{self.channel}:"

    @classmethod
    def parse(cls, key: str) -> Self:
        """The ref that has this `key`."""
        return cls(*key.split(":", 3))


@dataclass(frozen=True, slots=True)
class MessageRef:
    """One message as the platform counts them: a long reply of ours is several of these."""

    platform: str
    workspace: str
    channel: str
    id: str

    @property
    def key(self) -> str:
        """One string for it, unique over all platforms."""
        return f"{self.platform}:{self.workspace}:{self.channel}:{self.id}"

    @classmethod
    def parse(cls, key: str) -> Self:
        """The ref that has this `key`."""
        return cls(*key.split(":", 3))


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote something, as the platform introduces them."""

    ref: PersonRef
    name: str
    is_bot: bool = False
    roles: tuple[str, ...] = ()
    """What they are there, by ids and names: a guild's roles; `admin`, `owner`, `guest` in a workspace."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file beside a message, as the platform tells of it: none of it is to be trusted."""

    name: str
    media_type: str
    """May be empty."""
    size: int
    """Bytes; 0 where it is not said."""
    address: str
    """Where it is fetched; empty where it cannot be. Only an adapter reads inside."""
    workspace: str = ""
    """Where it was shared; empty where one connection reaches all places."""


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which language model it was: its id on the Hub or its address, and what else names it."""

    id: str
    metadata: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """What one author said in a conversation; `id` is a ULID.

    A reply that is longer than the platform allows is one message with several `parts`.
    """

    id: str
    conversation_id: str
    role: Role
    content: str
    timestamp: datetime
    author: str = ""
    """The author's `PersonRef.key`; empty for the assistant."""
    parts: tuple[MessageRef, ...] = ()
    question_id: str | None = None
    """For a reply: the message that it answers. Of several replies to one question, each but the first is a retry."""
    status: ReplyStatus = ReplyStatus.COMPLETE
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread, a direct message or a reply chain, with one model, until it is ended; `id` is a ULID."""

    id: str
    model: ModelIdentity
    username: str
    place: PlaceRef
    started_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None


def stable_ulid(at: datetime, key: str) -> str:
    """The ULID of the thing that `key` names, first seen at `at`: the same arguments give the same id.

    A ULID is 48 bits of milliseconds and 80 bits of randomness (github.com/ulid/spec). Taking the 80 bits from a hash
    of the platform's own id lets two processes that receive one event agree on its id without asking each other.
    """
    return str(ULID.from_bytes(_milliseconds(at) + hashlib.sha256(key.encode()).digest()[:10]))


def ulid_time(ulid: str) -> str:
    """What of a ULID tells its millisecond; it sorts as time does."""
    return ulid[:10]


def least_ulid(at: datetime) -> str:
    """The least ULID of a moment: those of earlier milliseconds are less, all others are not."""
    return str(ULID.from_bytes(_milliseconds(at) + bytes(10)))


def _milliseconds(at: datetime) -> bytes:
    return int(at.timestamp() * 1000).to_bytes(6, "big")
