"""Draws the pictures in `docs/pictures`: what people see, played by the demo's box and the real bot. No fonts fetched.

`python docs/pictures.py` (`make pictures`) writes the files; with `--check` it only says which are out of date.
"""

import asyncio
import re
import sys
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from bots.commands.presenting import categories_table, report_table, scores_table
from bots.demo.acts import COMMENTED, CORRECTED, Acts
from bots.demo.bot import bot_in
from bots.demo.look import form_view, room_view
from bots.pocket.model_script import Script
from bots.pocket.server import Pocket
from bots.pocket.things import Person, Platform, Room
from core.controls import Form
from core.insight.report import reports_by, scores
from core.store.counts import Division
from core.store.sql import SqlStore

_HERE: Final = Path(__file__).parent / "pictures"
_COLUMNS: Final = 78


def _theme(background: str, foreground: str, colours: str) -> TerminalTheme:
    """Hexadecimal: `colours` are a terminal's eight, from black to white; the bright ones are the same."""
    eight = [(each[0], each[1], each[2]) for each in map(bytes.fromhex, colours.split())]
    ground, words = bytes.fromhex(background), bytes.fromhex(foreground)
    return TerminalTheme((ground[0], ground[1], ground[2]), (words[0], words[1], words[2]), eight)


_THEMES: Final[Mapping[Platform, TerminalTheme]] = {
    "slack": _theme("ffffff", "1d1c1d", "f2f2f2 c01c28 007a5a 945b00 1264a3 7d28a0 0b7080 505050"),
    "discord": _theme("313338", "dbdee1", "1e1f22 f23f43 23a55a f0b232 8aa8ff dc8cf0 46c8d2 b5bac1"),
}
_FORMAT: Final = """\
<svg viewBox="0 0 {{width}} {{height}}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>{title}</title>
<style>
.{{unique_id}}-matrix {{{{ font: {{char_height}}px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }}}}
{{styles}}
</style>
<rect x="1" y="1" width="99.8%" height="99.8%" rx="8" fill="{background}" stroke="#80808080"/>
<text x="20" y="27" font-family="sans-serif" font-size="17" fill="#808080">{title}</text>
<g transform="translate({{terminal_x}}, {{terminal_y}})">{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g></g>
</svg>
"""
_EMOJI: Final = re.compile("([0-9]\ufe0f?\u20e3|[\U0001f300-\U0001faff\u2705\u270f\u274c]\ufe0f?)")
_STRETCHED: Final = re.compile(f' textLength="[^"]*"([^>]*>{_EMOJI.pattern}</text>)')
"""An emoji with the width that rich takes it to have."""
_CLIPPED: Final = re.compile(r' clip-path="[^"]*"')
"""A line that is cut at its edges: none of ours reaches them."""


class Apart:
    """Something whose emoji stand in pieces of their own: rich would squeeze the text beside them."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render it, and cut it there."""
        for text, style, _ in console.render(self._content, options):
            yield from (Segment(piece, style) for piece in _EMOJI.split(text) if piece)


def drawing(name: str, theme: TerminalTheme, title: str, *shown: RenderableType) -> str:
    """What a terminal shows, as SVG. `name` keeps its styles apart from those of other pictures on a page."""
    console = Console(
        record=True, width=_COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor", _environ={}
    )
    lines = [line for each in shown for line in (each, Text())]
    console.print(Padding(Apart(Group(*lines)), (0, 1)))
    form = _FORMAT.format(title=title, background=theme.background_color.hex)
    svg = console.export_svg(theme=theme, code_format=form, unique_id=name, title="")
    return _CLIPPED.sub("", _STRETCHED.sub(r"\1", svg)).replace("&#160;", "\N{NO-BREAK SPACE}")


class Camera:
    """Takes pictures of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.taken: dict[str, str] = {}
        """SVG by file name."""

    def take(self, name: str, room: Room, *below: RenderableType) -> None:
        """Keep what a room looks like now."""
        title = f"{self._platform.title()} · #{room.name}"
        svg = drawing(name, _THEMES[self._platform], title, *room_view(room), *below)
        self.taken[f"{self._platform}-{name}.svg"] = svg


class FormCamera:
    """An audience that takes a picture when someone has a form before them."""

    def __init__(self, camera: Camera, name: str, room: Room) -> None:
        self._camera, self._name, self._room = camera, name, room

    def note(self, text: str) -> None:
        """A picture shows no movement."""

    def show_form(self, form: Form, person: Person) -> None:
        """Take it."""
        self._camera.take(self._name, self._room, form_view(form, person))

    def close_form(self) -> None:
        """It is taken."""


async def pictures(pocket: Pocket, platform: Platform) -> dict[str, str]:
    """Every picture of one platform, as SVG by file name. The bot is connected."""
    camera = Camera(platform)
    for name, (where, play) in _SCENES.items():
        room = pocket.room(where, on=platform)
        pocket.model.answers = Script(tokens_per_second=None, first_token_after=0)
        await play(Acts(pocket, room, FormCamera(camera, name, room), 0.0), camera)
    return camera.taken


async def _answer(acts: Acts, camera: Camera) -> None:
    """An answer with its buttons, and what people put on it."""
    _, reply = await acts.ask(acts.person("Ada"), "what is SQLite's WAL?")
    for name, emoji in {"Ben": "👍", "Chloe": "👍", "Dora": "4️⃣", "Eve": "🤔"}.items():
        await acts.react(acts.person(name), emoji, reply)
    camera.take("answer", acts.room)


async def _why_and_thread(acts: Acts, camera: Camera) -> None:
    """The private form after a 👎; then a comment and a correction."""
    question, reply = await acts.ask(acts.person("Chloe"), "how many r's are there in strawberry?")
    await acts.say_why(acts.person("Ada"), reply, {"categories": ("wrong",), "comment": "I count three."})
    for name, text, mark in (
        ("Ben", "It should show how it counts.", COMMENTED),
        ("Ada", "better: Three: one in “straw”, two in “berry”.", CORRECTED),
    ):
        await acts.marked(await acts.write_below(acts.person(name), text, reply, question), mark)
    camera.take("thread", acts.room)


async def _rate(acts: Acts, _: Camera) -> None:
    """A score for each dimension, for a second answer."""
    question, first = await acts.ask(acts.person("Ben"), "how many r's are there in strawberry?")
    await acts.react(acts.person("Ben"), "🔁", first)
    reply = await acts.answer_to(question)
    scores = {"accuracy": "5", "helpfulness": "4", "relevance": "5", "comment": "Right, and it shows where they are."}
    await acts.rate(acts.person("Ada"), reply, scores)


async def _help(acts: Acts, camera: Camera) -> None:
    """The command that says all."""
    await acts.person("Ada").commands("/plaudit", "help", acts.room)
    await acts.pocket.until(lambda: acts.room.history)
    camera.take("help", acts.room)


_SCENES: Final = {
    "answer": ("databases", _answer),
    "why": ("spelling", _why_and_thread),
    "rate": ("letters", _rate),
    "help": ("general", _help),
}
"""By the name of their first picture: in which room they play, and how."""


async def reports(store: SqlStore) -> str:
    """What `plaudit report` says of what was played."""
    tables = (
        report_table(await reports_by(store, Division.PLATFORM), "the last 24 hours"),
        scores_table(scores(await store.dimension_counts()), "the last 24 hours"),
        categories_table(await store.category_counts(), "the last 24 hours"),
    )
    return drawing(
        "report", _THEMES["discord"], "plaudit report --by platform · --by dimension · --by category", *tables
    )


async def draw() -> dict[Path, str]:
    """Every picture, by its file."""
    drawn: dict[str, str] = {}
    with TemporaryDirectory() as directory:
        for platform in _THEMES:
            async with Pocket() as pocket, bot_in(Path(directory), pocket, platform) as store:
                drawn |= await pictures(pocket, platform)
                drawn["report.svg"] = await reports(store)
    return {_HERE / name: svg for name, svg in drawn.items()}


def main() -> int:
    """Write the files, or compare them."""
    drawn = asyncio.run(draw())
    stale = [path for path, svg in drawn.items() if not path.exists() or path.read_text("utf-8") != svg]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"docs/pictures/{path.name} is out of date: run `make pictures`.\n")
        return bool(stale)
    _HERE.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(drawn[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
