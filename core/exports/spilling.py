"""Rows on their way to the files: spilled into buckets on the disk, so that memory stays flat however many there are.

A row's place is decided by a keyed digest of what it says. The first bits choose the bucket; within it the rows are
sorted. So the order is shuffled, the same each time, and rows that say the same lie side by side and are kept once.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

import orjson

from core.exports.options import Format, Kind, Options
from core.exports.rows import Content, Row

_DIGITS: Final = 32
"""Of the digest, in hexadecimal: 128 bits."""
_PREFIX_DIGITS: Final = 4
_PREFIX: Final = 4 * _PREFIX_DIGITS
"""Bits of the digest that choose buckets and shards."""
_TESTS: Final = ord("t")
_LABELS: Final = {True: "1", False: "0", None: "-"}
LARGEST: Final = 256
"""Buckets; each is an open file while rows are collected."""
ROWS_EACH: Final = 4_096
"""How many rows a bucket should hold at most, up to the largest number of buckets."""


class Line(NamedTuple):
    """A row as it goes into a file."""

    tests: bool
    label: bool | None
    json: bytes


class Shaper:
    """Makes the lines of one export."""

    def __init__(self, options: Options) -> None:
        self._kind = options.kind
        self._format = options.format
        self._key = options.seed.to_bytes(8, "big")
        self._bound = int(options.test_share * 2**64)
        self._tested = ("", False)

    def line(self, row: Row) -> tuple[str, bytes]:
        """A row's digest, and its line in a bucket."""
        content = orjson.dumps(row.content)
        digest = hashlib.blake2b(content, digest_size=_DIGITS // 2, key=self._key).hexdigest()
        if self._format is Format.OPENAI:
            json = orjson.dumps(_openai(self._kind, row.content))
        else:
            json = content[:-1] + b"," + orjson.dumps(row.provenance)[1:]
        tag = ("t" if self._tests(row.group) else "-") + _LABELS[row.label]
        # Of rows that say the same, the one with the lowest id, which is the oldest, stays.
        return digest, f"{digest}{row.provenance['message_id']}\t{tag}".encode() + json + b"\n"

    def _tests(self, group: str) -> bool:
        if self._tested[0] != group:
            digest = hashlib.blake2b(group.encode(), digest_size=8, key=self._key).digest()
            self._tested = group, int.from_bytes(digest, "big") < self._bound
        return self._tested[1]


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
            file = self.path(number).open("ab")
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

    def path(self, number: int) -> Path:
        """The file of a bucket."""
        return self._directory / f"{number:03}.rows"

    def shard(self, number: int, bits: int) -> Iterator[list[Line]]:
        """The rows of one of two to the power of `bits` shards, in their order, some thousand at a time."""
        if bits <= self.bits:
            first = number << (self.bits - bits)
            for bucket in range(first, first + (1 << (self.bits - bits))):
                yield [line for _, line in self._lines(bucket)]
        else:
            shift = _PREFIX - bits
            bucket = number >> (bits - self.bits)
            yield [line for prefix, line in self._lines(bucket) if prefix >> shift == number]

    def _lines(self, bucket: int) -> Iterator[tuple[int, Line]]:
        """The rows of a bucket in their order, each once, with the first bits of their digests."""
        before = b""
        for line in sorted(self.path(bucket).read_bytes().splitlines()):
            digest = line[:_DIGITS]
            if digest != before:
                before = digest
                tag = line.index(b"\t", _DIGITS) + 1
                prefix = int(digest[:_PREFIX_DIGITS], 16)
                yield prefix, Line(line[tag] == _TESTS, _READ[line[tag + 1]], line[tag + 2 :])


_READ: Final = {ord(mark): label for label, mark in _LABELS.items()}


def bits_for(rows: int) -> int:
    """How many buckets are right for about so many rows, as the exponent of two."""
    bits = 0
    while (1 << bits) < LARGEST and (rows >> bits) > ROWS_EACH:
        bits += 1
    return bits
