"""Slack's OAuth: the page on which someone allows an app into a workspace, and the token that is had for its code.

The flow: docs.slack.dev/authentication/installing-with-oauth.
"""

import secrets
from urllib.parse import urlencode

from aiohttp import web

from bots.pocket.slack_arguments import Arguments
from bots.pocket.slack_workspace import APP_ID, TEAM_ID, TEAM_NAME, Json, SlackError, Workspace, user_id


class Grants:
    """Who was let in, and where."""

    def __init__(self, workspace: Workspace) -> None:
        self.redirect_url = ""
        """Where the app wants people back, as its manifest says."""
        self.tokens: dict[str, str] = {}
        """Bots' tokens, each with its workspace's id."""
        self.codes: dict[str, str] = {}
        """What is to be had for a code, once: a workspace's id."""
        self._workspace = workspace

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The page, as if whoever opens it had pressed **Allow** at once: back to the app, with a code."""
        back = request.query.get("redirect_uri") or self.redirect_url
        if not back:
            return web.Response(text="The app has no redirect URL.", status=400)
        code = secrets.token_urlsafe(8)
        self.codes[code] = TEAM_ID
        raise web.HTTPFound(f"{back}?{urlencode({'code': code, 'state': request.query.get('state', '')})}")

    def access(self, given: Arguments) -> Json:
        """oauth.v2.access: a token for a code that a person came back with."""
        team = self.codes.pop(given.text("code"), "")
        if not team:
            raise SlackError("invalid_code")
        token = f"xoxb-{team}-{self._workspace.house.next_id():x}"
        self.tokens[token] = team
        return {
            "ok": True,
            "access_token": token,
            "token_type": "bot",
            "scope": "chat:write,commands",
            "bot_user_id": user_id(self._workspace.assistant),
            "app_id": APP_ID,
            "team": {"id": team, "name": TEAM_NAME if team == TEAM_ID else f"Team {team}"},
            "enterprise": None,
            "is_enterprise_install": False,
            "authed_user": {"id": "U0INSTALLER"},
        }

    def revoke(self, team: str) -> None:
        """Take every token in `team` back."""
        self.tokens = {token: where for token, where in self.tokens.items() if where != team}
