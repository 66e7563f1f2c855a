"""What was collected, written into files: a shard is a file for training and one for testing."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.exports.beside import Tell
from core.exports.columns import columns
from core.exports.manifest import SPLITS, File
from core.exports.options import Format, Options
from core.exports.place import Place, as_json, sha256
from core.exports.raw import uncollected
from core.exports.spilling import Spilled
from core.exports.writing import JsonlWriter, ParquetWriter, Writer
from core.store.engine import Database


@dataclass(frozen=True, slots=True)
class ShardJob:
    """Which shards are to be written, from what, and where to."""

    options: Options
    directory: Path
    collected: tuple[Path, ...]
    """Where the rows were collected."""
    bucket_bits: int
    """Of the number of buckets there: see `Buckets`."""
    bits: int
    """Of the number of all shards."""
    shards: tuple[int, ...]


async def write_shards(_database: Database, job: ShardJob, tell: Tell) -> None:
    """Write them; each is told of when it is whole, as its number and its files."""
    for shard in job.shards:
        files = await asyncio.to_thread(_write, job, shard)
        tell([shard, as_json(files)])


@uncollected()
def _write(job: ShardJob, shard: int) -> list[File]:
    place, suffix = Place(job.directory), job.options.format.suffix
    paths = {name: f"data/{name}-{shard:05}-of-{1 << job.bits:05}.{suffix}" for name in SPLITS}
    counts: dict[str, Counter[str]] = {name: Counter() for name in SPLITS}
    spilled = Spilled(job.collected, job.bucket_bits)
    with ExitStack() as stack:
        half = {name: stack.enter_context(place.making(path)) for name, path in paths.items()}
        with ExitStack() as files:
            writers = {name: files.enter_context(_writer(path, job.options)) for name, path in half.items()}
            for both in spilled.shard(shard, job.bits):
                for name, lines in zip(SPLITS, both, strict=True):
                    writers[name].write(lines.json)
                    counts[name].update(rows=len(lines.json), liked=lines.liked, disliked=lines.disliked)
    return [file for name, path in paths.items() if (file := _file(place, name, path, counts[name]))]


def _file(place: Place, split: str, path: str, counts: Mapping[str, Any]) -> File | None:
    """What there is to know of a written file; one without rows is taken away."""
    whole = place.directory / path
    if counts["rows"]:
        return File(path, split, **counts, bytes=whole.stat().st_size, sha256=sha256(whole))
    whole.unlink()
    return None


def _writer(path: Path, options: Options) -> Writer:
    if options.format is Format.PARQUET:
        return ParquetWriter(path, columns(options.kind))
    return JsonlWriter(path)
