"""`plaudit evaluate`, `judge` and `evaluations`: another model, and a judge, on what is in the log or in a file."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from bots.commands.evaluation_tables import (
    agreement_table,
    answer_lines,
    failed_lines,
    judged_line,
    outcome_table,
    runs_table,
)
from bots.commands.terminal import AsJson, moment, opened, out, run, settings_chosen, show
from core.clock import SystemClock
from core.errors import SettingsError
from core.evaluating import kept
from core.evaluating.asking import Asking
from core.evaluating.evaluations import Evaluations, Result, Wish, least_liked
from core.evaluating.from_log import Choice, Selection
from core.evaluating.items import Item
from core.evaluating.judge import Judge
from core.evaluating.records import Run
from core.evaluating.running import AT_ONCE, Told
from core.exports.options import Scope
from core.prompt import Window
from core.settings import Settings
from core.store.sql import SqlStore

_JUDGE_PARAMETERS: Final = {"max_tokens": 1024}
_RESUME: Final = "The same again with --resume asks for them again."

Endpoint = Annotated[
    str | None, typer.Option("--endpoint", metavar="URL", help="Where it is served; else MODEL_ENDPOINT, or the Hub.")
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many replies, the newest.")]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=256, help="Replies under way at a time.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Replies from this moment on.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Replies before this moment.")]
Platforms = Annotated[list[str] | None, typer.Option("--platform", help="Only from there; may be given again.")]
Models = Annotated[list[str] | None, typer.Option("--of-model", help="Only replies of this model.")]


def evaluate(
    *,
    model: Annotated[str, typer.Option("--model", help="The other model.")],
    endpoint: Endpoint = None,
    judge: Annotated[str | None, typer.Option("--judge", metavar="MODEL", help="Judges both answers.")] = None,
    judge_endpoint: Annotated[
        str | None, typer.Option("--judge-endpoint", metavar="URL", help="Where the judge is served.")
    ] = None,
    set_: Annotated[
        Path | None,
        typer.Option("--set", metavar="FILE", help="Rows of `plaudit export eval`, or your own; else from the log."),
    ] = None,
    replies: Annotated[Choice, typer.Option("--replies", help="Which replies of the log.")] = Choice.WRONG,
    of_model: Models = None,
    since: Since = None,
    until: Until = None,
    platform: Platforms = None,
    limit: Limit = None,
    at_once: AtOnce = AT_ONCE,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last evaluation asked for so.")] = False,
    as_json: AsJson = False,
) -> None:
    """Try another model on what people disliked or corrected, beside the replies that were given.

    Its answers and the judge's words are kept in the log, apart from people's, and count in none of their numbers.
    """
    settings = settings_chosen()
    scope = _scope(since, until, platform, of_model)
    if set_ is not None and (scope != Scope() or replies is not Choice.WRONG):
        raise SettingsError(
            "--replies, --since, --until, --platform and --of-model choose among the replies of the log: leave them "
            "away with --set, all of whose rows are taken."
        )
    wish = Wish(_selection(settings, replies, limit, scope), set_, at_once, resume)

    async def work() -> Result:
        async with opened() as store, AsyncExitStack() as stack:
            other = await stack.enter_async_context(_asking(settings, model, endpoint))
            by = None
            if judge is not None:
                by = Judge(await stack.enter_async_context(_asking(settings, judge, judge_endpoint, judges=True)))
            return await _evaluations(settings, store).evaluate(wish, other, by)

    result = run(_told_if_broken_off(work()))
    _show_result(result, as_json=as_json)


def judge(
    *,
    model: Annotated[str, typer.Option("--model", help="The model that judges.")],
    endpoint: Endpoint = None,
    replies: Annotated[
        Choice, typer.Option("--replies", help="Those that people voted on tell how far it agrees with them.")
    ] = Choice.JUDGED,
    of_model: Models = None,
    since: Since = None,
    until: Until = None,
    platform: Platforms = None,
    limit: Limit = None,
    at_once: AtOnce = AT_ONCE,
    as_json: AsJson = False,
) -> None:
    """Let a model judge replies in the log, and say how far it agrees with people. It judges none of them twice."""
    settings = settings_chosen()
    wish = Wish(_selection(settings, replies, limit, _scope(since, until, platform, of_model)), at_once=at_once)

    async def work() -> Any:
        async with opened() as store, _asking(settings, model, endpoint, judges=True) as asking:
            return await _evaluations(settings, store).judge(wish, Judge(asking))

    found = run(work())
    if as_json:
        show({"judge": model, **asdict(found)})
        return
    show(judged_line(found, model))
    show(agreement_table(found.agreement, model))
    show(Text(found.agreement.words))
    if found.failed:
        show(failed_lines(found.failed, "The same command asks for them again."))


def evaluations(
    *,
    evaluation: Annotated[str | None, typer.Argument(metavar="ID", help="One of them; else all are listed.")] = None,
    answers: Annotated[
        int, typer.Option("--answers", min=0, help="So many of its answers, those that the judge likes least first.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """List the evaluations, or show what one of them came to."""
    settings = settings_chosen()

    async def every() -> list[Run]:
        async with opened() as store:
            return await kept.runs(store.database)

    async def one(id_: str) -> tuple[Result, list[Any]]:
        async with opened() as store:
            result = await _evaluations(settings, store).result(await kept.run_of(store.database, id_))
            return result, [await _told(store, *each) for each in least_liked(result.answers, answers)]

    if evaluation is None:
        runs = run(every())
        show([_run_as_json(each) for each in runs] if as_json else runs_table(runs))
        return
    result, told = run(one(evaluation))
    _show_result(result, as_json=as_json)
    for each in told if not as_json else ():
        show(answer_lines(*each))


def _evaluations(settings: Settings, store: SqlStore) -> Evaluations:
    return Evaluations(store, store.database, settings.environment, SystemClock(), _progress)


def _selection(settings: Settings, choice: Choice, limit: int | None, scope: Scope) -> Selection:
    return Selection(
        choice=choice,
        scope=scope,
        limit=limit,
        window=Window(settings.history_messages, settings.history_characters),
        system=settings.system_prompt,
    )


def _scope(since: str | None, until: str | None, platforms: list[str] | None, models: list[str] | None) -> Scope:
    return Scope(
        since=moment(since) if since else None,
        until=moment(until) if until else None,
        platforms=tuple(platforms or ()),
        models=tuple(models or ()),
    )


@asynccontextmanager
async def _asking(settings: Settings, model: str, url: str | None, *, judges: bool = False) -> AsyncIterator[Asking]:
    """A model by its name, at an address of its own, or where the assistant's is, or on the Hub."""
    from core.language_models.hub import HubModel  # noqa: PLC0415 - it takes a second, which other commands save

    ours = settings.model_endpoint
    shared = ours if ours.startswith(("http://", "https://")) else None
    where = url or shared
    own = settings.judge_token if judges else settings.evaluation_token
    parameters = _JUDGE_PARAMETERS if judges else settings.model_parameters
    async with HubModel(
        where or model,
        name=model if where else "",
        token=_token(settings, own, is_elsewhere=url is not None and url.rstrip("/") != ours.rstrip("/")),
        parameters=parameters,
        timeout=settings.model_timeout,
    ) as asked:
        yield Asking(asked, SystemClock())


def _token(settings: Settings, own: SecretStr | None, *, is_elsewhere: bool) -> str | None:
    if own is not None:
        return own.get_secret_value()
    if is_elsewhere or settings.hf_token is None:
        return None
    return settings.hf_token.get_secret_value()


@contextmanager
def _progress(what: str, total: int) -> Iterator[Told]:
    """A bar on the terminal's error stream, and a line for each item that failed."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def told(item: Item, failure: str) -> None:
            if failure:
                console.print(f"{item.id}: {failure}", style="yellow", markup=False, highlight=False, soft_wrap=True)
            bar.advance(task)

        yield told


async def _told_if_broken_off(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return await work
    except asyncio.CancelledError:  # Ctrl-C
        Console(stderr=True).print("What is done is kept: the same again with --resume goes on.", style="dim")
        raise


async def _told(store: SqlStore, item_id: str, answer: kept.Answer) -> tuple[kept.Answer, str, str]:
    """An answer with what was asked and replied, where that is in this log."""
    reply = await store.message(item_id)
    question = await store.message(reply.question_id) if reply and reply.question_id else None
    return answer, question.content if question else "", reply.content if reply else ""


def _show_result(result: Result, *, as_json: bool) -> None:
    if as_json:
        show(
            {
                **_run_as_json(result.run),
                **asdict(result.outcome),
                "agreement": asdict(result.agreement) if result.agreement else None,
                "failed": result.failed,
            }
        )
        return
    show(outcome_table(result))
    show(Text(result.outcome.words))
    if result.agreement is not None and result.run.judge is not None:
        show(agreement_table(result.agreement, result.run.judge.id))
        show(Text(result.agreement.words))
    if result.failed:
        show(failed_lines(result.failed, _RESUME))
    out.print(f"The answers: plaudit evaluations {result.run.id} --answers 10", style="dim", soft_wrap=True)


def _run_as_json(run_: Run) -> dict[str, Any]:
    return {
        "id": run_.id,
        "at": run_.at,
        "model": asdict(run_.model),
        "judge": asdict(run_.judge) if run_.judge else None,
        "prompt_version": run_.prompt_version,
        "options": dict(run_.options),
    }
