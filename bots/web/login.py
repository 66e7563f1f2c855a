"""How a browser comes to have a key: a page that asks for it, and a cookie that keeps it from scripts."""

from html import escape
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bots.web.access import COOKIE
from bots.web.services import InService
from core.store.web_keys import Scope

router = APIRouter(include_in_schema=False)

_HOME: Final = "/dashboard"
_DAYS: Final = 30
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plaudit: a key, please</title>
<link rel="stylesheet" href="/plain.css">
</head>
<body>
<main class="narrow">
<h1>Plaudit</h1>
<form method="post" action="/login">
<label for="key">Your key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
{problem}
<button>Come in</button>
</form>
<p>Whoever runs Plaudit makes one by <code>plaudit keys add NAME --scope read</code>.</p>
</main>
</body>
</html>
"""


@router.get("/login")
async def ask() -> HTMLResponse:
    """The page that asks for a key."""
    return HTMLResponse(_PAGE.format(problem=""))


@router.post("/login")
async def take(request: Request, services: InService) -> Response:
    """Take a key, if it opens anything that is to be looked at."""
    # By hand: FastAPI would want a library more for a form of one field.
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    key = fields.get("key", [""])[0].strip()
    try:
        await services.access.caller_with(request, key, Scope.READ)
    except HTTPException as refused:
        problem = f'<p class="problem" role="alert">{escape(str(refused.detail))}</p>'
        return HTMLResponse(_PAGE.format(problem=problem), refused.status_code)
    answer = RedirectResponse(_HOME, 303)
    answer.set_cookie(
        COOKIE,
        key,
        max_age=_DAYS * 86_400,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
async def leave() -> Response:
    """Forget the key."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
