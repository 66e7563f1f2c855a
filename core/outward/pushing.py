"""Sets pushed to the Hub: each push a shard with what is new, dated and never changed, in one commit with the card.

What was pushed is known by `plaudit.json` in the dataset itself: a push that failed has left nothing, and one that is
done is not done again. The next shard has the rows about replies that were judged anew since; of several rows about one
reply the latest holds.
"""

import asyncio
import hmac
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from core.clock import Clock
from core.errors import SettingsError
from core.exports import reading
from core.exports.card import card
from core.exports.making import Progress, Source, make
from core.exports.manifest import File, Manifest
from core.exports.options import Options
from core.exports.place import CARD
from core.messages import Json
from core.outward.dataset import Dataset, Head, HubError
from core.store import log
from core.store.ledger import Export, Ledger

KIND: Final = "push"
"""What the ledger calls it."""
STATE: Final = "plaudit.json"
"""In the dataset: what was pushed."""
_HARMLESS: Final = frozenset({".gitattributes", CARD})
"""What a dataset has in it that nobody has used yet."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push came to."""

    rows: int
    """New ones; 0 where nothing was pushed, for there was nothing new."""
    address: str
    shard: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """How something is to be pushed."""

    options: Options
    public: bool = False
    """Everybody may read it; else it has to be private."""
    anew: bool = False
    """All of it from the start; what was pushed before is deleted, from the dataset's history, too."""


class Pusher:
    """Pushes to one dataset. Its methods raise SettingsError and HubError."""

    def __init__(self, source: Source, ledger: Ledger, hub: Dataset, clock: Clock) -> None:
        self._source = source
        self._ledger = ledger
        self._hub = hub
        self._clock = clock

    async def push(self, wish: Wish, progress: Progress | None = None) -> Pushed:
        """Push what is new."""
        head = await self._opened(wish)
        before = await self._state(head, wish)
        after = 0 if wish.anew or not before["pushes"] else int(before["pushes"][-1]["records"]["to"])
        newest = await self._source.database.read(log.newest)
        if newest < after:
            raise SettingsError(
                f"{self._hub.address} has records up to {after} of this log, which ends with {newest}: is it an older "
                "copy? Name another repository, or make the set anew with --anew."
            )
        if newest == after:
            return Pushed(0, self._hub.address)
        # The files are on the Hub in a moment; on this machine nobody needs them.
        with tempfile.TemporaryDirectory(prefix="plaudit-push-") as directory:
            made, place = replace(self._source, ledger=_Unnoted()), Path(directory) / "set"
            manifest = await make(made, wish.options, place, as_of=newest, after=after, progress=progress)
            if not manifest["counts"]["rows"] and not wish.anew:
                return Pushed(0, self._hub.address)
            return await self._commit(head, before, wish, manifest, place)

    async def _opened(self, wish: Wish) -> Head:
        """The dataset as it stands, made where there is none."""
        head = await asyncio.to_thread(self._hub.head)
        if head is None:
            await asyncio.to_thread(self._hub.make, private=not wish.public)
            head = await asyncio.to_thread(self._hub.head)
        if head is None:
            raise HubError(f"{self._hub.address} was made, and is not there: push again.")
        if not head.is_private and not wish.public:
            raise SettingsError(
                f"{self._hub.address} is public: everybody would read what people wrote. Make it private there, name "
                "another repository, or say --public."
            )
        return head

    async def _state(self, head: Head, wish: Wish) -> dict[str, Any]:
        """What was pushed there. Raises SettingsError where that is something else."""
        options = wish.options.to_json()
        empty: dict[str, Any] = {"plaudit": 1, "log": self._log_name(), "options": options, "pushes": []}
        if STATE not in head.files:
            if set(head.files) <= _HARMLESS:
                return empty
            raise SettingsError(f"{self._hub.address} holds other things: name a repository of its own for the set.")
        found: dict[str, Any] = orjson.loads(await asyncio.to_thread(self._hub.read, STATE, head))
        if wish.anew:
            return empty | {"pushes": found["pushes"]}
        if found["log"] != empty["log"]:
            raise SettingsError(
                f"{self._hub.address} has rows of another log, or of this one under another PLAUDIT_PSEUDONYM_KEY: "
                "name another repository."
            )
        if differ := [name for name, value in options.items() if found["options"].get(name) != value]:
            raise SettingsError(
                f"{self._hub.address} was begun with another {', '.join(differ)}: say the same, name another "
                "repository, or make the set anew with --anew."
            )
        return found

    def _log_name(self) -> str:
        """A name of the log and of the names of people, that says nothing of either."""
        return hmac.digest(self._source.pseudonyms.key, b"the log that a set is pushed from", "sha256").hex()[:16]

    async def _commit(self, head: Head, before: Json, wish: Wish, manifest: Json, place: Path) -> Pushed:
        now, records = self._clock.now(), manifest["records"]
        shard = f"{now:%Y-%m-%d}-{records['from']:012}-{records['to']:012}"
        push, files = _shard(manifest, place, shard, now)
        old = before["pushes"] if wish.anew else []
        state = {**before, "pushes": [*([] if wish.anew else before["pushes"]), push]}
        files[STATE] = orjson.dumps(state, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        files[CARD] = _card(wish.options, state["pushes"]).encode()
        delete = [each["path"] for one in old for each in one["files"]]
        entry = await self._note(records["to"], wish, shard)
        if (await reading.privacy(self._source.database)).state != records["consent"]:
            await self._settle([entry])
            raise HubError("Somebody was erased, or wants nothing kept any more, meanwhile: push again.")
        message = f"{push['rows']} rows, records {records['from']} to {records['to']}"
        await asyncio.to_thread(self._hub.commit, head, message, files, delete=delete)
        if wish.anew and old:
            await asyncio.to_thread(self._hub.forget_history)
            await self._settle([each for each in await self._ledger.exports() if self._is_before(each, entry)])
        return Pushed(push["rows"], self._hub.address, shard)

    async def _note(self, seq_to: int, wish: Wish, shard: str) -> Export:
        options = {"repo": self._hub.repo, "kind": wish.options.kind.value, "shard": shard}
        # A row has older words in it than the vote that made it new.
        return await self._ledger.note(KIND, self._hub.address, seq_from=1, seq_to=seq_to, options=options)

    def _is_before(self, export: Export, entry: Export) -> bool:
        return export.kind == KIND and export.target == entry.target and export.id != entry.id

    async def _settle(self, entries: list[Export]) -> None:
        """Nothing of them is anywhere any more."""
        for each in entries:
            await self._ledger.settle(each, await self._ledger.erased_in(each))


def _shard(manifest: Json, place: Path, shard: str, now: datetime) -> tuple[dict[str, Any], dict[str, Path | bytes]]:
    """What `plaudit.json` says of a push, and its files by their paths in the dataset."""
    files: dict[str, Path | bytes] = {}
    told = []
    numbers: Counter[str] = Counter()
    for each in manifest["files"]:
        split = each["split"]
        path = f"data/{split}-{shard}-{numbers[split]:05}{Path(each['path']).suffix}"
        numbers[split] += 1
        files[path] = place / each["path"]
        told.append({**each, "path": path})
    counts = {name: manifest["counts"][name] for name in ("judged", "duplicates", "left_out")}
    at = {"shard": shard, "at": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    push = {**at, "records": manifest["records"], "rows": manifest["counts"]["rows"], **counts, "files": told}
    return push, files


def _card(options: Options, pushes: list[Mapping[str, Any]]) -> str:
    """The dataset card of all that was pushed."""
    left_out: Counter[str] = Counter()
    for each in pushes:
        left_out.update(each["left_out"])
    whole = Manifest(
        options,
        pushes[-1]["records"]["to"],
        pushes[-1]["records"]["consent"],
        sum(each["judged"] for each in pushes),
        left_out,
        sum(each["duplicates"] for each in pushes),
        tuple(File(**file) for each in pushes for file in each["files"]),
    )
    return card(whole, [(each["shard"], each["rows"]) for each in pushes])


class _Unnoted:
    """The ledger for what stays on this machine for a moment only: a push has an entry of its own."""

    async def note(
        self, kind: str, target: str, *, seq_from: int, seq_to: int, options: dict[str, Any] | None = None
    ) -> Export:
        """Nothing is entered."""
        return Export("", kind, target, datetime.min, seq_from, seq_to, options or {}, None)  # noqa: DTZ901 - nobody asks

    async def exports(self) -> list[Export]:
        """None of them is in the making."""
        return []
