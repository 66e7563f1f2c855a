"""What one person alone sees in Slack: whispers, forms, the home tab, a file in the direct conversation."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bots.slack.interactions import Ticket
from bots.slack.refusals import asking
from bots.slack.render_controls import home, modal, noticed
from core.controls import Attachment, Button, Form, Notice
from core.errors import PlatformError
from core.messages import PersonRef, PlaceRef

_OK: Final = 200
_WHERE_IT_IS: Final = "{text}\n\nThe file `{name}` is in your direct messages with me."


class Answers:
    """Answers in one workspace. Each call raises a PlatformError."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def whisper(self, ticket: str, notice: Notice) -> None:
        """Show `notice` to whom the ticket is for; in the place of the whisper that they pressed, if it was one.

        Slack's response_url reaches channels that we are not in, but says nothing of threads; where one way is closed
        the other is taken.
        """
        to = _read(ticket)
        message = await self._message(to.user, notice)
        ways: list[Callable[[Ticket, dict[str, Any]], Awaitable[None]]] = [self._respond, self._say]
        if to.thread and not to.replaces:
            ways.reverse()
        try:
            await ways[0](to, message)
        except PlatformError:
            await ways[1](to, message)

    async def tell(self, person: PersonRef, place: PlaceRef, notice: Notice) -> None:
        """Show `notice` to `person` alone, in `place`."""
        await self._say(Ticket(person.id, place.channel, place.thread), await self._message(person.id, notice))

    async def open_form(self, ticket: str, form: Form) -> None:
        """Put `form` before them."""
        to = _read(ticket)
        if not to.trigger:
            raise PlatformError("Slack lets no form follow a form.")
        await asking(self._client.views_open(trigger_id=to.trigger, view=modal(form, str(to.of_form))))

    async def show_home(self, person: PersonRef, text: str, buttons: Sequence[Button]) -> None:
        """Show `text` and `buttons` on the home tab of `person`."""
        await asking(self._client.views_publish(user_id=person.id, view=home(text, buttons)))

    async def _message(self, user: str, notice: Notice) -> dict[str, Any]:
        if notice.attachment is None:
            return noticed(notice.text, notice.buttons)
        # A file cannot be whispered: what is posted in a channel is everyone's.
        await self._upload(user, notice.attachment)
        text = _WHERE_IT_IS.format(text=notice.text, name=notice.attachment.name)
        return noticed(text, notice.buttons)

    async def _respond(self, to: Ticket, message: dict[str, Any]) -> None:
        """Slack takes five answers in half an hour at a response_url."""
        if not to.response_url:
            raise PlatformError("Slack gave no address to answer at.")
        webhook = AsyncWebhookClient(to.response_url, session=self._client.session, retry_handlers=[])
        answer = await asking(
            webhook.send_dict({"response_type": "ephemeral", "replace_original": to.replaces, **message})
        )
        if answer.status_code != _OK:
            raise PlatformError(f"Slack did not take the answer ({answer.body}).")

    async def _say(self, to: Ticket, message: dict[str, Any]) -> None:
        if to.channel in ("", to.user):
            channel = await self._direct(to.user)
            await asking(self._client.chat_postMessage(channel=channel, **message))
        else:
            await asking(
                self._client.chat_postEphemeral(
                    channel=to.channel, user=to.user, thread_ts=to.thread or None, **message
                )
            )

    async def _upload(self, user: str, attachment: Attachment) -> None:
        await asking(
            self._client.files_upload_v2(
                channel=await self._direct(user),
                filename=attachment.name,
                title=attachment.name,
                content=attachment.content,
            )
        )

    async def _direct(self, user: str) -> str:
        """The channel of the direct conversation with someone."""
        answer = await asking(self._client.conversations_open(users=user))
        return str(answer["channel"]["id"])


def _read(ticket: str) -> Ticket:
    try:
        return Ticket.parse(ticket)
    except (TypeError, ValueError) as error:
        raise PlatformError("That is no ticket of Slack's.") from error
