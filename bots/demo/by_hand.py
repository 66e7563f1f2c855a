"""After the scene the person at the terminal plays a part: they write, react and comment in the same room."""

import asyncio
import sys
from typing import Final

from rich.console import Console

from bots.demo.look import message_view
from bots.pocket.server import Pocket
from bots.pocket.things import Change, Edited, Message, Person, Posted, Room

_HELP: Final = """\
Now you: write a question and press Enter. About the last answer:
  [bold]+[/] or [bold]-[/] reacts 👍 or 👎 (again: takes it back)    [bold]# TEXT[/] comments in its thread
  ([bold]# better: TEXT[/] is what it should have said)    [bold]Ctrl-D[/] ends
"""


async def chat_by_hand(console: Console, pocket: Pocket, room: Room) -> None:
    """Let whoever sits there go on until they end it."""
    you = pocket.person("You")
    console.print(_HELP)

    def overhear(change: Change) -> None:
        if isinstance(change, Posted | Edited) and change.message.only_for is you:
            # It comes while the line that they write next is waited for.
            console.print()
            console.print(message_view(change.message))
            _prompt()

    unwatch = pocket.house.watch(overhear)
    try:
        await _talk(console, pocket, room, you)
    finally:
        unwatch()


async def _talk(console: Console, pocket: Pocket, room: Room, you: Person) -> None:
    reply: Message | None = None
    question: Message | None = None
    while (line := await _line()) is not None:
        text = line.strip()
        if text in ("+", "-"):
            if reply is None:
                console.print("There is no answer of yours to judge yet: ask something first.")
                continue
            emoji = "👍" if text == "+" else "👎"
            if you in reply.reactions.get(emoji, ()):
                await you.takes_back(emoji, reply)
                console.print(f"You took your {emoji} back.")
            else:
                await you.reacts(emoji, reply)
                console.print(f"You put {emoji} on the answer.")
        elif text.startswith("#") and question is not None:
            comment = await you.says(text[1:].strip(), room, thread=question)
            await pocket.until(lambda: comment.reactions)  # noqa: B023 - awaited before the next turn
            console.print(f"{next(iter(comment.reactions))} It was noted.")
        elif text:
            question = await you.says(f"@plaudit {text}", room)
            reply = await pocket.reply_to(question, timeout=60)
            await pocket.settled(reply, quiet=1.0, timeout=120)
            for each in pocket.house.replies_to(question):
                console.print(message_view(each))


async def _line() -> str | None:
    _prompt()
    line = await asyncio.to_thread(sys.stdin.readline)
    return line or None


def _prompt() -> None:
    sys.stdout.write("you> ")
    sys.stdout.flush()
