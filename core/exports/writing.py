"""Lines into files: JSONL as it is, Parquet by pyarrow, which is an extra. What the lines say is not known here."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Protocol, Self

from core.errors import SettingsError
from core.exports.columns import Type

GROUP: Final = 2_000
"""Rows that lie together in a Parquet file: how they came in does not show in its bytes."""


class Writer(Protocol):
    """A file in the making; it exists once it is closed."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def write(self, lines: Sequence[bytes]) -> None:
        """Add rows, each a line of JSON."""
        ...


class JsonlWriter:
    """A line a row."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, lines: Sequence[bytes]) -> None:
        """Add rows."""
        if lines:
            self._file.write(b"\n".join(lines) + b"\n")


class ParquetWriter:
    """Groups of rows, compressed with zstd. Raises SettingsError where pyarrow is not installed."""

    def __init__(self, path: Path, columns: dict[str, Type]) -> None:
        self._arrow = arrow()
        self._schema = self._arrow.schema([(name, _arrow_type(self._arrow, kind)) for name, kind in columns.items()])
        self._waiting: list[bytes] = []
        self._writer = self._arrow.parquet.ParquetWriter(path, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._waiting:
                self._group(self._waiting)
        finally:
            self._writer.close()

    def write(self, lines: Sequence[bytes]) -> None:
        """Add rows."""
        self._waiting += lines
        while len(self._waiting) >= GROUP:
            self._group(self._waiting[:GROUP])
            del self._waiting[:GROUP]

    def _group(self, lines: Sequence[bytes]) -> None:
        # pyarrow reads JSON itself, by the schema: making its columns from Python's values takes five times as long.
        text = b"\n".join(lines) + b"\n"
        table = self._arrow.json.read_json(
            self._arrow.BufferReader(text),
            read_options=self._arrow.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=self._arrow.json.ParseOptions(
                explicit_schema=self._schema, unexpected_field_behavior="error"
            ),
        )
        self._writer.write_table(table)


def arrow() -> Any:
    """The module pyarrow. Raises SettingsError where it is not installed."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and half a second to import
        import pyarrow.json  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            "Parquet files are written and read by pyarrow, which is not installed: "
            "pip install 'plaudit[parquet]', or choose --format jsonl."
        ) from error
    return pa


def _arrow_type(pa: Any, kind: Type) -> Any:
    if isinstance(kind, str):
        return {"string": pa.string(), "bool": pa.bool_(), "int64": pa.int64(), "float64": pa.float64()}[kind]
    if isinstance(kind, tuple):
        return pa.list_(_arrow_type(pa, kind[0]))
    return pa.struct([(name, _arrow_type(pa, each)) for name, each in kind.items()])
