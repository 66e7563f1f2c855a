"""What the audience sees: the room as it lives in a terminal, or as lines where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

from bots.demo.look import alone, beginning, buttons_view, form_view, room_view, words
from bots.pocket.house import House
from bots.pocket.things import Change, Edited, Message, Person, Posted, Reacted, Room, Unreacted
from core.controls import Form

_REFRESH: Final = 12
_LONGEST: Final = 14
"""Lines of a message that are printed; in a terminal it is seen whole."""


class Stage:
    """Shows a room: live where the console is a terminal, else a line for everything that happens."""

    def __init__(self, console: Console, room: Room) -> None:
        self._console = console
        self._room = room
        self._house: House = room.members[0].house
        self._edits: dict[Message, int] = {}
        self._note = ""
        self._form: RenderableType | None = None

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show what happens while the block lasts."""
        unwatch = self._house.watch(self._forget_note if self._console.is_terminal else self._tell)
        try:
            if self._console.is_terminal:
                with self._live():
                    yield
            else:
                yield
                self._finish_all()
        finally:
            unwatch()

    def _live(self) -> Live:
        return Live(
            get_renderable=lambda: Tail(Group(*self._everything())),
            console=self._console,
            refresh_per_second=_REFRESH,
        )

    def _forget_note(self, _: Change) -> None:
        self._note = ""

    def note(self, text: str) -> None:
        """Tell what leaves no trace in the room (a press, a stop); live, until something else happens there."""
        self._note = text
        if not self._console.is_terminal:
            self._finish_all()
            self._console.print(Text(f"  {text}"))

    def show_form(self, form: Form, person: Person) -> None:
        """Show the dialog that `person` has before them."""
        self._form = form_view(form, person)
        if not self._console.is_terminal:
            self._finish_all()
            self._console.print(Padding(self._form, (0, 0, 0, 4)))

    def close_form(self) -> None:
        """It was sent."""
        self._form = None

    def _everything(self) -> Iterator[RenderableType]:
        yield Text(f"# {self._room.name}  ({self._room.platform})", style="bold reverse")
        yield from room_view(self._room)
        if self._form is not None:
            yield self._form
        if self._note:
            yield Text(f"– {self._note}", style="italic")

    def _tell(self, change: Change) -> None:
        match change:
            case Posted(message) | Edited(message) if message.only_for is not None:
                self._finish_all()
                self._print(message, "↳ ", f"  {alone(message.only_for)}")
            case Posted(message) if message.author.is_bot:
                self._edits[message] = 0
            case Edited(message, before):
                self._edits[message] = self._edits.get(message, 0) + (before.text != message.text)
            case Posted(message):
                self._finish_all()
                self._print(message, "↳ " if message.thread or message.reply_to else "")
            case Reacted(message, person, emoji):
                self._finish_all()
                self._console.print(Text(f"  {person.name} puts {emoji} on “{beginning(message)}”"))
            case Unreacted(message, person, emoji):
                self._console.print(Text(f"  {person.name} takes {emoji} off “{beginning(message)}”"))
            case _:
                pass

    def _finish_all(self) -> None:
        """Print the replies that have been growing; whatever else happens comes after them."""
        for message, edits in self._edits.items():
            plural = "" if edits == 1 else "s"
            self._print(message, "↳ ", f"  (grew by {edits} edit{plural})" if edits else "")
        self._edits.clear()

    def _print(self, message: Message, before: str, after: str = "") -> None:
        room = f"#{message.room.name} "
        head = Text.assemble((room, "dim"), before, (message.author.name, "bold"), (after, "dim"))
        self._console.print(head)
        self._console.print(Padding(Beginning(words(message)), (0, 0, 0, 4)))
        if row := buttons_view(message):
            self._console.print(Padding(row, (0, 0, 0, 4)))


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


class Beginning:
    """The first lines of something, and how many more there are."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the whole, show the beginning of it."""
        lines = console.render_lines(self._content, options.update(height=None), pad=False)
        shown = lines if len(lines) <= _LONGEST else lines[: _LONGEST - 2]
        for line in shown:
            yield from line
            yield Segment.line()
        if len(shown) < len(lines):
            yield Text(f"… ({len(lines) - len(shown)} more lines)", style="dim")
