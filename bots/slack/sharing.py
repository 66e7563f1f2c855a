"""Files in Slack: ours, posted with a text beside them, and people's, fetched; and where a message is opened."""

from urllib.parse import urlsplit

from slack_sdk.web.async_client import AsyncWebClient

from bots.fetching import fetched, origin_of
from bots.slack.mrkdwn import mrkdwn
from bots.slack.refusals import asking
from core.controls import Attachment
from core.errors import PlatformError
from core.messages import Attached, MessageRef, PlaceRef


class Sharing:
    """Shares files in one workspace. Each call raises a PlatformError."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def share(self, place: PlaceRef, text: str, file: Attachment) -> None:
        """Upload `file` and post it with `text`; needs the scope files:write.

        The text is mrkdwn: beside a file Slack takes no `markdown` block (slackapi/python-slack-sdk#1756).
        """
        await asking(
            self._client.files_upload_v2(
                channel=place.channel,
                thread_ts=place.thread or None,
                filename=file.name,
                title=file.name,
                content=file.content,
                alt_txt=file.description or None,
                initial_comment=mrkdwn(text),
            )
        )

    async def link(self, message: MessageRef) -> str:
        """The address of `message`, which knows the workspace's name and the thread."""
        answer = await asking(self._client.chat_getPermalink(channel=message.channel, message_ts=message.id))
        return str(answer["permalink"])


async def fetched_from_slack(client: AsyncWebClient, file: Attached, limit: int) -> bytes:
    """What is in `file`, asked for with the bot's token of Slack's servers and nobody else. Raises PlatformError."""
    api = urlsplit(client.base_url)
    if client.session is None or client.token is None:
        raise PlatformError("There is no connection to Slack.")
    answer = await fetched(
        client.session,
        file.address,
        origins=(origin_of(client.base_url), f"https://files.{api.hostname}"),
        headers={"Authorization": f"Bearer {client.token}"},
        limit=limit,
    )
    # To a token without the scope Slack shows its page for logging in, with status 200.
    if answer.media_type == "text/html" and "html" not in file.media_type:
        raise PlatformError("Slack does not hand out files: give the app the scope files:read and install it again.")
    return answer.content
