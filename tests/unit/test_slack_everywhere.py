"""All workspaces as one platform: each call goes to the workspace that it is about."""

import pytest

from bots.slack.everywhere import SlackEverywhere
from core import ports
from core.errors import PlatformError
from core.messages import Attached, MessageRef, PlaceRef

OF_PLACES = (
    ports.CanReact,
    ports.CanOffer,
    ports.CanTellPrivately,
    ports.CanStream,
    ports.CanShareFile,
    ports.CanFetch,
    ports.CanLink,
    ports.CanTellRoles,
    ports.CanLookBack,
    ports.CanTellRooms,
    ports.CanFindOwn,
)
"""What is asked for by a place, a message or a person; the rest is asked of the workspace that an act came from."""


class Workspace:
    """One of them."""

    async def files_beside(self, message, place):
        return [Attached("a.txt", "text/plain", 1, "https://files.slack.com/a", message.workspace)]

    async def fetch(self, file, limit):
        return file.workspace.encode()[:limit]


@pytest.mark.parametrize("ability", OF_PLACES)
def test_all_of_them_can_what_one_can(ability):
    assert isinstance(SlackEverywhere(None, streams=True), ability)


async def test_a_file_is_fetched_from_the_workspace_that_it_was_shared_in():
    asked = []

    async def workspace(team):
        asked.append(team)
        return Workspace()

    everywhere = SlackEverywhere(workspace, streams=True)

    [file] = await everywhere.files_beside(MessageRef("slack", "T2", "C1", "1.0"), PlaceRef("slack", "T2", "C1", "1.0"))

    assert await everywhere.fetch(file, 100) == b"T2"
    assert asked == ["T2", "T2"]


class Talkative(Workspace):
    """One that is in a room, unless it is out of order."""

    def __init__(self, team):
        self.team = team

    async def rooms_since(self, since, in_turn):
        if self.team == "T1":
            raise PlatformError("missing_scope")
        return [PlaceRef("slack", self.team, "C1", "")]


async def test_a_workspace_that_does_not_tell_its_rooms_does_not_hide_those_of_the_others(caplog):
    async def workspace(team):
        return Talkative(team)

    everywhere = SlackEverywhere(workspace, teams=lambda: ("T1", "T2"), streams=True)

    assert [each.workspace for each in await everywhere.rooms_since(None, None)] == ["T2"]
    assert [(each.message, each.workspace) for each in caplog.records] == [("rooms_not_known", "T1")]
