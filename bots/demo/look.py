"""How messages, buttons and forms look in a terminal, and in the pictures of the docs. It knows no time and no wire."""

from collections.abc import Iterator
from typing import Final

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from bots.demo.controls import buttons
from bots.pocket.things import Message, Person, Room
from core.controls import Field, Form

_COLOURS: Final = ("cyan", "magenta", "green", "yellow")
_THE_BOTS: Final = "bright_blue"
_BEGINNING: Final = 40
"""Characters of a message that are quoted beside what happens to it."""


def room_view(room: Room) -> Iterator[RenderableType]:
    """Everything that stands in a room, whispers with it, what is below something else indented."""
    for message in room.history:
        if message.thread is None and not message.deleted:
            for each in (message, *message.replies):
                if not each.deleted:
                    below = each.thread is not None or each.reply_to is not None or each.only_for is not None
                    yield Padding(message_view(each), (0, 0, 0, 4 if below else 0))


def message_view(message: Message) -> RenderableType:
    """One message with what people can press on it, and what they put there."""
    head = Text(message.author.name, style=f"bold {colour(message.author)}")
    if message.only_for is not None:
        head.append(f"  {alone(message.only_for)}", style="dim italic")
    elif message.edited and not message.author.is_bot:
        head.append("  (edited)", style="dim")
    chips = "   ".join(f"{emoji} {len(people)}" for emoji, people in message.reactions.items())
    below = [row for row in (buttons_view(message), Text(chips, style="bold")) if row]
    return Group(head, words(message), *below)


def words(message: Message) -> RenderableType:
    """What a message says: what the assistant writes is Markdown."""
    return Markdown(message.text) if message.author.is_bot else Text(message.text)


def buttons_view(message: Message) -> Text:
    """The buttons in a row; empty where there are none."""
    return Text(" ").join(Text(f"[{each.label}]", style="bold blue") for each in buttons(message))


def form_view(form: Form, person: Person) -> RenderableType:
    """A dialog as `person` has it before them."""
    rows: list[RenderableType] = []
    for field in form.fields:
        rows += [Text(field.label, style="bold"), *_input(field), Text()]
    end = Text.assemble(("[Cancel]", "dim"), " ", (f"[{form.submit}]", "bold blue"))
    return Panel(
        Group(*rows, end), title=Text(form.title, style="bold"), subtitle=alone(person), box=box.ROUNDED, padding=(0, 2)
    )


def _input(field: Field) -> Iterator[RenderableType]:
    chosen = (field.value,) if isinstance(field.value, str) else field.value
    if field.choices and field.several:
        boxes = [Text(f"{'☑' if each.value in chosen else '☐'} {each.label}") for each in field.choices]
        yield Columns(boxes, padding=(0, 3))
    elif field.choices:
        label = next((each.label for each in field.choices if each.value in chosen), "")
        yield Text(f"▾ {label}") if label else Text(f"▾ {field.hint}", style="dim")
    else:
        text = field.value if isinstance(field.value, str) else ""
        yield Text(f"┃ {text}") if text else Text(f"┃ {field.hint}", style="dim")


def colour(person: Person) -> str:
    """Everyone has their own."""
    if person.is_bot:
        return _THE_BOTS
    people = [each for each in person.house.people.values() if not each.is_bot]
    return _COLOURS[people.index(person) % len(_COLOURS)]


def alone(person: Person) -> str:
    """Says that nobody else sees it."""
    return f"(only {person.name} sees this)"


def beginning(message: Message) -> str:
    """The first words of a message."""
    text = " ".join(message.text.split())
    return text if len(text) <= _BEGINNING else f"{text[: _BEGINNING - 1]}…"
