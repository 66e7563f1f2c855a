"""What evaluations, judges and checks come to, as people read it in a terminal."""

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Final

from rich.table import Table
from rich.text import Text

from bots.commands.presenting import shortened
from core.evaluating.checks import Check
from core.evaluating.evaluations import Judged, Result
from core.evaluating.kept import Answer
from core.evaluating.outcome import Agreement, Mean
from core.evaluating.records import Run
from core.feedback import SourceType
from core.insight.agreement import Kappa
from core.insight.distributions import t_quantile
from core.insight.statistics import CONFIDENCE, wilson
from core.store.counts import SourceCounts

_PREFERENCES: Final = {1.0: "better", 0.5: "as good", 0.0: "worse"}
_WHO: Final = {SourceType.LLM_JUDGE: ("judge", "judges"), SourceType.CODE: ("check", "checks")}


def outcome_table(result: Result) -> Table:
    """Two models beside each other, by a judge."""
    run, found = result.run, result.outcome
    by = f", judged by {run.judge.id}" if run.judge else ""
    table = Table("", "replies", run.model.id, title=f"Evaluation {run.id}{by}", title_justify="left")
    table.add_row("answers", str(found.items), str(found.answered))
    if run.judge:
        table.add_row("the judge's score, 1 to 5", _mean(found.original), _mean(found.other))
        table.add_row("difference, reply by reply", "", _mean(found.difference, signed=True))
        table.add_row("better · as good · worse", "", f"{found.wins} · {found.ties} · {found.losses}")
        if found.win_rate is not None and found.win_interval is not None:
            low, high = found.win_interval.low * 100, found.win_interval.high * 100
            table.add_row("better, where one is", "", f"{found.win_rate:.0%} ({low:.0f}–{high:.0f})")
    return table


def agreement_table(agreed: Agreement, judge: str) -> Table:
    """How far a judge and people agree."""
    table = Table("", "κ", "replies", title=f"{judge} and people", title_justify="left")
    table.add_row("👍 and 👎", _kappa(agreed.votes), str(agreed.votes.units))
    table.add_row("scores, 1 to 5", _kappa(agreed.scores), str(agreed.scores.units))
    return table


def judged_line(found: Judged, judge: str) -> Text:
    """What a judge makes of the replies."""
    return Text(f"{judge} gives {found.score.count} of {found.replies} replies {_mean(found.score)} of 5.")


def failed_lines(failed: dict[str, str], again: str) -> Text:
    """What failed, and what to do about it."""
    reasons = "; ".join(dict.fromkeys(failed.values()))
    return Text(f"{len(failed)} failed: {reasons} {again}", "yellow")


def runs_table(runs: Sequence[Run]) -> Table | Text:
    """All evaluations, a row each."""
    if not runs:
        return Text("There is no evaluation yet: `plaudit evaluate --model OTHER` makes one.")
    table = Table("id", "when", "model", "judge", "set", "answers")
    for each in runs:
        judge = each.judge.id if each.judge else "–"
        row = (each.model.id, judge, str(each.options["set"]), str(each.options["items"]))
        table.add_row(each.id, f"{each.at:%Y-%m-%d %H:%M}", *row)
    return table


def answer_lines(answer: Answer, question: str, reply: str) -> Text:
    """One of the other model's answers, beside the reply."""
    told = _PREFERENCES.get(answer.preference) if answer.preference is not None else None
    score = "" if answer.score is None else f"  {answer.score:g} of 5"
    text = Text.assemble((told or "not compared", "bold"), f"{score}  ", (answer.id, "dim"), "\n")
    words = [("asked", question), ("replied", reply), ("the other", answer.content)]
    words += [("the judge", each) for each in answer.rationales.values()]
    for name, said in words:
        if said:
            text.append(f"  {name}: ", "cyan").append(f"{shortened(said)}\n")
    return text


def sources_table(counts: Iterable[SourceCounts], source: SourceType, window: str) -> Table:
    """What judges, or checks, say of the replies: nobody's votes, and in a table of their own."""
    one, many = _WHO[source]
    table = Table(one, "says", "replies", "yes, or mean", "", title=f"What {many} say of the replies of {window}")
    table.title_justify = "left"
    for each in counts:
        table.add_row(each.source, each.name, str(each.replies), *_figure(each))
    table.caption, table.caption_justify = "None of it counts among what people say.", "left"
    return table


def checks_table(checks: Iterable[Check]) -> Table:
    """Every check there is."""
    table = Table("check", "version", "says")
    for each in checks:
        table.add_row(each.name, each.version, each.meaning)
    return table


def _figure(counts: SourceCounts) -> tuple[str, str]:
    if counts.is_share:
        interval = wilson(counts.mean * counts.replies, counts.replies)
        return f"{counts.mean:.0%}", f"({interval.low * 100:.0f}–{interval.high * 100:.0f})"
    if counts.replies == 1:
        return f"{counts.mean:.2f}", ""
    variance = max(counts.mean_square - counts.mean**2, 0.0) / (counts.replies - 1)
    half = t_quantile((1 + CONFIDENCE) / 2, counts.replies - 1) * sqrt(variance)
    return f"{counts.mean:.2f}", f"({counts.mean - half:.2f} to {counts.mean + half:.2f})"


def _mean(mean: Mean, *, signed: bool = False) -> str:
    if mean.mean is None:
        return "–"
    form = "+.2f" if signed else ".2f"
    if mean.low is None or mean.high is None:
        return f"{mean.mean:{form}}"
    return f"{mean.mean:{form}} ({mean.low:{form}} to {mean.high:{form}})"


def _kappa(kappa: Kappa) -> str:
    if kappa.kappa is None or kappa.low is None or kappa.high is None:
        return "–"
    return f"{kappa.kappa:.2f} ({kappa.low:.2f} to {kappa.high:.2f})"
