"""Answers to what people press, send and command on Discord: whispers, forms, and a nod where there is nothing to say.

The first answer must come within three seconds and decides what can follow; a quarter of an hour long there can be
more (docs.discord.com/developers/interactions/receiving-and-responding). Nothing here outlives the process, nor has
to: a ticket says all that is needed.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import quote

from bots.discord.interactions import Ticket
from bots.discord.reading import PLATFORM
from bots.discord.refusals import AlreadyAnsweredError
from bots.discord.render_controls import EPHEMERAL, modal, pages
from bots.discord.rest import Rest
from core.controls import Attachment, Form, Notice
from core.errors import MessageGoneError, PlatformError
from core.tasks import cancelled

logger = logging.getLogger(__name__)

_MESSAGE, _THINKING, _NOTHING, _FORM = 4, 5, 6, 9
"""The types of first answers."""
_PATIENCE: Final = 2.0
"""Seconds after which Discord is told to wait: it does for three."""
_REMEMBERED: Final = 1_000
_DONE: Final = Notice("Done.")
_TOO_SLOW: Final = Notice("That took me too long: Discord no longer lets me show it. Please try again.")


class _Open:
    """What is known of one ticket."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.lock = asyncio.Lock()
        """Answers go one after the other: the first is of another kind."""
        self.is_attended = False
        self.is_answered = False
        self.is_thinking = False
        """The person sees that something is still to come."""
        self.was_put_off = False
        """Discord was asked to wait."""


class Answers:
    """Answers interactions in the name of one application."""

    def __init__(self, rest: Rest, application: str, *, patience: float = _PATIENCE) -> None:
        self._rest = rest
        self._application = application
        self._patience = patience
        self._known: OrderedDict[str, _Open] = OrderedDict()

    async def attend(self, ticket: str, handle: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let `handle` do its work, ask Discord for patience meanwhile, and see that there was an answer.

        What Discord tells twice is handled once.
        """
        open_ = self._open(ticket)
        if open_.is_attended:
            return
        open_.is_attended = True
        task = asyncio.create_task(handle(), name=f"handle interaction {open_.ticket.id}")
        try:
            await asyncio.wait({task}, timeout=self._patience)
            if not task.done():
                await self._acknowledge(open_, done=False)
            await task
        finally:
            await cancelled([task])
            await self._acknowledge(open_, done=True)

    async def whisper(self, ticket: str, told: Notice) -> None:
        """Show `told` to the person alone, in as many messages as it takes. Raises PlatformError."""
        open_ = self._open(ticket)
        async with open_.lock:
            await self._tell(open_, told)

    async def open_form(self, ticket: str, form: Form) -> None:
        """Put `form` before the person. Raises PlatformError, also where it would not be the first answer."""
        open_ = self._open(ticket)
        async with open_.lock:
            if open_.was_put_off:
                await self._tell(open_, _TOO_SLOW)
            if open_.is_answered or open_.ticket.is_of_form:
                raise PlatformError("Discord shows a form only at once, and not after another.")
            data = modal(form, open_.ticket.workspace)
            await self._begin(open_, {"type": _FORM, "data": data}, None)

    async def _tell(self, open_: _Open, told: Notice) -> None:
        for body, attachment in pages(told, open_.ticket.workspace):
            await self._say(open_, body, attachment)

    async def _say(self, open_: _Open, body: dict[str, Any], attachment: Attachment | None) -> None:
        body = {**body, "flags": body["flags"] | EPHEMERAL}
        if not open_.is_answered:
            try:
                return await self._begin(open_, {"type": _MESSAGE, "data": body}, attachment)
            except AlreadyAnsweredError:
                pass  # before this process knew of it: then this is one of those that follow
        # After "is thinking…" Discord puts it in the place of that.
        path = f"/webhooks/{self._application}/{quote(open_.ticket.token, safe='')}"
        await self._rest.answer(path, body, attachment=attachment)
        open_.is_thinking = False
        return None

    async def _begin(self, open_: _Open, body: dict[str, Any], attachment: Attachment | None) -> None:
        """Give the first answer. Raises AlreadyAnsweredError where there was one."""
        path = f"/interactions/{open_.ticket.id}/{quote(open_.ticket.token, safe='')}/callback"
        try:
            await self._rest.answer(path, body, attachment=attachment)
        except (AlreadyAnsweredError, MessageGoneError):
            open_.is_answered = True
            raise
        except PlatformError:
            await self._begin_again(path, body, attachment)
        open_.is_answered = True

    async def _begin_again(self, path: str, body: dict[str, Any], attachment: Attachment | None) -> None:
        try:
            await self._rest.answer(path, body, attachment=attachment)
        except AlreadyAnsweredError:
            logger.info("answer_had_arrived")  # at the first try; what got lost was only Discord's word for it

    async def _acknowledge(self, open_: _Open, *, done: bool) -> None:
        """Give Discord the answer that it wants where nobody had one. Never fails."""
        try:
            async with open_.lock:
                if done and open_.is_thinking:
                    await self._tell(open_, _DONE)
                elif not open_.is_answered:
                    await self._nod(open_, done=done)
        except PlatformError as error:
            logger.warning("interaction_not_acknowledged", extra={"platform": PLATFORM, "error": str(error)})

    async def _nod(self, open_: _Open, *, done: bool) -> None:
        open_.was_put_off = not done
        if open_.ticket.on_message:
            await self._begin(open_, {"type": _NOTHING}, None)
        elif done:
            await self._tell(open_, _DONE)
        else:
            await self._begin(open_, {"type": _THINKING, "data": {"flags": EPHEMERAL}}, None)
            open_.is_thinking = True

    def _open(self, ticket: str) -> _Open:
        if ticket not in self._known:
            try:
                self._known[ticket] = _Open(Ticket.parse(ticket))
            except ValueError as error:
                raise PlatformError("There is nothing on Discord to be answered.") from error
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[ticket]
