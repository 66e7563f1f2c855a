"""All workspaces as one platform: each call goes to the workspace that it is about."""

import pytest

from bots.slack.everywhere import SlackEverywhere
from core import ports
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
