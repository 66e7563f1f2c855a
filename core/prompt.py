"""A conversation as the model reads it: the system text and as much of the newest history as fits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from core.messages import Message, Role
from core.ports import Image, PromptMessage


@dataclass(frozen=True, slots=True)
class Window:
    """How much of a conversation a model reads."""

    messages: int
    characters: int


DEFAULT_WINDOW: Final = Window(messages=50, characters=24_000)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to the model, and whether older messages had to be left out of it."""

    messages: tuple[PromptMessage, ...]
    is_cut: bool


def build_prompt(
    system: str,
    history: Sequence[Message],
    question: Message,
    window: Window,
    images: Mapping[str, tuple[Image, ...]] = MappingProxyType({}),
) -> Prompt:
    """The system text and the newest messages up to the question, within `window`.

    The question itself is always there, even where its author has deleted it by now, shortened at its beginning if it
    alone is too long. Neighbours with the same role are joined, for many chat templates insist that user and assistant
    take turns. `images`: what stands beside the messages, by their ids.
    """
    if all(each.id != question.id for each in history):
        later = {each.id for each in history if each.role is Role.USER and each.timestamp > question.timestamp}
        history = [*(each for each in history if each.id not in later), question]
    turns = [each for each in in_turns(history, question.id) if each.content.strip()]
    kept: list[Message] = []
    room = window.characters
    for message in reversed(turns[-window.messages :]):
        if kept and len(message.content) > room:
            break
        kept.insert(0, message)
        room -= len(message.content)
    while len(kept) > 1 and kept[0].role is not Role.USER:
        kept.pop(0)
    said = [PromptMessage(each.role, each.content[-window.characters :], images.get(each.id, ())) for each in kept]
    first = [PromptMessage(Role.SYSTEM, system)] if system.strip() else []
    is_cut = len(kept) < len(turns) or any(len(each.content) > window.characters for each in kept)
    return Prompt((*first, *_join_neighbours(said)), is_cut)


def in_turns(history: Iterable[Message], question_id: str) -> list[Message]:
    """The messages up to the question, behind every question the reply to it, of several the last.

    People write while the assistant answers, so the log may hold question, question, reply, reply.
    """
    messages = list(history)
    here = {message.id for message in messages}
    replies = {message.question_id: message for message in messages if message.question_id in here}
    ordered: list[Message] = []
    for message in messages:
        if message.question_id in here:
            continue
        ordered.append(message)
        if message.id == question_id:
            break
        if message.id in replies:
            ordered.append(replies[message.id])
    return ordered


def _join_neighbours(messages: Iterable[PromptMessage]) -> list[PromptMessage]:
    joined: list[PromptMessage] = []
    for message in messages:
        if joined and joined[-1].role is message.role:
            before = joined[-1]
            content = f"{before.content}\n\n{message.content}"
            joined[-1] = PromptMessage(message.role, content, (*before.images, *message.images))
        else:
            joined.append(message)
    return joined
