"""Log lines with a stable name and fields, for people or as JSON. No texts of messages and no secrets go in.

An error of our own is a sentence that says what to do: it is a field of its line, and its traceback is for `debug`.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import orjson

from core.errors import PlauditError

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def configure(*, level: str = "info", as_json: bool = False) -> None:
    """Write log lines to standard error, Plaudit's from `level`, the libraries' from WARNING or higher."""
    handler = _ToStandardError(sys.stderr)
    kind = JsonLines if as_json else TextLines
    handler.setFormatter(kind(traces_all=_number(level) <= logging.DEBUG))
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, _number(level)), force=True)
    for name in ("bots", "core"):
        logging.getLogger(name).setLevel(_number(level))


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


class _ToStandardError(logging.StreamHandler[TextIO]):
    """Where a line cannot be written, as on a disk that is full, it is lost: a traceback about it would be, too."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Tell of our own mistakes alone."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


class _Lines(logging.Formatter):
    """What both forms of a line have in common."""

    def __init__(self, *, traces_all: bool = False) -> None:
        """`traces_all`: also errors of our own with their tracebacks."""
        super().__init__()
        self._traces_all = traces_all

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        ours = record.exc_info[1] if record.exc_info else None
        return {"error": str(ours), **fields} if isinstance(ours, PlauditError) else fields

    def _trace(self, record: logging.LogRecord) -> str:
        """Empty where there is none to be shown."""
        if not record.exc_info or (isinstance(record.exc_info[1], PlauditError) and not self._traces_all):
            return ""
        return self.formatException(record.exc_info)


class TextLines(_Lines):
    """`12:00:01 INFO reply_finished edits=4 seconds=1.2`"""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback below it where there is one."""
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        fields = "".join(f" {name}={value}" for name, value in self._fields(record).items())
        line = f"{moment} {record.levelname:<7} {record.getMessage()}{fields}"
        return f"{line}\n{trace}" if (trace := self._trace(record)) else line


class JsonLines(_Lines):
    """One JSON object a line, the fields beside the name; none of them takes the place of the moment or the name."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line = line | self._fields(record) | line
        if trace := self._trace(record):
            line["exception"] = trace
        return orjson.dumps(line, default=str).decode()
