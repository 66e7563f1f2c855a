"""Where a reply outside of threads goes on, and where it branches: by what stood there when it was written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.conversations import Conversations
from core.events import MessageReceived
from core.messages import Conversation, Message, MessageRef, ModelIdentity, Person, PersonRef, PlaceRef, Role

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLACE = PlaceRef("discord", "1", "2")
CONVERSATION = Conversation("c", ModelIdentity("m"), "Ada", PLACE, NOON)
FIRST = Message("first", "c", Role.ASSISTANT, "re: one", NOON + SECOND, parts=(MessageRef("discord", "1", "2", "11"),))
SECOND_ANSWER = replace(FIRST, id="second", timestamp=NOON + 3 * SECOND)


class Chain:
    """A store with one conversation of two answers."""

    async def message_at(self, _):
        return FIRST

    async def conversation(self, _):
        return CONVERSATION

    async def last_reply(self, _):
        return SECOND_ANSWER


@pytest.mark.parametrize(
    ("seconds", "goes_on"),
    [
        (2, True),  # before there was a second answer, however late it is heard
        (4, False),
    ],
)
async def test_a_reply_to_an_older_answer_branches_if_the_newer_one_was_there_when_it_was_written(seconds, goes_on):
    ada = Person(PersonRef("discord", "1", "7"), "Ada")
    reply = MessageReceived(
        event_id="e",
        at=NOON + seconds * SECOND,
        message=MessageRef("discord", "1", "2", "12"),
        place=PLACE,
        author=ada,
        text="and?",
        addressed=True,
        lasting=False,
        parent=FIRST.parts[0],
    )

    found = await Conversations(Chain(), None, None, "dev").continued(reply)

    assert found == ((CONVERSATION, None) if goes_on else (None, FIRST))
