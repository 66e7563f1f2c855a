"""The files that pages need beside themselves: a stylesheet, a script, a mark. Their addresses change with them."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
TYPES: Final = {
    "dashboard.css": "text/css; charset=utf-8",
    "dashboard.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
LASTING: Final = "public, max-age=31536000, immutable"
"""What is at an address for good may be kept for a year (RFC 8246)."""


@cache
def version(name: str) -> str:
    """A word that is another when the file is."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
