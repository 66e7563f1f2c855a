"""The command line's digest: printed as it would be posted, or posted now."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown

from bots.chosen import policies_from
from bots.presenting import opened_at
from bots.terminal import AsJson, moment, opened, out, run, settings_chosen, show
from core.clock import SystemClock
from core.errors import SettingsError
from core.insight.charts import day_chart
from core.insight.digest import Digest, digest
from core.insight.drawing import as_png
from core.messages import MessageRef
from core.policy.telling import Digest as Plan
from core.settings import Settings
from core.store.sql import SqlStore
from core.telling.teller import DIGEST, note, post_digest
from core.telling.words import digest_lines


def command(
    *,
    now: Annotated[bool, typer.Option("--now", help="Post it now, wherever plaudit.toml says.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it as it would be posted; post nothing.")] = False,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Of the days before this moment.")] = None,
    chart: Annotated[Path | None, typer.Option(metavar="FILE", help="Write its chart, as .png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the digest, or post it: the figures of some days beside those before. plaudit.toml says which, and where.

    A running bot posts it by itself when it is due.
    """
    posts = now and not dry_run
    if until is not None and posts:
        raise SettingsError("--until is for looking back: print it with --dry-run.")
    settings = settings_chosen()
    plan = policies_from(settings).digest
    if posts and not plan.to:
        raise SettingsError(
            f"There is nowhere to post the digest: name a channel in {settings.config}, below [digest]: "
            'to = ["slack:T0123ABCD:C0123ABCD"]. `--now --dry-run` prints it here.'
        )
    found, links = run(_made(settings, plan, moment(until) if until else datetime.now(UTC), posts=posts))
    if chart is not None:
        chart.write_bytes(as_png(day_chart(found.by_day), background="white"))
    if as_json:
        show(_as_json(found, links))
    elif posts:
        for place in plan.to:
            out.print(f"Posted in {place.key.rstrip(':')}.", highlight=False)
    else:
        _print(found, plan, links)


async def _made(
    settings: Settings, plan: Plan, until: datetime, *, posts: bool
) -> tuple[Digest, Mapping[MessageRef, str]]:
    from bots.speaking import links  # noqa: PLC0415 - the platforms' SDKs, which other commands do without

    async with opened() as store:
        found = await digest(store, until, days=plan.days, worst_replies=plan.worst)
        if posts:
            await _post(store, settings, plan, found)
    return found, await links(settings, found.worst)


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


def _print(found: Digest, plan: Plan, links: Mapping[MessageRef, str]) -> None:
    for line in digest_lines(found, zone=plan.zone, links=links, quotes=plan.quotes):
        out.print(Markdown(line, hyperlinks=False) if line else "")
    if found.report.by_people.people:
        out.print("With the chart of both spans day by day, where it can be drawn and shown.", style="dim")


def _as_json(found: Digest, links: Mapping[MessageRef, str]) -> dict[str, Any]:
    numbers = asdict(found)
    for name in ("positive", "feedback"):
        changed = getattr(found, name)
        numbers[name] = changed and asdict(changed) | {"direction": changed.direction}
    numbers["parts"] = [asdict(each) | {"direction": each.direction} for each in found.parts]
    numbers["worst"] = [asdict(each) | {"link": opened_at(each, links)} for each in found.worst]
    return numbers
