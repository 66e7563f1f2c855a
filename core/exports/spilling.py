"""Rows on their way to the files: spilled into buckets on the disk, so that memory stays flat however many there are.

A row's place is decided by a keyed digest of what it says. The first bits choose the bucket; within it the rows are
sorted. So the order is shuffled, the same each time, and rows that say the same lie side by side and are kept once.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final, NamedTuple

import orjson

from core.exports.options import Format, Kind, Options
from core.exports.rows import Content, Row

_DIGITS: Final = 32
"""Of the digest, in hexadecimal: 128 bits."""
_BUFFER: Final = 1 << 16
"""Bytes that a bucket holds back."""
_PREFIX_DIGITS: Final = 4
_PREFIX: Final = 4 * _PREFIX_DIGITS
"""Bits of the digest that choose buckets and shards."""
_TEST, _TRAIN = b"t", b"-"
_LABELS: Final = {True: b"1\n", False: b"0\n", None: b"-\n"}
LARGEST: Final = 256
"""Buckets; each is an open file while rows are collected."""
ROWS_EACH: Final = 2_048
"""How many rows a bucket should hold at most, up to the largest number of buckets."""


class Lines(NamedTuple):
    """Some rows of one split in their order, as they go into a file."""

    json: list[bytes]
    liked: int
    disliked: int


class Shaper:
    """Makes the lines of one export."""

    def __init__(self, options: Options) -> None:
        self._kind = options.kind
        self._format = options.format
        # SHA-256, for processors have instructions for it.
        self._keyed = hashlib.sha256(options.seed.to_bytes(8, "big"))
        self._bound = int(options.test_share * 2**64)
        self._latest = ("", _TRAIN)

    def line(self, row: Row) -> tuple[str, bytes]:
        """A row's digest, and its line in a bucket."""
        content, provenance = orjson.dumps(row.content), row.provenance
        digest = self._digest(content)
        if self._format is Format.OPENAI:
            json: tuple[bytes, ...] = (orjson.dumps(_openai(self._kind, row.content)),)
        else:
            json = (content[:-1], b",", orjson.dumps(provenance)[1:])
        split = self._latest[1] if row.group == self._latest[0] else self._split(row.group)
        # Of rows that say the same, the one with the lowest id, which is the oldest, stays.
        head = (digest + provenance["message_id"]).encode()
        return digest, b"".join((head, b"\t", *json, split, _LABELS[row.label]))

    def _split(self, group: str) -> bytes:
        share = int(self._digest(group.encode())[:16], 16)
        self._latest = group, _TEST if share < self._bound else _TRAIN
        return self._latest[1]

    def _digest(self, text: bytes) -> str:
        keyed = self._keyed.copy()
        keyed.update(text)
        return keyed.hexdigest()[:_DIGITS]


def _openai(kind: Kind, content: Content) -> Content:
    """The row as OpenAI's fine-tuning takes it (platform.openai.com/docs/guides/fine-tuning)."""
    if kind is Kind.SFT:
        return {"messages": [*content["prompt"], *content["completion"]]}
    return {
        "input": {"messages": content["prompt"]},
        "preferred_output": content["chosen"],
        "non_preferred_output": content["rejected"],
    }


class Buckets:
    """Files of lines in a directory; `bits` says how many: two to the power of it."""

    def __init__(self, directory: Path, bits: int) -> None:
        self._directory = directory
        self.bits = bits
        self._files: list[IO[bytes]] = []

    def open(self, sizes: list[int] | None = None) -> None:
        """Open them to be added to; `sizes`: what of them is to be kept, in bytes."""
        self._directory.mkdir(parents=True, exist_ok=True)
        for number in range(1 << self.bits):
            file = _path(self._directory, number).open("ab", buffering=_BUFFER)
            file.truncate(sizes[number] if sizes else 0)
            self._files.append(file)

    def add(self, digest: str, line: bytes) -> None:
        """Put a line where its digest belongs."""
        self._files[int(digest[:_PREFIX_DIGITS], 16) >> (_PREFIX - self.bits)].write(line)

    def flush(self) -> list[int]:
        """The size of each, in bytes, now on the disk's side."""
        for file in self._files:
            file.flush()
        return [file.tell() for file in self._files]

    def close(self) -> None:
        """No more lines come."""
        for file in self._files:
            file.close()
        self._files.clear()


def _path(directory: Path, number: int) -> Path:
    return directory / f"{number:03}.rows"


class Spilled:
    """What lies in the buckets of some directories, as if they were one."""

    def __init__(self, directories: Sequence[Path], bits: int) -> None:
        self._directories = directories
        self._bits = bits

    def shard(self, number: int, bits: int) -> Iterator[tuple[Lines, Lines]]:
        """The rows of one of two to the power of `bits` shards, some thousand at a time: for training, for testing."""
        if bits <= self._bits:
            first = number << (self._bits - bits)
            for bucket in range(first, first + (1 << (self._bits - bits))):
                yield _split(self._rows(bucket))
        else:
            shift = _PREFIX - bits
            rows = self._rows(number >> (bits - self._bits))
            yield _split(row for row in rows if int(row[:_PREFIX_DIGITS], 16) >> shift == number)

    def _rows(self, bucket: int) -> Iterator[bytes]:
        """The rows of a bucket in their order, each once."""
        before = b""
        rows = [row for each in self._directories for row in _path(each, bucket).read_bytes().splitlines()]
        rows.sort()
        for row in rows:
            digest = row[:_DIGITS]
            if digest != before:
                before = digest
                yield row


def _split(rows: Iterable[bytes]) -> tuple[Lines, Lines]:
    found: dict[bytes, list[bytes]] = {_TRAIN: [], _TEST: []}
    counts = dict.fromkeys((split + label[:1] for split in found for label in _LABELS.values()), 0)
    for row in rows:
        tag = row[-2:]
        counts[tag] += 1
        found[tag[:1]].append(row[row.index(b"\t", _DIGITS) + 1 : -2])
    train, test = (Lines(lines, counts[split + b"1"], counts[split + b"0"]) for split, lines in found.items())
    return train, test


def bits_for(rows: int) -> int:
    """How many buckets are right for about so many rows, as the exponent of two."""
    bits = 0
    while (1 << bits) < LARGEST and (rows >> bits) > ROWS_EACH:
        bits += 1
    return bits
