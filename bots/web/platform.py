"""The web as a chat platform: a reply is written to whoever reads it, piece by piece, and shows nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bots.web.growing import Growing
from core.answering import client_request_id
from core.errors import StreamRefusedError
from core.messages import MessageRef, PersonRef, PlaceRef, ReplyStatus
from core.ports import Ended, Limits, Rate, Relay, Sent

PLATFORM: Final = "web"
STOPPED: Final = "Plaudit is being stopped. Ask for the rest in a moment, with the Last-Event-ID."
_UNREAD: Final = 10
"""So many looks after the last reader has gone, a reply that is not written here is waited for no longer."""
_LENGTH: Final = 2_000_000
"""Characters; nothing is ever cut here."""


class WebPlatform:
    """Knows the replies in the making by the messages that they answer."""

    name = PLATFORM

    def __init__(self, origin: str = "") -> None:
        """`origin`: where it is reached, `http://127.0.0.1:8800`."""
        self.origin = origin
        self._growing: dict[MessageRef, Growing] = {}

    @property
    def limits(self) -> Limits:
        """There are none to speak of."""
        return Limits(message_length=_LENGTH, edits=Rate(1_000, 1.0))

    def edit_bucket(self, place: PlaceRef) -> str:
        """Nothing is edited."""
        return place.key

    async def post(
        self, place: PlaceRef, text: str, *, reply_to: MessageRef | None, nonce: str, again: bool = False
    ) -> Sent:
        """Say something that is no reply: to whoever waits for one to `reply_to`, if they do."""
        del again
        if reply_to is not None and (growing := self._growing.get(reply_to)) is not None:
            growing.write(text)
        return Sent(MessageRef(PLATFORM, place.workspace, place.channel, nonce))

    async def edit(self, message: MessageRef, text: str) -> Sent:
        """Nothing shows that could be edited."""
        del message, text
        raise StreamRefusedError("What was sent over HTTP cannot be edited.")

    def relay(self, place: PlaceRef, question: MessageRef, reply_id: str) -> Relay:
        """Where the reply to `question` goes."""
        growing = self._growing.get(question) or self._of(question)
        growing.message = MessageRef(PLATFORM, place.workspace, place.channel, reply_id)
        growing.restart()
        growing.is_here = True
        return _Relay(self, question, growing)

    def expects(self, request: str) -> bool:
        """Whether a reply to the request of this id is expected or in the making here."""
        return any(client_request_id(each) == request for each in self._growing)

    def stop(self) -> None:
        """Tell whoever still reads that the process stops."""
        for growing in self._growing.values():
            growing.end(Ended("", "", ReplyStatus.CUT_OFF, STOPPED))

    def growing(self, question: MessageRef) -> Growing | None:
        """The reply to `question`, if it is expected or in the making here."""
        return self._growing.get(question)

    def elsewhere(self) -> list[MessageRef]:
        """The questions whose replies are waited for here and not written here, or not yet.

        To be asked now and then: what is read no longer is forgotten.
        """
        for question, growing in list(self._growing.items()):
            growing.unread = 0 if growing.is_read or growing.is_here else growing.unread + 1
            if growing.unread > _UNREAD:
                self.forget(question)
        return [question for question, growing in self._growing.items() if not growing.is_here]

    @contextmanager
    def expecting(self, question: MessageRef) -> Iterator[Growing]:
        """The reply to a question that is about to be asked. Leaving the block by an exception expects it no longer."""
        growing = self._growing.get(question) or self._of(question)
        try:
            yield growing
        except BaseException:
            self.forget(question)
            raise

    def forget(self, question: MessageRef) -> None:
        """The reply to `question` is in the log, or will never be."""
        self._growing.pop(question, None)

    def _of(self, question: MessageRef) -> Growing:
        growing = self._growing[question] = Growing(question)
        return growing


class _Relay:
    """`core.ports.Relay`: what is over is forgotten here, for the log has it."""

    def __init__(self, platform: WebPlatform, question: MessageRef, growing: Growing) -> None:
        self._platform = platform
        self._question = question
        self.message = growing.message
        self.write = growing.write
        self._growing = growing

    def end(self, ended: Ended) -> None:
        """It is over, and in the log."""
        self._growing.end(ended)
        self._platform.forget(self._question)


def reviewer(name: str) -> PersonRef:
    """The person that the holder of a key is who judges replies in the key's own name."""
    return PersonRef(PLATFORM, "keys", name)
