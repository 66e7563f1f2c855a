"""Templates, and how figures, moments and words are written in them. All words are escaped, whoever wrote them."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from bots.web.pages.assets import version
from core.feedback import EXPECTED_RESPONSE, USER_CATEGORY, USER_COMMENT, USER_FEEDBACK, Value
from core.insight.statistics import Interval
from core.messages import PlaceRef

_NAMES: Final = {
    USER_FEEDBACK: "vote",
    USER_COMMENT: "comment",
    USER_CATEGORY: "reason",
    EXPECTED_RESPONSE: "better answer",
}
_KIB: Final = 1024
_SECOND: Final = 1.0
_FINE: Final = 0.1
"""A rate below it is shown with a decimal."""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bots.web.pages"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "span": span,
        "number": number,
        "moment": moment,
        "iso": datetime.isoformat,
        "seconds": seconds,
        "size": size,
        "named": named,
        "said": said,
        "markdown": markdown,
        "plain": plain,
        "pairs": lambda names: [(each, each) for each in names],
    }
    environment.globals["version"] = version
    return environment


def render(template: str, **values: Any) -> str:
    """The page that `template` makes of `values`."""
    return _environment().get_template(template).render(**values)


def percent(rate: float) -> str:
    """A rate between 0 and 1: 81%, 6.3%."""
    return f"{rate:.1%}" if 0 < rate < _FINE else f"{rate:.0%}"


def span(interval: Interval) -> str:
    """Where a rate lies: 76–85%."""
    low, high = percent(interval.low), percent(interval.high)
    return f"{low.removesuffix('%')}–{high}"


def number(value: float | None) -> str:
    """With thousands apart: 1,234; – where there is none."""
    return "–" if value is None else f"{value:,.0f}"


def moment(at: datetime | None) -> str:
    """A moment in UTC, to the minute; – where there is none."""
    return "–" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def seconds(value: float | None) -> str:
    """A time that passed: 350 ms, 2.4 s; – where it is not known."""
    if value is None:
        return "–"
    return f"{value * 1000:.0f} ms" if value < _SECOND else f"{value:,.1f} s"


def size(value: int) -> str:
    """Bytes as people count them: 1.2 MiB."""
    amount, units = float(value), ["B", "KiB", "MiB", "GiB"]
    while amount >= _KIB and len(units) > 1:
        amount /= _KIB
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def place(where: PlaceRef | str | None, name: str = "") -> str:
    """A place as its platform and channel: slack · #general; where the channel has no `name`, slack · C7."""
    platform, _, channel = parts_of(where)
    return " · ".join(filter(None, (platform, name or channel))) or "elsewhere"


def parts_of(where: PlaceRef | str | None) -> tuple[str, str, str]:
    """The platform, the workspace and the channel of a place or its key; empty where there is none."""
    parts = (where.key if isinstance(where, PlaceRef) else where or "").split(":")
    platform, workspace, channel = [*parts, "", ""][:3]
    return platform, workspace, channel


def named(name: str) -> str:
    """What an assessment's name is for people: vote, comment, accuracy."""
    return _NAMES.get(name, name.removeprefix("user_").replace("_", " "))


def said(value: Value) -> str:
    """What someone said, in words."""
    if isinstance(value, bool):
        return "for" if value else "against"
    return "nothing" if value is None else str(value)


# Raw HTML stays text; links of other kinds than http, https and mailto stay text (markdown-it's own check).
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")


def markdown(text: str) -> Markup:
    """What a person or a model wrote, its Markdown shown and nothing of it executed; pictures are not fetched."""
    return Markup(_MARKDOWN.render(text))  # noqa: S704 - markdown-it escapes what is not its own


def plain(text: str) -> str:
    """The same without its marks, in one line."""
    return markdown(text).striptags()
