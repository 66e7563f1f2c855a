"""The directory that an export is made in: what is finished in it, what is half done, and what is somebody else's."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson

from core.errors import SettingsError
from core.exports.manifest import File

MANIFEST: Final = "manifest.json"
CARD: Final = "README.md"
PARTIAL: Final = ".partial"
"""What is half done, gone in the end."""
_STATE: Final = "state.json"


class Place:
    """One export's directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.partial = directory / PARTIAL
        self.target = str(directory.resolve())
        """What the ledger calls it."""

    def manifest(self) -> dict[str, Any] | None:
        """What the finished export in it says of itself; None where there is none.

        Raises SettingsError where it holds anything that no export has made.
        """
        there = {each.name for each in self.directory.iterdir()} if self.directory.is_dir() else set()
        if MANIFEST in there:
            return read_json(self.directory / MANIFEST)
        if self.directory.exists() and not self.directory.is_dir():
            raise SettingsError(f"{self.directory} is a file: name an empty or a new directory with --out.")
        if there and PARTIAL not in there:
            raise SettingsError(f"{self.directory} holds other files: name an empty or a new directory with --out.")
        return None

    def state(self) -> dict[str, Any]:
        """What was noted of an export that is half done; empty where nothing was."""
        path = self.partial / _STATE
        return read_json(path) if path.exists() else {}

    def note(self, state: dict[str, Any]) -> None:
        """Note how far it is."""
        write_json(self.partial / _STATE, state)

    def clear(self) -> None:
        """Take away what is half done, and files that were finished with it."""
        for name in (PARTIAL, "data"):
            shutil.rmtree(self.directory / name, ignore_errors=True)

    @contextmanager
    def making(self, path: str) -> Iterator[Path]:
        """Where a file is written that is to be `path` when it is whole."""
        half = self.partial / Path(path).name
        self.partial.mkdir(parents=True, exist_ok=True)
        yield half
        (self.directory / path).parent.mkdir(parents=True, exist_ok=True)
        half.replace(self.directory / path)

    def has(self, file: File) -> bool:
        """Whether a file is there, and whole."""
        path = self.directory / file.path
        return path.is_file() and path.stat().st_size == file.bytes and sha256(path) == file.sha256

    def finish(self, manifest: bytes, card: str | None = None) -> None:
        """Write what the export says of itself; the manifest last, which makes it whole."""
        if card is not None:
            write_whole(self.directory / CARD, card.encode())
        write_whole(self.directory / MANIFEST, manifest)
        shutil.rmtree(self.partial, ignore_errors=True)


def read_json(path: Path) -> dict[str, Any]:
    """What a file of ours says. Raises SettingsError where it cannot be read."""
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except (orjson.JSONDecodeError, OSError) as error:
        raise SettingsError(f"{path} cannot be read ({error}): name a new directory with --out.") from error
    return found


def write_json(path: Path, told: dict[str, Any]) -> None:
    """Write it whole or not at all."""
    write_whole(path, orjson.dumps(told))


def write_whole(path: Path, text: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    half.write_bytes(text)
    half.replace(path)


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_file(written: dict[str, Any]) -> File:
    """A file as it was noted."""
    return File(**written)


def as_json(files: list[File]) -> list[dict[str, Any]]:
    """Files as they are noted."""
    return [asdict(each) for each in files]
