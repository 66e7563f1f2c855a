"""How a bot loads its code: it stays, so nothing of it is looked through for what to free."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SELDOM: Final = 50_000
"""New objects after which it is looked for what to free; usually it is 700."""


@contextmanager
def loading() -> Iterator[None]:
    """What is imported in this block stays: to look through it for what to free takes a fifth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(_SELDOM, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
