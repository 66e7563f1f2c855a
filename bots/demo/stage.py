"""What the audience sees: the room as it lives in a terminal, or as lines where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

from bots.pocket.house import House
from bots.pocket.things import Change, Edited, Message, Posted, Reacted, Room, Unreacted

_COLOURS: Final = ("cyan", "magenta", "green", "yellow")
_REFRESH: Final = 12


class Stage:
    """Shows a room: live where the console is a terminal, else a line for everything that happens."""

    def __init__(self, console: Console, room: Room) -> None:
        self._console = console
        self._room = room
        self._house: House = room.members[0].house
        self._edits: dict[Message, int] = {}

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show what happens while the block lasts."""
        if self._console.is_terminal:
            with Live(
                get_renderable=lambda: Tail(Group(*self._messages())),
                console=self._console,
                refresh_per_second=_REFRESH,
            ):
                yield
        else:
            unwatch = self._house.watch(self._tell)
            try:
                yield
                self._finish_all()
            finally:
                unwatch()

    def _messages(self) -> Iterator[RenderableType]:
        yield Text(f"# {self._room.name}  ({self._room.platform})", style="bold reverse")
        for message in self._room.messages:
            if message.thread is None:
                for each in self._room.thread(message):
                    below = each.thread is not None or each.reply_to is not None
                    yield Padding(self.message(each), (0, 0, 0, 4 if below else 0))

    def message(self, message: Message) -> RenderableType:
        """One message with what people put on it."""
        head = Text(message.author.name, style=f"bold {self._colour(message)}")
        if message.edited:
            head.append("  (edited)", style="dim")
        text = Markdown(message.text) if message.author.is_bot else Text(message.text)
        chips = "   ".join(f"{emoji} {len(people)}" for emoji, people in message.reactions.items())
        return Group(head, text, Text(chips, style="bold")) if chips else Group(head, text)

    def _colour(self, message: Message) -> str:
        if message.author.is_bot:
            return "bright_blue"
        people = [each for each in self._house.people.values() if not each.is_bot]
        return _COLOURS[people.index(message.author) % len(_COLOURS)]

    def _tell(self, change: Change) -> None:
        match change:
            case Posted(message) if message.author.is_bot:
                self._edits[message] = 0
            case Edited(message):
                self._edits[message] = self._edits.get(message, 0) + 1
            case Posted(message):
                self._finish_all()
                self._print(message, "↳ " if message.thread or message.reply_to else "")
            case Reacted(message, person, emoji):
                self._finish_all()
                self._console.print(Text(f"  {person.name} puts {emoji} on “{_beginning(message)}”"))
            case Unreacted(message, person, emoji):
                self._console.print(Text(f"  {person.name} takes {emoji} off “{_beginning(message)}”"))
            case _:
                pass

    def _finish_all(self) -> None:
        """Print the replies that have been growing; whatever else happens comes after them."""
        for message, edits in self._edits.items():
            self._print(message, "↳ ", f"  (grew by {edits} edits)" if edits else "")
        self._edits.clear()

    def _print(self, message: Message, before: str, after: str = "") -> None:
        room = f"#{message.room.name} "
        head = Text.assemble((room, "dim"), before, (message.author.name, "bold"), (after, "dim"))
        self._console.print(head)
        text = Markdown(message.text) if message.author.is_bot else Text(message.text)
        self._console.print(Padding(text, (0, 0, 0, 4)))


class Tail:
    """The last lines of something, as many as fit on the screen."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the whole, show the end of it."""
        lines = console.render_lines(self._content, options.update(height=None), pad=False)
        for line in lines[-max(1, console.height - 2) :]:
            yield from line
            yield Segment.line()


def _beginning(message: Message) -> str:
    words = " ".join(message.text.split())
    return words if len(words) <= 40 else f"{words[:39]}…"  # noqa: PLR2004 - what fits beside the rest
