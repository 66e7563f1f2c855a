"""Who else writes in a thread: whether the one who writes is alone there with the assistant."""

from collections import OrderedDict
from typing import Final

from core.errors import PlatformError
from core.events import MessageReceived
from core.messages import Conversation
from core.ports import CanLookBack, ChatPlatform

_PLACES: Final = 5_000
_MESSAGES: Final = 200


class Company:
    """Remembers the people of each thread; of a thread from before its time it asks the platform once."""

    def __init__(self) -> None:
        self._people: OrderedDict[str, set[str]] = OrderedDict()

    def saw(self, event: MessageReceived) -> None:
        """Someone wrote in a thread that is known."""
        if (people := self._people.get(event.place.key)) is not None:
            people.add(event.author.ref.key)

    async def is_alone(self, event: MessageReceived, conversation: Conversation, platform: ChatPlatform) -> bool:
        """Whether nobody else has written in the thread. Where the platform cannot tell, they are not."""
        key = event.place.key
        if key not in self._people:
            try:
                self._people[key] = await self._asked(event, conversation, platform)
            except PlatformError:
                return False
            if len(self._people) > _PLACES:
                self._people.popitem(last=False)
        self._people.move_to_end(key)
        self._people[key].add(event.author.ref.key)
        return len(self._people[key]) == 1

    @staticmethod
    async def _asked(event: MessageReceived, conversation: Conversation, platform: ChatPlatform) -> set[str]:
        if not isinstance(platform, CanLookBack):
            return set()
        said = await platform.messages_since(event.place, conversation.started_at, _MESSAGES)
        return {each.author.ref.key for each in said if not each.author.is_bot}
