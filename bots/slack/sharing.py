"""What is posted in Slack of our own accord: files with a text beside them; and where a message is opened."""

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.mrkdwn import mrkdwn
from bots.slack.refusals import asking
from core.controls import Attachment
from core.messages import MessageRef, PlaceRef


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
