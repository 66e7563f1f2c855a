"""The report of some days, to pass on: a page that needs nothing but itself, or its chart as a picture."""

from pathlib import PurePath
from typing import Final

from fastapi import Request, Response

from bots.web.access import Caller
from bots.web.pages.desk import Desk
from bots.web.pages.filtering import Filter
from core.errors import PlauditError

_TYPES: Final = {"report.html": "text/html; charset=utf-8", "chart.svg": "image/svg+xml", "chart.png": "image/png"}
_AWAY: Final = 503


async def passing(desk: Desk, request: Request, caller: Caller, name: str) -> Response:
    """The file of this name, of all replies of the days that the address chooses."""
    if name not in _TYPES:
        return await desk.problem(request, caller, f"There is no {name}; there is {', '.join(_TYPES)}.")
    days, today = Filter.of(request.query_params).days, f"{desk.clock.now():%Y-%m-%d}"
    try:
        content = await desk.files(PurePath(name).suffix, days)
    except PlauditError as error:
        return await desk.problem(request, caller, str(error), _AWAY)
    saved_as = f'attachment; filename="plaudit-{today}-{name}"'
    return Response(content, media_type=_TYPES[name], headers={"Content-Disposition": saved_as})
