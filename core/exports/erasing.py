"""Erasing in the files of an export: they are made anew from the log, which no longer has what was erased.

The same options and the same records give the same rows, but for those that are gone. The new files are made beside
the old ones and take their places one by one, the manifest last: broken off anywhere, it is done again.
"""

import shutil
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from core.errors import PlauditError, SettingsError
from core.exports.log_files import write_log
from core.exports.making import Making, Source
from core.exports.options import Kind, Options
from core.exports.place import CARD, MANIFEST, Place
from core.messages import Json
from core.store.ledger import Export

LOG: Final = "log"
"""The kind of an export of the log itself."""


class FileEraser:
    """Makes the files of one kind of export anew: an `Eraser` of `core.forgetting`."""

    def __init__(self, source: Source) -> None:
        self._source = source

    async def erase(self, target: str, options: Json, messages: Collection[str]) -> None:  # noqa: ARG002 - the port's
        """Make the export in the directory `target` anew. Raises PlauditError where it is not there, or no export."""
        place = Place(Path(target))
        if not place.directory.is_dir():
            raise PlauditError(
                "it is not there any more, or on another machine. If every copy is deleted, say so: "
                "plaudit export settle ID (plaudit export list has the ID)."
            )
        try:
            told = place.manifest()
        except SettingsError as error:
            raise PlauditError(f"no export can be found in it any more ({error})") from error
        if told is None:
            place.clear()  # it was broken off; taken up again, it begins anew
            return
        if told.get("kind") not in {LOG, *Kind}:
            raise PlauditError(f"what {MANIFEST} in it says is of another version: delete it, and make it anew.")
        beside = place.directory.with_name(f".{place.directory.name}.anew")
        shutil.rmtree(beside, ignore_errors=True)
        try:
            anew = await self._make(told, Place(beside))
            _replace(place.directory, told, beside, anew)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    async def _make(self, told: Json, place: Place) -> Json:
        """The same export as `told` says, in another place; what its manifest says."""
        url, database, pseudonyms = self._source.url, self._source.database, self._source.pseudonyms
        source = Source(url, database, _Entered(), pseudonyms)
        up_to = int(told["records"]["to"])
        if told["kind"] == LOG:
            return await write_log(source, place.directory, as_of=up_to)
        # Made once with the terms acknowledged, it is made anew with less in it, whatever is acknowledged now.
        return await Making(source, Options.from_json(told["options"]), place, lambda *_: None).make(up_to)


class _Entered:
    """A ledger in which the export stands already, under the directory that its files go to."""

    async def note(
        self, kind: str, target: str, *, seq_from: int, seq_to: int, options: dict[str, Any] | None = None
    ) -> Export:
        """Nothing is entered."""
        return Export("", kind, target, datetime.fromtimestamp(0, UTC), seq_from, seq_to, dict(options or {}), None)

    async def exports(self) -> list[Export]:
        """None of them is in the making."""
        return []


def erasers(source: Source) -> Mapping[str, FileEraser]:
    """What erases in files, by the kind of the export."""
    return dict.fromkeys((LOG, *(each.value for each in Kind)), FileEraser(source))


def _replace(directory: Path, told: Json, beside: Path, anew: Json) -> None:
    """Put the new files in the place of the old ones. What others have put beside them stays."""
    old, new = ({each["path"] for each in files["files"]} for files in (told, anew))
    for path in old - new:
        (directory / path).unlink(missing_ok=True)
    (directory / "data").mkdir(exist_ok=True)
    for path in new:
        (beside / path).replace(directory / path)
    for path in (CARD, MANIFEST):
        if (beside / path).exists():
            (beside / path).replace(directory / path)
