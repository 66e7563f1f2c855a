"""The command line's way to the log itself: to read it, to say who reads it, and to forget a person."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import Annotated

import orjson
import typer
from rich.table import Table
from rich.text import Text

from bots.commands import ledger
from bots.commands.erasers import opened_erasers
from bots.commands.terminal import AsJson, opened, out, run, settings_chosen, show
from core.errors import NotFoundError, SettingsError
from core.following import consume, follow
from core.forgetting import Kept, Propagated, kept_of, propagate, stale
from core.messages import PersonRef
from core.outward.standing import Standing, standings
from core.pseudonyms import is_pseudonym
from core.records import Record
from core.store.consumers import Consumer
from core.store.ledger import Export
from core.store.sql import SqlStore

Name = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Go on where the reader of this name was, and remember how far it got. A new one begins with what comes.",
    ),
]


def events(
    *,
    after: Annotated[int, typer.Option(min=0, help="Begin behind this sequence number.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Print so many at most.")] = None,
    follow_log: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    consumer: Name = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="A new reader begins with the first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the log, one record a line: `seq type vX.Y.Z {json}`."""
    if consumer is not None:
        _check_name(consumer)
    if after and consumer is not None:
        raise SettingsError("--after and --consumer both say where to begin: choose one of them.")
    if from_start and consumer is None:
        raise SettingsError("--from-start is for a reader with a name: add --consumer NAME.")

    async def tell() -> None:
        async with opened() as store:
            if consumer is None:
                async for record in follow(store, after=after, limit=limit, forever=follow_log):
                    _write([record], as_json=as_json)
                return
            batches = consume(store, consumer, from_start=from_start, limit=limit, forever=follow_log)
            async with aclosing(batches):
                async for batch in batches:
                    _write(batch.records, as_json=as_json)
                    # Only what has left us is done with.
                    await batch.commit()

    run(tell())


def consumers(
    *,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of them.")] = None,
    reset: Annotated[
        int | None, typer.Option(min=0, metavar="SEQ", help="Let it go on behind this sequence number. Stop it first.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Forget it.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the named readers of the log: how far each is, how many sequence numbers it is behind, what is wrong."""
    if name is None and (remove or reset is not None):
        raise SettingsError("Name the reader that you mean: plaudit consumers NAME --reset SEQ.")

    async def work() -> tuple[list[Consumer], int, list[Standing]]:
        async with opened() as store:
            if name is not None:
                await _change(store, name, reset, remove=remove)
            return await store.consumers().all(), await store.newest(), await standings(store.ledger())

    found, newest, told = run(work())
    trouble = {each.name: each for each in reversed(told)}
    rows = [_row(each, newest, trouble.get(each.name)) for each in found if name in (None, each.name)]
    nobody = Text("Nobody follows the log under a name.")
    show(rows if as_json else _consumers_table(rows) if rows else nobody)


async def _change(store: SqlStore, name: str, reset: int | None, *, remove: bool) -> None:
    _check_name(name)
    if remove:
        await store.consumers().remove(name)
    elif reset is not None:
        await store.consumers().move(name, reset)
    elif await store.consumers().position(name) is None:
        raise NotFoundError(f"No reader called {name} is known: `plaudit consumers` lists them.")


def _check_name(name: str) -> None:
    if not name or name.startswith("."):
        raise SettingsError("A reader's name is a word of your own that does not begin with a dot.")


def _row(consumer: Consumer, newest: int, standing: Standing | None) -> dict[str, str | int | None]:
    return {
        "name": consumer.name,
        "seq": consumer.seq,
        "lag": max(newest - consumer.seq, 0),
        "error": standing.error if standing else None,
        "since": standing.since if standing else None,
    }


def _consumers_table(rows: Iterable[dict[str, str | int | None]]) -> Table:
    table = Table("reader", "done up to", "behind", "last error", "since")
    for row in rows:
        table.add_row(*("" if each is None else str(each) for each in row.values()))
    return table


def forget(
    *,
    person: Annotated[
        str, typer.Argument(metavar="PERSON", help="slack:T0123ABCD:U0123ABCD, or a name from a view, person-….")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    propagate_too: Annotated[
        bool, typer.Option("--propagate", help="Erase in what was exported too, where that can be done.")
    ] = False,
) -> None:
    """Erase a person for good: their words, name and id, from the log and the tables. The numbers stay."""
    ref, kept = run(_look(person))
    _tell_before(ref, kept)
    if not yes:
        typer.confirm("Erase it all?", abort=True)
    changed, exports, propagated = run(_forget(ref, propagate_too=propagate_too))
    _say(f"{changed} records were changed. Backups that were made before still have what they had.")
    _tell_exports(exports, propagated)


async def _look(person: str) -> tuple[PersonRef, Kept]:
    async with opened() as store:
        ref = await _person(store, person)
        return ref, await kept_of(store.data_of(ref.key))


async def _forget(ref: PersonRef, *, propagate_too: bool) -> tuple[int, list[Export], list[Propagated]]:
    async with opened() as store:
        changed = await store.erase(ref)
        propagated = await _propagate(store) if propagate_too else []
        return changed, await stale(store.ledger()), propagated


async def _propagate(store: SqlStore) -> list[Propagated]:
    async with opened_erasers(settings_chosen(), store) as erasers:
        return await propagate(store.ledger(), erasers)


async def _person(store: SqlStore, person: str) -> PersonRef:
    if not is_pseudonym(person):
        try:
            return PersonRef.parse(person)
        except TypeError as error:
            raise SettingsError(
                f"{person!r} names nobody: write slack:WORKSPACE:USER, discord:GUILD:USER, or a view's person-…."
            ) from error
    if (found := await store.called(person)) is None:
        raise NotFoundError(f"Nobody in the log is called {person}, or they were erased already.")
    return found


def _tell_before(ref: PersonRef, kept: Kept) -> None:
    _say(f"Of {ref.key} the log has {kept.records} records: {kept.messages} messages and {kept.opinions} opinions.")
    _say(
        "Gone for good: their words, name and id, the answers to them, and their id in what others said. "
        "What stays: votes and scores, under a pseudonym that leads to nobody, and all counts."
    )


def _tell_exports(exports: Sequence[Export], propagated: Sequence[Propagated]) -> None:
    ledger.tell(propagated)
    if not exports:
        _say("No export and no MLflow trace is stale.")
        return
    _say("Stale, for they may still have what was erased:")
    for export in exports:
        _say(f"  {export.kind}  {export.target}  made {export.made_at:%Y-%m-%d %H:%M}  {dict(export.options) or ''}")


def _say(line: str) -> None:
    out.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)


def _write(records: Iterable[Record], *, as_json: bool) -> None:
    sys.stdout.write("".join(_as_json(record) if as_json else _as_line(record) for record in records))
    sys.stdout.flush()


def _as_line(record: Record) -> str:
    return f"{record.seq} {record.type} v{record.version} {orjson.dumps(record.data).decode()}\n"


def _as_json(record: Record) -> str:
    return orjson.dumps(record).decode() + "\n"
