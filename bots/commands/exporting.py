"""`plaudit export`: rows for training and evaluation, and the log, as files. What is in them is `core.exports`'."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from bots.commands.terminal import AsJson, moment, opened, point, run, settings_chosen, show
from bots.pushing import pushed
from core.errors import SettingsError
from core.exports.log_files import write_log
from core.exports.making import Progress as Told
from core.exports.making import Source, make
from core.exports.options import SHARD_ROWS, VOTES, Aggregation, Format, Kind, Options, Rules, Scope
from core.exports.terms import acknowledged
from core.feedback import BEST_SCORE
from core.outward.pushing import Pushed, Wish
from core.prompt import Window
from core.settings import Settings
from core.store import log
from core.store.database import connected

exports = typer.Typer(
    help="Write what people think as rows to train and to evaluate with; or the log itself.", no_args_is_help=True
)

_HELP: Final = {
    Kind.SFT: "Answers that people liked, and corrections: prompt, completion.",
    Kind.KTO: "Answers that people judged: prompt, completion, label.",
    Kind.DPO: "Corrections beside the original, and second answers: prompt, chosen, rejected.",
    Kind.EVAL: "What people disliked or corrected: inputs, outputs, expectations, tags.",
}
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="An empty or a new directory; or one broken off.")]
OutOrNone = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="As for the log; or --push.")]
Repo = Annotated[
    str | None,
    typer.Option("--push", metavar="USER/REPO", help="Push what is new to a dataset on the Hub, private; by HF_TOKEN."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="SEQ|TIME", help="As the log was after this record of it, or at this moment."),
]


def _command(kind: Kind) -> Callable[..., None]:
    def command(
        *,
        out: OutOrNone = None,
        push: Repo = None,
        public: Annotated[bool, typer.Option("--public", help="With --push: everybody may read it.")] = False,
        anew: Annotated[
            bool, typer.Option("--anew", help="With --push: all of it again; what is there is deleted for good.")
        ] = False,
        format_: Annotated[Format, typer.Option("--format", help="OpenAI's form is for sft and dpo.")] = Format.JSONL,
        as_of: AsOf = None,
        since: Annotated[str | None, typer.Option(help="Replies from this moment on (ISO 8601).")] = None,
        until: Annotated[str | None, typer.Option(help="Replies before this moment.")] = None,
        platform: Annotated[list[str] | None, typer.Option(help="Only from there; may be given again.")] = None,
        workspace: Annotated[list[str] | None, typer.Option(help="Only from there, by the platform's id.")] = None,
        model: Annotated[list[str] | None, typer.Option(help="Only replies of this model.")] = None,
        by: Annotated[
            list[str] | None,
            typer.Option(metavar="NAME", help=f"Assessments that count [default: {', '.join(VOTES)}]."),
        ] = None,
        liked_from: Annotated[float, typer.Option(min=1, max=BEST_SCORE, help="A score from here is a like.")] = 4,
        disliked_to: Annotated[float, typer.Option(min=1, max=BEST_SCORE, help="Up to here, a dislike.")] = 2,
        raters: Annotated[
            Aggregation, typer.Option(help="How several people's votes become one.")
        ] = Aggregation.MAJORITY,
        min_raters: Annotated[int, typer.Option(min=1, help="Replies judged by fewer people are left out.")] = 1,
        test: Annotated[
            float, typer.Option(min=0, max=0.99, help="Which part of the conversations is kept for testing.")
        ] = 0.1,
        seed: Annotated[int, typer.Option(min=0, help="Decides the order and the split.")] = 0,
        shard_rows: Annotated[int, typer.Option(min=1, help="About how many rows a file has.")] = SHARD_ROWS,
        system: Annotated[
            bool, typer.Option("--system", help="Begin each prompt with PLAUDIT_SYSTEM_PROMPT as it is now.")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        settings = settings_chosen()
        options = Options(
            kind,
            format_,
            Rules(tuple(by) if by else VOTES, liked_from, disliked_to, raters, min_raters),
            Scope(
                since=moment(since) if since else None,
                until=moment(until) if until else None,
                platforms=tuple(platform or ()),
                workspaces=tuple(workspace or ()),
                models=tuple(model or ()),
            ),
            test,
            seed,
            shard_rows,
            Window(settings.history_messages, settings.history_characters),
            settings.system_prompt if system else "",
        )

        if push is None and out is not None and not (public or anew):
            manifest = run(_make(settings, options, out, as_of))
            show(manifest if as_json else _summary(manifest, out))
        elif push is not None and out is None and as_of is None:
            done = run(_push(settings, Wish(options, public, anew), push))
            show(asdict(done) if as_json else _pushed_in_words(done))
        else:
            raise SettingsError(
                "Say where the rows go: --out DIR for files, with --as-of where they are of the past; or "
                "--push USER/REPO for the Hub, with --public and --anew."
            )

    return command


async def _make(settings: Settings, options: Options, out: Path, as_of: str | None) -> dict[str, Any]:
    async with _source(settings) as source:
        with _progress() as progress:
            return await make(source, options, out, as_of=await _seq(source, as_of), progress=progress)


async def _push(settings: Settings, wish: Wish, repo: str) -> Pushed:
    async with opened() as store, _source(settings) as source:
        with _progress() as progress:
            return await pushed(settings, source, store.ledger(), wish, repo=repo, progress=progress)


for _kind in Kind:
    exports.command(_kind.value, help=_HELP[_kind])(_command(_kind))


@exports.command("log")
def export_log(*, out: Out, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """The log itself, a record a line, with people as the platform knows them: for your own copies."""
    settings = settings_chosen()

    async def work() -> dict[str, Any]:
        async with _source(settings) as source:
            with _progress() as progress:
                return await write_log(source, out, as_of=await _seq(source, as_of), progress=progress)

    manifest = run(work())
    show(manifest if as_json else _summary(manifest, out))


@asynccontextmanager
async def _source(settings: Settings) -> AsyncIterator[Source]:
    async with opened() as store, connected(settings.database_url) as database:
        yield Source(
            settings.database_url,
            database,
            store.ledger(),
            await store.pseudonyms(),
            acknowledged(settings.acknowledged_terms),
        )


async def _seq(source: Source, as_of: str | None) -> int | None:
    """The seq that `--as-of` means. Raises SettingsError where it means none, or comes before the first record."""
    if as_of is None:
        return None
    found = point(as_of)
    if isinstance(found, int):
        return found
    if seq := await source.database.read(partial(log.newest_by, moment=found)):
        return seq
    raise SettingsError(f"The log has no record from {as_of} or before: it begins later.")


@contextmanager
def _progress() -> Iterator[Told]:
    """Bars on the terminal's error stream, one for each thing that is done; nothing where it is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield told


def _pushed_in_words(done: Pushed) -> Text:
    if not done.shard:
        return Text(f"Nothing is new since the last push to {done.address}.")
    return Text(f"{done.rows} rows are new at {done.address}, in the shard {done.shard}.")


def _summary(manifest: dict[str, Any], directory: Path) -> Table:
    """What was made, and what of it was left out."""
    counts = manifest["counts"]
    table = Table(title=f"{directory}: {manifest['kind']}", title_justify="left", show_header=False)
    for split in ("train", "test"):
        if split in counts:
            told = ", ".join(f"{count} {name}" for name, count in counts[split].items())
            table.add_row(split, told)
    if "judged" not in counts:
        table.add_row("rows", str(counts["rows"]))
        return table
    table.add_row("replies that people judged", str(counts["judged"]))
    table.add_row("the same twice", str(counts["duplicates"]))
    for why, count in counts["left_out"].items():
        table.add_row(f"left out: {why.replace('_', ' ')}", str(count))
    return table
