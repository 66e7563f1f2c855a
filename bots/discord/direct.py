"""Direct messages to people who did not begin. What they press there they do as members of their guild."""

from collections import OrderedDict
from typing import Final

from bots.discord.render_controls import pages
from bots.discord.rest import Rest
from core.controls import Notice
from core.messages import PersonRef

_REMEMBERED: Final = 10_000


class DirectMessages:
    """Writes to people, one by one."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._rooms: OrderedDict[str, str] = OrderedDict()

    async def tell(self, person: PersonRef, told: Notice) -> None:
        """Write `told`, in as many messages as it takes. Raises PlatformError, also where the person takes none."""
        room = await self._room(person.id)
        path, bucket = f"/channels/{room}/messages", ("post", room)
        for body, attachment in pages(told, person.workspace):
            await self._rest.call("POST", path, bucket=bucket, body=body, attachment=attachment, patient=True)

    async def _room(self, user: str) -> str:
        if user not in self._rooms:
            answer = await self._rest.call(
                "POST", "/users/@me/channels", bucket=("direct", ""), body={"recipient_id": user}, patient=True
            )
            self._rooms[user] = str(answer.data["id"])
            if len(self._rooms) > _REMEMBERED:
                self._rooms.popitem(last=False)
        return self._rooms[user]
