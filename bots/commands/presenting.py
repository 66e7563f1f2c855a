"""Figures as people read them in a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten
from typing import Final

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from bots.links import link_or_address
from core.feedback import EXPECTED_RESPONSE, USER_CATEGORY, USER_COMMENT, USER_FEEDBACK, Value
from core.insight.agreement import Alpha
from core.insight.blocks import WIDTH, bar
from core.insight.comparing import ALPHA, odds
from core.insight.raters import Comparison
from core.insight.report import ALL, Report, Score
from core.insight.statistics import PeopleRate
from core.insight.streaming import NEWEST, ResponseTimes, Spread, StreamingReport
from core.insight.worst import DislikedReply
from core.messages import MessageRef
from core.store.counts import CategoryCounts
from core.store.opinions_told import OpinionChange

_LINE: Final = 160
_ROWS: Final = (
    "replies",
    "with feedback",
    "👍 by people",
    "👎 by people",
    "positive rate",
    "rate, each person alike",
    "people",
    "askers",
    "bystanders",
)

_COLUMNS: Final = ("replies", "judged", "👍", "👎", "rate", "by people", "people")
"""The first of them, in words that fit beside each other."""


def report_table(reports: Mapping[str, Report], window: str) -> Table:
    """The figures as a small table, a column for each report."""
    table = Table("", *reports, title=f"Replies of {window}", title_justify="left", show_header=len(reports) > 1)
    columns = [_column(each) for each in reports.values()]
    for name, *cells in zip(_ROWS, *columns, strict=True):
        table.add_row(name, *cells)
    return table


def parts_table(reports: Mapping[str, Report], window: str) -> Table:
    """The figures of many parts, a row for each."""
    table = Table(title=f"Replies of {window}", title_justify="left")
    table.add_column("", overflow="fold")  # the ends of two channels' names tell them apart
    for heading in _COLUMNS:
        table.add_column(heading)
    for name, each in reports.items():
        cells = _column(each)[: len(_COLUMNS)]
        table.add_row(name or "elsewhere", *cells, end_section=name != ALL and name == [*reports][-2])
    return table


def rates_chart(reports: Mapping[str, Report]) -> Table:
    """Where the positive rate of each report lies, each person counting alike, as a chart of characters."""
    scale = f"0%{'100%':>{WIDTH - 2}}"
    table = Table("", scale, "", title="Positive rate, each person alike", title_justify="left", box=SIMPLE)
    for name, each in reports.items():
        table.add_row(name or "elsewhere", bar(each.by_people), with_interval(each.by_people))
    return table


def scores_table(scores: Mapping[str, Score], window: str) -> Table:
    """What people make of each dimension, as the mean of each person's mean."""
    table = Table("", "average", "people", title=f"Scores of the replies of {window}", title_justify="left")
    for name, each in scores.items():
        table.add_row(name, f"{each.average:.2f}/1.0", str(each.people))
    return table


def categories_table(counts: Iterable[CategoryCounts], window: str) -> Table:
    """Which reasons people chose."""
    table = Table("", "people", "replies", title=f"What people chose for the replies of {window}", title_justify="left")
    for each in counts:
        table.add_row(each.name, str(each.people), str(each.replies))
    return table


def opinion_line(change: OpinionChange) -> Text:
    """One step of what someone thought of a message: when, who, and what it came to."""
    before, after = (_in_words(change.name, each) for each in (change.before, change.after))
    if change.withdrawn:
        what = (
            f"{before} taken back"
            if before and not after
            else f"{before} → {after}"
            if before != after
            else "no change"
        )
    else:
        what = after if before in ("", after) else f"{before} → {after}"
    late = "  found later" if change.found_later else ""
    return Text.assemble(f"  {change.at:%Y-%m-%d %H:%M:%S}  ", (change.person, "cyan"), f"  {what}", (late, "dim"))


def _in_words(name: str, value: Value) -> str:
    if value is None:
        return ""
    if name == USER_FEEDBACK:
        return "👍" if value else "👎"
    if name == EXPECTED_RESPONSE:
        return f"should have said “{value}”"
    if name in {USER_COMMENT, USER_CATEGORY}:
        return f"“{value}”"
    return f"{name.removeprefix('user_')} {value}"


def _column(result: Report) -> tuple[str, ...]:
    votes = result.positive_count + result.negative_count
    return (
        str(result.total_traces),
        f"{result.traces_with_feedback}  ({result.feedback_rate:.0%})",
        str(result.positive_count),
        str(result.negative_count),
        f"{result.positive_rate:.0%}" if votes else "no votes yet",
        with_interval(result.by_people),
        str(result.by_people.people),
        with_interval(result.by_askers),
        with_interval(result.by_bystanders),
    )


def with_interval(rate: PeopleRate) -> str:
    """A positive rate and where it lies with 95 %: `83% (61–94)`."""
    if not rate.people:
        return "–"
    return f"{rate.rate:.0%} ({rate.interval.low * 100:.0f}–{rate.interval.high * 100:.0f})"


def agreement_table(found: Mapping[str, Alpha]) -> Table:
    """Whether people who judged the same replies agree."""
    table = Table("", "agreement (α)", "replies", "judgements", title="Judged by several people", title_justify="left")
    for name, each in found.items():
        alpha = "–" if each.alpha is None else f"{each.alpha:.2f}"
        table.add_row(name.removeprefix("user_"), alpha, str(each.units), str(each.ratings))
    return table


def comparison_table(found: Comparison, window: str) -> Table:
    """Two models beside each other, and what can be said of them."""
    table = Table("", found.first, found.second, title=f"Replies of {window}", title_justify="left")
    rates = (found.first_rate, found.second_rate)
    table.add_row("rate, each person alike", *(with_interval(each) for each in rates))
    table.add_row("people", *(str(each.people) for each in rates))
    table.add_row("votes", *(str(each.votes) for each in rates))
    better = found.probability_second_better
    table.add_row("the better one, as it looks", _chance(1 - better), _chance(better), end_section=True)
    evidence = f"{odds(found.verdict.evidence)} : 1 (it takes {1 / ALPHA:.0f} : 1)"
    table.add_row("evidence of a difference", evidence, "")
    table.caption, table.caption_justify = found.words, "left"
    return table


def _chance(probability: float) -> str:
    """A probability in whole per cents, never quite 0 or 1."""
    return "< 1%" if probability < 0.01 else "> 99%" if probability > 0.99 else f"{probability:.0%}"  # noqa: PLR2004 - one in a hundred


def worst_lines(found: Sequence[DislikedReply], links: Mapping[MessageRef, str]) -> Text:
    """The replies that people like least, a paragraph each."""
    text = Text() if found else Text("Nobody is against any reply.")
    for each in found:
        text.append(f"{each.timestamp:%Y-%m-%d %H:%M}  👍 {each.positive}  👎 {each.negative}  ", "bold")
        text.append(f"{opened_at(each, links)}\n", "dim")
        for name, words in told(each):
            text.append(f"  {name}: ", "cyan").append(f"{shortened(words)}\n")
        text.append("\n")
    text.rstrip()
    return text


def opened_at(reply: DislikedReply, links: Mapping[MessageRef, str]) -> str:
    """The link to a reply, or else its address."""
    return (reply.address and links.get(reply.address)) or link_or_address(reply.address)


def told(reply: DislikedReply) -> list[tuple[str, str]]:
    """What was asked, answered and said of a reply, each with its name; what is not known is left out."""
    lines = [("asked", reply.question), ("answered", reply.reply), ("chosen", ", ".join(reply.categories))]
    lines += [("said", each) for each in reply.comments] + [("better", each) for each in reply.expected]
    return [(name, words) for name, words in lines if words]


def shortened(words: str) -> str:
    """One line of it."""
    return shorten(words, _LINE, placeholder=" …")


def streaming_table(result: StreamingReport, window: str) -> Table:
    """How the replies streamed, as a small table."""
    table = Table("", "median", "95 of 100", title=f"How {result.replies} replies of {window} grew, in seconds")
    table.title_justify = "left"
    for name, spread in (
        ("first text, after the model's", result.first_text),
        ("mean lag of a character", result.mean_lag),
        ("longest freeze", result.longest_freeze),
        ("whole text, after the model's", result.final_lag),
    ):
        table.add_row(name, *_both(spread))
    table.add_row("edits", str(result.edits), "")
    table.add_row("refused for the rate (429)", str(result.rate_limited), "")
    return table


def times_table(times: ResponseTimes) -> Table:
    """How long answers took, as a small table."""
    table = Table("", "median", "95 of 100", title=f"{times_title(times)}, in seconds", title_justify="left")
    for name, spread in times_by_name(times):
        table.add_row(name, *_both(spread))
    return table


def times_title(times: ResponseTimes) -> str:
    """Whose times they are."""
    return f"How long the newest {NEWEST:,} answers took" if times.replies >= NEWEST else "How long answers took"


def times_by_name(times: ResponseTimes) -> tuple[tuple[str, Spread], tuple[str, Spread]]:
    """What is told of how long answers took, each with its name."""
    return ("until the first word", times.first_token), ("until the whole answer", times.whole)


def _both(spread: Spread) -> tuple[str, str]:
    return tuple("–" if value is None else f"{value:.2f}" for value in (spread.median, spread.p95))  # type: ignore[return-value]  # two of them
