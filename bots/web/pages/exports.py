"""What was given records out of the log: files for training, MLflow, …; with their manifests, and which are stale."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from bots.web.access import Caller
from bots.web.pages.desk import Desk
from core.errors import SettingsError
from core.exports.place import MANIFEST, read_json
from core.store.ledger import Export


@dataclass(frozen=True, slots=True)
class Shown:
    """An export, and what it says of itself where its files are within reach."""

    export: Export
    options: dict[str, str]
    """Those that were chosen."""
    manifest: dict[str, Any] | None


async def exports(desk: Desk, request: Request, caller: Caller) -> HTMLResponse:
    """All of them, the newest first."""
    found = await desk.store.ledger().exports()
    shown = await asyncio.to_thread(lambda: [_shown(each) for each in reversed(found)])
    return await desk.page(request, caller, "exports.html", active="exports", exports=shown, live=False)


def _shown(export: Export) -> Shown:
    options = {name.replace("_", " "): _told(value) for name, value in export.options.items() if value not in _EMPTY}
    return Shown(export, options, _manifest(export.target))


_EMPTY: tuple[Any, ...] = (None, "", [], {})


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _manifest(target: str) -> dict[str, Any] | None:
    """What lies where an export was made, if it is a directory that this machine can see."""
    path = Path(target) / MANIFEST
    try:
        found = read_json(path) if path.is_absolute() and path.is_file() else None
    except (SettingsError, OSError, ValueError):
        return None
    return found if found is not None and isinstance(found.get("counts"), dict) else None
