"""The command line's digest: printed as it would be posted, or posted now."""

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown

from bots.chosen import policies_from
from bots.commands.pages import picture
from bots.commands.presenting import opened_at
from bots.commands.terminal import AsJson, moment, opened, out, run, settings_chosen, show
from core.clock import SystemClock
from core.errors import SettingsError
from core.insight.alert import Fall, fall
from core.insight.charts import day_chart
from core.insight.digest import Digest, digest
from core.messages import MessageRef
from core.policy.file import Reloading
from core.policy.telling import Digest as Plan
from core.settings import Settings
from core.store.sql import SqlStore
from core.telling.teller import DIGEST, note, post_digest, recent_votes
from core.telling.words import alert_lines, digest_lines


def command(
    *,
    now: Annotated[bool, typer.Option("--now", help="Post it now, wherever plaudit.toml says.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it as it would be posted; post nothing.")] = False,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Of the days before this moment.")] = None,
    chart: Annotated[Path | None, typer.Option(metavar="FILE", help="Its chart, as .svg or .png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the digest, or post it: the figures of some days beside those before. plaudit.toml says which, and where.

    What is printed includes the alert, where there is reason for one. A running bot posts both by itself.
    """
    posts = now and not dry_run
    if until is not None and posts:
        raise SettingsError("--until is for looking back: print it with --dry-run.")
    if chart is not None and chart.suffix not in {".svg", ".png"}:
        raise SettingsError(f"A chart is an .svg or a .png, not {chart.name}.")
    settings = settings_chosen()
    policies = policies_from(settings)
    if posts and not policies.digest.to:
        raise SettingsError(
            f"There is nowhere to post the digest: name a channel in {settings.config}, below [digest]: "
            'to = ["slack:T0123ABCD:C0123ABCD"]. `--now --dry-run` prints it here.'
        )
    made = run(_made(settings, policies, moment(until) if until else datetime.now(UTC), posts=posts))
    if chart is not None:
        chart.write_bytes(picture(day_chart(made.digest.by_day), chart.suffix))
    if as_json:
        show(_as_json(made))
    elif posts:
        for place in policies.digest.to:
            out.print(f"Posted in {place.key.rstrip(':')}.", highlight=False)
    else:
        _print(made, policies)


@dataclass(frozen=True, slots=True)
class _Made:
    digest: Digest
    fall: Fall | None
    """What is seen now, whether it was told or not."""
    links: Mapping[MessageRef, str]


async def _made(settings: Settings, policies: Reloading, until: datetime, *, posts: bool) -> _Made:
    from bots.speaking import links  # noqa: PLC0415 - the platforms' SDKs, which other commands do without

    plan = policies.digest
    async with opened() as store:
        found = await digest(store, until, days=plan.days, worst_replies=plan.worst)
        seen = fall(await recent_votes(store, until), until, once_in_days=policies.alert.once_in_days)
        if posts:
            await _post(store, settings, plan, found)
    return _Made(found, seen, await links(settings, found.worst))


async def _post(store: SqlStore, settings: Settings, plan: Plan, found: Digest) -> None:
    from bots.speaking import speaking  # noqa: PLC0415 - as above

    name = f"by hand {SystemClock().now().isoformat()}"
    async with AsyncExitStack() as stack:
        platforms = {
            each: await stack.enter_async_context(speaking(settings, each))
            for each in dict.fromkeys(place.platform for place in plan.to)
        }
        for place in plan.to:
            await post_digest(found, plan, place, platforms[place.platform], name=f"{name} {place.key}")
            await note(store, DIGEST, place, {}, found.worst, quotes=plan.quotes)


def _print(made: _Made, policies: Reloading) -> None:
    found, plan = made.digest, policies.digest
    _print_lines(digest_lines(found, zone=plan.zone, links=made.links, quotes=plan.quotes))
    if found.report.by_people.people:
        out.print("With the chart of both spans day by day, where it can be drawn and shown.", style="dim")
    if made.fall is not None:
        out.print()
        once = policies.alert.once_in_days
        _print_lines(alert_lines(made.fall, (), once_in_days=once, links={}, quotes=False))


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        out.print(Markdown(line, hyperlinks=False) if line else "")


def _as_json(made: _Made) -> dict[str, Any]:
    found = made.digest
    numbers = asdict(found)
    for name in ("positive", "feedback"):
        changed = getattr(found, name)
        numbers[name] = changed and asdict(changed) | {"direction": changed.direction}
    numbers["parts"] = [asdict(each) | {"direction": each.direction} for each in found.parts]
    numbers["worst"] = [asdict(each) | {"link": opened_at(each, made.links)} for each in found.worst]
    return numbers | {"fall": made.fall and asdict(made.fall)}
