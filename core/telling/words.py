"""A digest and an alert in words: Markdown, as it is posted. Pure."""

from collections.abc import Callable, Mapping, Sequence
from textwrap import shorten
from typing import Final
from zoneinfo import ZoneInfo

from core.insight.alert import Fall
from core.insight.blocks import blocks
from core.insight.changes import Change, Direction, Estimate, credible
from core.insight.comparing import odds
from core.insight.digest import Digest
from core.insight.statistics import Interval, PeopleRate
from core.insight.worst import DislikedReply
from core.messages import MessageRef

_QUOTED: Final = 160
"""Characters of what is quoted."""
_PARTS: Final = 5
_LONGEST_CHART: Final = 120
"""Characters, one a day."""
_MORE: Final = "…"


def _nowhere(_: MessageRef) -> bool:
    return False


_SHARED: Final[Mapping[str, Callable[[MessageRef], bool]]] = {
    "slack": lambda address: not address.channel.startswith("D"),
    "discord": lambda address: address.workspace != "dm",
}
"""Whether a message stands where more than one person reads, by platform."""


def digest_lines(digest: Digest, *, zone: str, links: Mapping[MessageRef, str], quotes: bool) -> list[str]:
    """The digest, what matters most first."""
    days = (digest.until - digest.since).days
    until = digest.until.astimezone(ZoneInfo(zone))
    lines = [f"**How people liked the replies** in the {_days(days)} up to {until:%A, %d %B %Y, %H:%M} ({zone})", ""]
    return [
        *lines,
        *_figures(digest),
        *_chart(digest),
        "",
        f"**Against the {_days(days)} before**",
        *_differences(digest),
        *_reasons(digest),
        *_worst("Liked least", digest.worst, links, quotes=quotes),
    ]


def alert_lines(
    fall: Fall,
    worst: Sequence[DislikedReply],
    *,
    once_in_days: int,
    links: Mapping[MessageRef, str],
    quotes: bool,
) -> list[str]:
    """The alert."""
    before, after = fall.before, fall.after
    return [
        "⚠️ **People like the replies less than they did.**",
        "",
        f"Since {fall.since:%A, %d %B %Y}: {_rate(after)} positive, each person counting alike; {_who(after)}.",
        f"In the four weeks before: {_rate(before)}; {_who(before)}.",
        "",
        f"Evidence {odds(fall.evidence)} : 1, people compared with themselves.",
        f"An alert without a cause comes at most once in {once_in_days:,} days; this one is told once.",
        *_worst("Liked least since", worst, links, quotes=quotes),
    ]


def fitted(lines: Sequence[str], limit: int, measure: Callable[[str], int] = len) -> str:
    """As many of the lines as fit, the first ones; what is left out leaves a mark."""
    kept = list(lines)
    text = "\n".join(kept)
    while measure(text) > limit and kept:
        kept.pop()
        text = "\n".join([*kept, _MORE])
    return text


def _figures(digest: Digest) -> list[str]:
    report, rate = digest.report, digest.report.by_people
    if not report.total_traces:
        return ["There were no replies."]
    judged = _interval(report.feedback_rate_interval)
    lines = [
        f"**{report.feedback_rate:.0%}** of {_count(report.total_traces, 'reply', 'replies')} were judged ({judged})."
    ]
    if rate.people:
        lines.insert(
            0, f"👍 **{rate.rate:.0%}** ({_interval(rate.interval)}) each person counting alike: {_who(rate)}."
        )
    return lines


def _chart(digest: Digest) -> list[str]:
    begin = digest.since - (digest.until - digest.since)
    days = blocks(digest.by_day, begin, digest.until)
    if not digest.report.by_people.people or len(days) > _LONGEST_CHART:
        return []
    middle = (digest.since.date() - begin.date()).days
    return [f"`{days[:middle]}│{days[middle:]}` positive rate by day, before and now"]


def _differences(digest: Digest) -> list[str]:
    lines = []
    if digest.positive is None:
        lines.append("- positive rate: nobody voted in one of the two")
    else:
        lines.append(f"- positive rate: {_change(digest.positive)}")
    if digest.feedback is not None:
        lines.append(f"- judged: {_change(digest.feedback, more='more', less='less')}")
    return lines + [f"- {_code(each.name)}: {_change(each)}" for each in credible(digest.parts)[:_PARTS]]


def _change(change: Change, *, more: str = "better", less: str = "worse") -> str:
    low, high = change.interval.low * 100, change.interval.high * 100
    rates = f"{_percent(change.before)} → {_percent(change.now)}"
    if change.direction is Direction.OPEN:
        return f"{rates}, no difference that can be relied on ({low:+.0f} to {high:+.0f} points)"
    word, least, most = (more, low, high) if change.direction is Direction.BETTER else (less, -high, -low)
    return f"{rates}, **{word}** by {least:.0f} to {most:.0f} points"


def _reasons(digest: Digest) -> list[str]:
    if not digest.reasons:
        return []
    return ["", "**Reasons**", " · ".join(f"{each.name} {each.people}" for each in digest.reasons[:_PARTS])]


def _worst(title: str, found: Sequence[DislikedReply], links: Mapping[MessageRef, str], *, quotes: bool) -> list[str]:
    lines = ["", f"**{title}**"] if found else []
    for each in found:
        link = links.get(each.address, "") if each.address else ""
        where = f"[{each.timestamp:%d %b %H:%M}]({link})" if link else f"{each.timestamp:%d %b %H:%M}"
        lines.append(" · ".join([f"- {where} 👎 {each.negative} 👍 {each.positive}", *each.categories]))
        if quotes and not is_private(each):
            lines += [f"  {name} {_code(words)}" for name, words in _told(each) if words]
    return lines


def is_private(reply: DislikedReply) -> bool:
    """Whether it was given in a direct conversation; or where, is not known."""
    address = reply.address
    return address is None or not _SHARED.get(address.platform, _nowhere)(address)


def _told(reply: DislikedReply) -> list[tuple[str, str]]:
    said = [("said", each) for each in reply.comments] + [("better", each) for each in reply.expected]
    return [("asked", reply.question), ("answered", reply.reply), *said]


def _code(words: str) -> str:
    """Words that nothing is made of, whatever stands in them."""
    plain = shorten(words.replace("`", "'"), _QUOTED, placeholder=" …")
    return f"`{plain}`"


def _who(rate: PeopleRate) -> str:
    return f"{_count(rate.people, 'person', 'people')}, {_count(rate.votes, 'vote', 'votes')}"


def _rate(rate: PeopleRate) -> str:
    return f"**{rate.rate:.0%}** ({_interval(rate.interval)})"


def _percent(estimate: Estimate) -> str:
    return f"{estimate.rate:.0%}"


def _interval(interval: Interval) -> str:
    return f"{interval.low * 100:.0f}–{interval.high * 100:.0f}"


def _days(days: int) -> str:
    return "day" if days == 1 else f"{days} days"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
