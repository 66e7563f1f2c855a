"""Direct messages to people who did not begin the conversation."""

from collections import OrderedDict
from typing import Final

from bots.discord.render import MESSAGE_LENGTH, length
from bots.discord.render_controls import notice
from bots.discord.rest import Rest
from core.controls import Notice
from core.splitting import split

_REMEMBERED: Final = 10_000


class DirectMessages:
    """Writes to people, one by one."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._rooms: OrderedDict[str, str] = OrderedDict()

    async def tell(self, user: str, told: Notice) -> None:
        """Write `told` to a user, in as many messages as it takes. Raises PlatformError, also where they take none."""
        room = await self._room(user)
        *before, last = split(told.text, MESSAGE_LENGTH, length) or ("",)
        path, bucket = f"/channels/{room}/messages", ("post", room)
        for part in before:
            await self._rest.call("POST", path, bucket=bucket, body=notice(part, (), None), patient=True)
        body = notice(last, told.buttons, told.attachment)
        await self._rest.call("POST", path, bucket=bucket, body=body, attachment=told.attachment, patient=True)

    async def _room(self, user: str) -> str:
        if user not in self._rooms:
            answer = await self._rest.call(
                "POST", "/users/@me/channels", bucket=("direct", ""), body={"recipient_id": user}, patient=True
            )
            self._rooms[user] = str(answer.data["id"])
            if len(self._rooms) > _REMEMBERED:
                self._rooms.popitem(last=False)
        return self._rooms[user]
