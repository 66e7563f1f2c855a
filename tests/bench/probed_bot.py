"""`plaudit run …` with a probe: how late each call left after the moment that the pacer had set, written at the end.

Run by `tests.bench.streaming`; PROBE names the file.
"""

import os
import sys
from pathlib import Path
from typing import Any

import orjson

from bots import cli
from core.pacing import Pacer

late: list[float] = []


def main() -> None:
    """Run the command line, probed."""
    set_for: dict[Any, float] = {}
    planned, began = Pacer.next, Pacer.began

    def next_turn(self: Pacer, now: float) -> Any:
        turn = planned(self, now)
        if turn is not None and turn.at > now:
            set_for[self, turn.stream] = turn.at
        return turn

    def began_call(self: Pacer, stream: Any, now: float) -> None:
        at = set_for.pop((self, stream), None)
        if at is not None and now >= at:
            late.append(now - at)
        began(self, stream, now)

    Pacer.next, Pacer.began = next_turn, began_call  # type: ignore[method-assign]
    try:
        cli.main()
    finally:
        Path(os.environ["PROBE"]).write_bytes(orjson.dumps(late))


if __name__ == "__main__":
    sys.exit(main())
