"""Slack's reactions.*, users.*, bots.info, team.info and auth.test: who is there, and what they put on messages."""

from bots.pocket.slack_arguments import Arguments
from bots.pocket.slack_emoji import house_emoji
from bots.pocket.slack_workspace import (
    TEAM_ID,
    TEAM_NAME,
    TEAM_URL,
    Json,
    SlackError,
    Workspace,
    bot_id,
    channel_id,
    user_id,
)
from bots.pocket.things import Message


def auth_test(workspace: Workspace, given: Arguments) -> Json:
    """auth.test: who the token is."""
    del given  # it takes none
    return {
        "ok": True,
        "url": TEAM_URL,
        "team": TEAM_NAME,
        "user": workspace.assistant.name,
        "team_id": TEAM_ID,
        "user_id": user_id(workspace.assistant),
        "bot_id": bot_id(workspace.assistant),
        "is_enterprise_install": False,
    }


def add_reaction(workspace: Workspace, given: Arguments) -> Json:
    """reactions.add."""
    message, emoji = _target(workspace, given)
    if not workspace.house.react(workspace.assistant, message, emoji):
        raise SlackError("already_reacted")
    return {"ok": True}


def remove_reaction(workspace: Workspace, given: Arguments) -> Json:
    """reactions.remove."""
    message, emoji = _target(workspace, given)
    if not workspace.house.unreact(workspace.assistant, message, emoji):
        raise SlackError("no_reaction")
    return {"ok": True}


def get_reactions(workspace: Workspace, given: Arguments) -> Json:
    """reactions.get of a message; `full` tells everyone who reacted."""
    room = workspace.find_room(given.text("channel"))
    message = workspace.find_message(room, given.text("timestamp"))
    shown = workspace.message_in_full(message, everyone=given.flag("full"))
    return {"ok": True, "type": "message", "channel": channel_id(room), "message": shown}


def list_reactions(workspace: Workspace, given: Arguments) -> Json:
    """reactions.list: what the bot, or `user`, has reacted to, newest first, all on one page."""
    person = workspace.find_person(given.text("user")) if given.text("user") else workspace.assistant
    reacted = [
        {"type": "message", "channel": channel_id(each.room), "message": workspace.message_in_full(each)}
        for each in reversed(workspace.house.messages.values())
        if each.room.platform == "slack" and each.stands and any(person in some for some in each.reactions.values())
    ]
    return {"ok": True, "items": reacted, "response_metadata": {"next_cursor": ""}}


def user_info(workspace: Workspace, given: Arguments) -> Json:
    """users.info."""
    return {"ok": True, "user": workspace.user(workspace.find_person(given.text("user")))}


def list_users(workspace: Workspace, given: Arguments) -> Json:
    """users.list, all on one page."""
    del given  # its arguments only cut pages
    people = [each for each in workspace.house.people.values() if each.platform in {None, "slack"}]
    return {"ok": True, "members": [workspace.user(each) for each in people], "response_metadata": {"next_cursor": ""}}


def bot_info(workspace: Workspace, given: Arguments) -> Json:
    """bots.info."""
    for person in workspace.house.people.values():
        if person.is_bot and bot_id(person) == given.text("bot"):
            named = {"id": bot_id(person), "name": person.name, "user_id": user_id(person)}
            return {"ok": True, "bot": {**named, "deleted": False, "updated": person.id // 1_000_000}}
    raise SlackError("bot_not_found")


def team_info(workspace: Workspace, given: Arguments) -> Json:
    """team.info."""
    del workspace, given  # there is one team, always the same
    return {"ok": True, "team": {"id": TEAM_ID, "name": TEAM_NAME, "domain": TEAM_NAME.lower(), "url": TEAM_URL}}


def _target(workspace: Workspace, given: Arguments) -> tuple[Message, str]:
    room = workspace.find_room(given.text("channel"))
    emoji = house_emoji(given.text("name"))
    if emoji is None:
        raise SlackError("invalid_name")
    if not given.text("timestamp"):
        raise SlackError("no_item_specified")
    return workspace.find_message(room, given.text("timestamp")), emoji


METHODS = {
    "auth.test": auth_test,
    "reactions.add": add_reaction,
    "reactions.remove": remove_reaction,
    "reactions.get": get_reactions,
    "reactions.list": list_reactions,
    "users.info": user_info,
    "users.list": list_users,
    "bots.info": bot_info,
    "team.info": team_info,
}
