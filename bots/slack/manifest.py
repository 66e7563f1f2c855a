"""What Slack has to know of the app: its manifest, for Socket Mode or for HTTP, with every scope that is needed.

The schema: docs.slack.dev/reference/app-manifest.
"""

from typing import Any, Final

import yaml

SCOPES: Final = {
    "app_mentions:read": "hearing mentions",
    "assistant:write": "saying that an answer is coming",
    "channels:history": "hearing comments in threads, and finding what was missed while the bot was away",
    "channels:read": "calling channels by their names, and knowing which to look into after the bot was away",
    "chat:write": "answering",
    "commands": "the command and the entries in a message's menu",
    "files:read": "reading what people attach to a question",
    "files:write": "handing people what is kept of them, and the digest's chart",
    "groups:history": "the same as channels:history, in private channels",
    "groups:read": "the same as channels:read, for private channels",
    "im:history": "hearing direct messages",
    "im:read": "knowing which conversations are direct",
    "im:write": "writing to a person alone",
    "mpim:history": "hearing group conversations",
    "reactions:read": "hearing votes",
    "reactions:write": "📝 on a comment that was kept",
    "team:read": "naming the workspace",
    "users:read": "telling people from bots",
}
"""Every scope of the bot's token, and what it is for."""
PATH: Final = "/slack/events"
"""Where events, interactions and commands come in over HTTP."""
REDIRECT: Final = "/slack/oauth_redirect"
"""Where people come back from Slack who installed the app."""
APP_SCOPE: Final = "connections:write"
"""The only scope of the app-level token: Socket Mode."""
_EVENTS: Final = (
    *("app_home_opened", "app_mention", "message.channels", "message.groups", "message.im", "message.mpim"),
    *("reaction_added", "reaction_removed"),
)
_HTTP_EVENTS: Final = ("app_uninstalled", "tokens_revoked")
"""With a token for each workspace it matters that one is taken away."""


def manifest(name: str = "plaudit", command: str = "/plaudit", *, url: str = "") -> dict[str, Any]:
    """The manifest (version 2) of an app that people call `name`.

    `url`: where Slack reaches the bot, without a path; empty for Socket Mode.
    """
    address = url.rstrip("/")
    settings: dict[str, Any] = {
        "event_subscriptions": {"bot_events": [*_EVENTS, *(_HTTP_EVENTS if address else ())]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": not address,
        "token_rotation_enabled": False,
        "org_deploy_enabled": False,
    }
    slash = {
        "command": command,
        "description": f"What {name} can do, and what it keeps of you",
        "usage_hint": "[help | reset | retry | stats | model | privacy]",
        "should_escape": False,
    }
    oauth: dict[str, Any] = {"scopes": {"bot": list(SCOPES)}}
    if address:
        settings["event_subscriptions"] = {
            "request_url": f"{address}{PATH}",
            **settings["event_subscriptions"],
        }
        settings["interactivity"]["request_url"] = f"{address}{PATH}"
        slash["url"] = f"{address}{PATH}"
        oauth = {"redirect_urls": [f"{address}{REDIRECT}"], **oauth}
    return {
        "_metadata": {"major_version": 2},
        "display_information": {
            "name": name[:1].upper() + name[1:],
            "description": "Answers questions; react to an answer to say how good it was.",
        },
        "features": {
            "bot_user": {"display_name": name, "always_online": True},
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "shortcuts": [
                _entry("Rate this reply", "plaudit_rate", f"Score an answer of {name} in detail"),
                _entry("Correct this reply", "plaudit_correct", f"Say what an answer of {name} should have been"),
            ],
            "slash_commands": [slash],
        },
        "oauth_config": oauth,
        "settings": settings,
    }


def as_yaml(content: dict[str, Any]) -> str:
    """The manifest as it is pasted."""
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120))


def _entry(name: str, callback: str, description: str) -> dict[str, str]:
    return {"name": name, "type": "message", "callback_id": callback, "description": description}
