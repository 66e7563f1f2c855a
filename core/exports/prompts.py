"""What the model read before each of its replies, rebuilt from the conversation. Pure.

The rules are `core.prompt`'s. A prompt that cannot be rebuilt, or must not be, is told by a word for why.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeAlias

from core.attachments import is_kept
from core.exports.talks import Said, Talk, is_blank
from core.messages import Message, Role
from core.prompt import Window, build_prompt, in_turns

Turn: TypeAlias = Mapping[str, str]
"""`{"role": …, "content": …}`"""

NO_QUESTION: Final = "no_question"
"""What the reply answers is not there, or deleted."""
PRIVATE: Final = "private"
"""Words in it are not kept, or are of someone who wants nothing kept."""
EDITED: Final = "edited_since"
"""Something in it was edited after the model had read it."""
FILES: Final = "files_not_kept"
"""A file stood beside a question of which only the name was kept: what the reply says of it would be made up."""

_NO_MOMENT: Final = datetime(1, 1, 1, tzinfo=UTC)  # the prompt's order is the messages'
_USER, _ASSISTANT = Role.USER.value, Role.ASSISTANT.value


class Prompt(NamedTuple):
    """The turns before a reply; or (`missing`) why there are none."""

    turns: Sequence[Turn]
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """How prompts are made in all conversations."""

    window: Window
    system: str
    is_private: Callable[[str], bool]
    """Whether nothing of the person with this `PersonRef.key` may be in a row."""


class Prompts:
    """The prompts of one conversation."""

    def __init__(self, talk: Talk, reader: Reader) -> None:
        self._messages = talk.messages
        self._reader = reader
        self._first = [{"role": Role.SYSTEM.value, "content": reader.system}] if reader.system.strip() else []
        self._turns = _plain(talk.messages, reader)

    def before(self, place: int) -> Prompt:
        """What the model read before the reply at this place among the talk's messages."""
        if place < len(self._turns):
            return Prompt(self._first + self._turns[:place])
        reply = self._messages[place]
        earlier = [each for each in self._messages[:place] if not each.deleted and each.seq < reply.seq]
        question = next((each for each in earlier if each.id == reply.question_id), None)
        if question is None or question.role != _USER or not (question.content.strip() or question.withheld):
            return Prompt((), NO_QUESTION)
        return self._rebuilt(reply, earlier, question)

    def _rebuilt(self, reply: Said, earlier: Sequence[Said], question: Said) -> Prompt:
        history = [_message(each) for each in earlier]
        read = {each.id for each in in_turns(history, question.id)[-self._reader.window.messages :]}
        said = [each for each in earlier if each.id in read]
        if any(each.withheld or self._reader.is_private(each.author) for each in said):
            return Prompt((), PRIVATE)
        if any(each.edited > reply.seq for each in said):
            return Prompt((), EDITED)
        if any(each.role == _USER and not is_kept(each.content) for each in said):
            return Prompt((), FILES)
        prompt = build_prompt(self._reader.system, history, _message(question), self._reader.window)
        return Prompt([{"role": each.role.value, "content": each.content} for each in prompt.messages])


def _plain(messages: Sequence[Said], reader: Reader) -> list[Turn]:
    """The messages from the first on, as turns, for as long as `build_prompt` would change nothing in them.

    Most conversations are so to their end: questions and answers in turn, all there, all within the window. This
    takes a tenth of the time.
    """
    turns: list[Turn] = []
    room = reader.window.characters
    asked, role = "", _USER
    for message in messages[: reader.window.messages + 1]:
        id_, _, its_role, content, _, author, question_id, _, _, withheld, deleted, edited, _ = message
        room -= len(content)
        if its_role != role or withheld or deleted or edited or room < 0 or is_blank(content):
            break
        if role is _USER:
            if question_id is not None or reader.is_private(author) or not is_kept(content):
                break
            asked, role = id_, _ASSISTANT
        else:
            if question_id != asked:
                break
            role = _USER
        turns.append({"role": its_role, "content": content})
    return turns


def _message(said: Said) -> Message:
    return Message(said.id, "", Role(said.role), said.content, _NO_MOMENT, said.author, (), said.question_id)
