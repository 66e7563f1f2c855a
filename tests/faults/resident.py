"""What a process has in RAM, by /proc: Linux alone."""

import re
from pathlib import Path
from typing import Final

_RESIDENT: Final = re.compile(r"^VmRSS:\s+(\d+) kB$", re.MULTILINE)


def resident_mb(pid: int) -> float:
    """Its resident memory, in MB (of 1024² bytes). Raises ProcessLookupError where there is no such process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ProcessLookupError(pid) from error
    if (found := _RESIDENT.search(status)) is None:
        raise ProcessLookupError(pid)  # it has ended, and nobody has asked how
    return int(found[1]) / 1024
