"""Charts drawn in a process of their own: what draws them takes half a second of the processor, and 80 MB.

`python -m core.insight.drawn` reads a specification from its input and writes a PNG.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Mapping
from typing import Any, Final

from core.insight.drawing import as_png

logger = logging.getLogger(__name__)

_PATIENCE: Final = 60.0
"""Seconds."""
_BACKGROUND: Final = "white"


async def drawn(chart: Mapping[str, Any]) -> bytes | None:
    """A Vega-Lite specification as PNG; None where it cannot be drawn here: the extra may not be installed."""
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, stdin=pipe, stdout=pipe, stderr=nowhere
        )
    except OSError as error:
        logger.warning("chart_not_drawn", extra={"error": str(error)})
        return None
    try:
        async with asyncio.timeout(_PATIENCE):
            png, _ = await process.communicate(json.dumps(chart).encode())
    except TimeoutError:
        logger.warning("chart_not_drawn", extra={"error": f"It took more than {_PATIENCE:g} s."})
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return png if process.returncode == 0 else None


if __name__ == "__main__":
    sys.stdout.buffer.write(as_png(json.load(sys.stdin), background=_BACKGROUND))
