"""The part of the demo without people: another model on the wrong answers, and a judge, both in the box."""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bots.commands.evaluation_tables import agreement_table, outcome_table
from bots.demo.bot import database_in
from bots.pocket.server import Pocket
from core.clock import SystemClock
from core.evaluating.asking import Asking
from core.evaluating.evaluations import Evaluations, Wish
from core.evaluating.from_log import Choice, Selection
from core.evaluating.judge import Judge
from core.language_models.hub import HubModel
from core.store.database import open_store


async def show_judged(console: Console, directory: Path, pocket: Pocket) -> None:
    """Try another model, let a judge compare, and print what it says and how far it agrees with the demo's people."""
    async with open_store(database_in(directory)) as store, AsyncExitStack() as stack:
        other, judge = [
            Asking(await stack.enter_async_context(HubModel(f"{pocket.origin}/v1", name=name)), SystemClock())
            for name in ("another-model", "judge-model")
        ]
        evaluations = Evaluations(store, store.database, "demo", SystemClock(), _silent)
        await evaluations.judge(Wish(Selection(choice=Choice.JUDGED)), Judge(judge))
        found = await evaluations.evaluate(Wish(Selection()), other, Judge(judge))
    console.print()
    console.print(outcome_table(found))
    console.print(found.outcome.words)
    if found.agreement is not None:
        console.print(agreement_table(found.agreement, judge.identity.id))
        console.print(Text(found.agreement.words))


@contextmanager
def _silent(_what: str, _total: int) -> Iterator[Callable[..., None]]:
    yield lambda _item, _failure: None
