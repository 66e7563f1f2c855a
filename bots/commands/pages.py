"""The report as a page that needs nothing but itself: no script, no font, no server. And its chart, as a picture."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final, TypeAlias

from bots.commands.presenting import opened_at, times_by_name, times_title, told, with_interval
from core.insight.agreement import Alpha
from core.insight.charts import Theme, day_chart, points
from core.insight.drawing import as_png, as_svg, can_draw
from core.insight.raters import agreement
from core.insight.report import ALL, Report, Score, reports_by, scores
from core.insight.streaming import NEWEST, ResponseTimes, response_times
from core.insight.window import Window
from core.insight.worst import DislikedReply, worst
from core.messages import MessageRef
from core.store.counts import CategoryCounts, Division
from core.store.past import Past
from core.store.sql import SqlStore

_WORST: Final = 10
_STYLE: Final = """
:root { color-scheme: light dark; --paper: #fcfcfa; --ink: #1c2028; --dim: #5c6370; --line: #e2e4e8; --accent: #3a55c4 }
body { font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; background: var(--paper); color: var(--ink);
  max-width: 64rem; margin: 2.5rem auto; padding: 0 1.2rem }
h1 { font-size: 1.7rem; font-weight: 620; letter-spacing: -.02em; line-height: 1.2 }
h2 { font-size: 1.1rem; font-weight: 620; margin: 2.6rem 0 .6rem }
a { color: var(--accent) }
.scroll { overflow-x: auto; margin: 1.6rem 0 }
table { border-collapse: collapse }
th, td { padding: .4rem 1.1rem .4rem 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line) }
th { color: var(--dim); font-size: .82rem; font-weight: 400 }
th:first-child, td:first-child { text-align: left }
article { border-top: 1px solid var(--line); padding: .8rem 0 }
article p { margin: .2rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
small { color: var(--dim) }
svg { width: 100%; max-width: 54rem; height: auto }
.dark { display: none }
@media (prefers-color-scheme: dark) {
  :root { --paper: #13151a; --ink: #e7e9ee; --dim: #a2a9b6; --line: #2c313a; --accent: #9db1ff }
  .light { display: none } .dark { display: block }
}
"""
Links: TypeAlias = Callable[[Sequence[DislikedReply]], Awaitable[Mapping[MessageRef, str]]]
"""Says where replies are opened."""


async def no_links(_: Sequence[DislikedReply]) -> Mapping[MessageRef, str]:
    """None but those that an address tells."""
    return {}


_COLUMNS: Final = ("", "replies", "with feedback", "👍", "👎", "each person alike", "people", "askers", "bystanders")


async def page(
    counts: SqlStore | Past, window: Window, divisions: Sequence[Division], links: Links = no_links
) -> bytes:
    """Everything that is known about a window, as HTML. Where the extra that draws charts is missing, it has none."""
    since, until = window.since, window.until
    by_day = await reports_by(counts, Division.DAY, since=since, until=until)
    parts = await reports_by(counts, *(divisions or (Division.MODEL,)), since=since, until=until)
    disliked = await worst(counts, _WORST, since=since, until=until)
    sections = [
        _charts(by_day),
        _reports(parts),
        _reports(by_day),
        _scores(scores(await counts.dimension_counts(since, until))),
        _reasons(await counts.category_counts(since, until)),
        _agreement(await agreement(counts, since=since, until=until)),
        _times(response_times(await counts.response_times(since, until, limit=NEWEST))),
        _worst(disliked, await links(disliked)),
    ]
    return _page(window.name, sections).encode()


async def chart(counts: SqlStore | Past, window: Window, divisions: Sequence[Division], suffix: str) -> bytes:
    """The positive rate day by day, of each part, as `.svg` or `.png`. Raises ChartsMissingError."""
    by = [each for each in divisions if each is not Division.DAY]
    spec = day_chart(await reports_by(counts, *by, Division.DAY, since=window.since, until=window.until))
    return picture(spec, suffix)


def picture(chart: Mapping[str, Any], suffix: str) -> bytes:
    """A chart as `.svg` or `.png`. Raises ChartsMissingError, NothingToDrawError."""
    return as_svg(chart).encode() if suffix == ".svg" else as_png(chart, background="white")


def _page(window: str, sections: Iterable[str]) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Plaudit: {escape(window)}</title><style>{_STYLE}</style>"
        f"<h1>Replies of {escape(window)}</h1>{''.join(sections)}"
        "<p><small>A rate in which each person counts alike, with the interval that holds it in 95 of 100 cases. "
        "Days are UTC.</small></html>\n"
    )


def _charts(by_day: Mapping[str, Report]) -> str:
    if not (points(by_day) and can_draw()):
        return ""
    return "".join(f'<div class="{theme}">{as_svg(day_chart(by_day, theme))}</div>' for theme in Theme)


def _reports(reports: Mapping[str, Report]) -> str:
    rows = (
        (
            "all" if name == ALL else name or "elsewhere",
            each.total_traces,
            f"{each.traces_with_feedback} ({each.feedback_rate:.0%})",
            each.positive_count,
            each.negative_count,
            with_interval(each.by_people),
            each.by_people.people,
            with_interval(each.by_askers),
            with_interval(each.by_bystanders),
        )
        for name, each in reports.items()
    )
    return _table(_COLUMNS, rows)


def _scores(found: Mapping[str, Score]) -> str:
    rows = [(name, f"{each.average:.2f}/1.0", each.people) for name, each in found.items()]
    return _section("Scores", _table(("", "average", "people"), rows)) if rows else ""


def _reasons(counts: Iterable[CategoryCounts]) -> str:
    rows = [(each.name, each.people, each.replies) for each in counts]
    return _section("Reasons", _table(("", "people", "replies"), rows)) if rows else ""


def _agreement(found: Mapping[str, Alpha]) -> str:
    rows = [
        (name.removeprefix("user_"), "–" if each.alpha is None else f"{each.alpha:.2f}", each.units, each.ratings)
        for name, each in found.items()
    ]
    heads = ("", "Krippendorff’s α", "replies", "judgements")
    return _section("Do people agree?", _table(heads, rows)) if rows else ""


def _times(found: ResponseTimes) -> str:
    rows = [
        (name, *("–" if each is None else f"{each:.2f} s" for each in (spread.median, spread.p95)))
        for name, spread in times_by_name(found)
    ]
    return _section(times_title(found), _table(("", "median", "95 of 100"), rows)) if found.replies else ""


def _worst(found: Iterable[DislikedReply], links: Mapping[MessageRef, str]) -> str:
    articles = "".join(_article(each, links) for each in found)
    return _section("What people like least", articles) if articles else ""


def _article(reply: DislikedReply, links: Mapping[MessageRef, str]) -> str:
    where = escape(opened_at(reply, links))
    link = f'<a href="{where}">{_time(reply.timestamp)}</a>' if where.startswith("https://") else _time(reply.timestamp)
    lines = "".join(f"<p><small>{name}</small> {escape(words)}</p>" for name, words in told(reply))
    return f"<article>{link} 👍 {reply.positive} 👎 {reply.negative} <small>{where}</small>{lines}</article>"


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>{content}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(each))}</td>' for each in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
