"""Slack's users by id: events carry ids only. Filled when the bot connects, so that no question waits for a name."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.refusals import asking
from bots.slack.translate import Profile
from core.errors import PlatformError

logger = logging.getLogger(__name__)

_PAGE: Final = 500
_CHANNELS: Final = "public_channel,private_channel"
_PATIENCE: Final = 1.0
"""Seconds that the first message of someone new may wait for their name."""


class Directory:
    """Who is who in one workspace."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self.people: dict[str, Profile] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def load(self) -> None:
        """Learn everyone's name, page by page."""
        cursor = ""
        try:
            while True:
                answer = await asking(self._client.users_list(limit=_PAGE, cursor=cursor))
                self.people.update({each["id"]: _profile(each) for each in answer["members"]})
                cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
                if not cursor:
                    return
        except PlatformError as error:
            logger.warning("users_not_listed", extra={"error": str(error)})
        except KeyError as error:
            logger.warning("users_not_listed", extra={"error": f"Slack's answer lacks {error}."})

    async def channels(self) -> dict[str, str]:
        """What the channels are called that the bot is in, by id. Raises PlatformError."""
        names: dict[str, str] = {}
        cursor = ""
        while True:
            page = self._client.users_conversations(types=_CHANNELS, limit=_PAGE, cursor=cursor)
            answer = await asking(page)
            names |= {each["id"]: f"#{each['name']}" for each in answer["channels"] if each.get("name")}
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return names

    async def know(self, user: str) -> None:
        """Learn one user's name, if it is not known yet. Never fails: an id serves as a name, too."""
        if user not in self.people:
            # One question for all events that wait for the name: they go on in the order they came in.
            if user not in self._asking:
                self._asking[user] = asyncio.create_task(self._ask(user), name=f"ask who {user} is")
            await asyncio.shield(self._asking[user])

    async def _ask(self, user: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await asking(self._client.users_info(user=user))
                self.people[user] = _profile(answer["user"])
        except (PlatformError, KeyError, TimeoutError) as error:
            logger.info("user_not_known", extra={"user": user, "error": str(error) or type(error).__name__})
            self.people[user] = Profile(user)
        finally:
            del self._asking[user]


def _profile(user: dict[str, Any]) -> Profile:
    profile = user.get("profile") or {}
    name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
    return Profile(name or user["id"], bool(user.get("is_bot")), tuple(_roles(user)))


def _roles(user: dict[str, Any]) -> Iterator[str]:
    if user.get("is_admin"):
        yield "admin"
    if user.get("is_owner"):
        yield "owner"
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        yield "guest"
