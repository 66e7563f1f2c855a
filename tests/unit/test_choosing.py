"""Which model answers in a channel: who is told what, and who may choose."""

import pytest

from core.errors import DatabaseUnavailableError
from core.hearing.choosing import Choosing
from core.hearing.commands import read_command
from core.language_models.scripted import ScriptedModel, words
from core.messages import Person, PersonRef, PlaceRef
from core.models import Models
from core.policy import Audience, OnePolicy, Policy
from core.store.memory import MemoryStore
from core.words import MODEL_NOT_YOURS, ONE_MODEL
from tests.unit.fakes import CLOCK

HERE = PlaceRef("slack", "T1", "C1", "1.0")
ADA = Person(PersonRef("slack", "T1", "UADA"), "Ada")
BEN = Person(PersonRef("slack", "T1", "UBEN"), "Ben", roles=("admin",))
OFFER = Policy(models=("org/Small", "org/large"), choose_model=Audience(roles=frozenset({"admin"})))


class Several(ScriptedModel):
    """A model whose server has others."""

    def __init__(self, identity="org/usual") -> None:
        super().__init__(lambda _: words("So."), identity)
        self.parameters = {"max_tokens": 2048}

    def other(self, name, parameters):
        other = Several(name or self.identity.id)
        other.parameters = {**self.parameters, **parameters}
        return other


class Room:
    def __init__(self, policy=OFFER, model=None, system_prompt="Be kind.") -> None:
        self.store, self.policies = MemoryStore(), OnePolicy(policy)
        self.models = Models(model or Several(), self.policies, self.store, system_prompt)
        self.choosing = Choosing(self.store, self.models, self.policies, CLOCK, "test")
        self.acts = 0

    async def chooses(self, name, person=BEN):
        self.acts += 1
        return await self.choosing.choose(name, person, HERE, act=f"act{self.acts}")

    async def answers(self, place=HERE):
        return (await self.models.at(place)).identity.id


async def test_who_may_choose_sets_the_model_of_the_channel_whatever_the_capitals():
    room = Room()

    told = await room.chooses("ORG/small")

    assert "**org/Small**" in told
    assert await room.answers() == "org/Small"
    assert await room.answers(PlaceRef("slack", "T1", "C1", "another thread")) == "org/Small"
    assert await room.answers(PlaceRef("slack", "T1", "C2")) == "org/usual"


async def test_default_takes_a_choice_back_to_the_model_that_the_file_names():
    room = Room(Policy(model="org/filed", models=("a",), choose_model=Audience(people=frozenset({"UADA"}))))
    await room.chooses("a", ADA)

    told = await room.chooses("Default", ADA)

    assert "**org/filed**" in told
    assert await room.answers() == "org/filed"


@pytest.mark.parametrize(
    ("policy", "model", "name", "person", "expected"),
    [
        (OFFER, None, "org/large", ADA, MODEL_NOT_YOURS),
        (OFFER, None, "default", ADA, MODEL_NOT_YOURS),
        (Policy(models=("a",)), None, "a", BEN, MODEL_NOT_YOURS),
        (Policy(), None, "a", BEN, ONE_MODEL),
        (OFFER, ScriptedModel(lambda _: []), "org/large", BEN, ONE_MODEL),
        (OFFER, None, "org/other", BEN, "“org/other” is not offered here. You may choose"),
    ],
)
async def test_who_may_not_choose_and_what_is_not_offered_is_refused_in_words(policy, model, name, person, expected):
    room = Room(policy, model)

    told = await room.chooses(name, person)

    assert told.startswith(expected)
    assert [each async for each in room.store.records()] == []


async def test_everyone_is_told_which_model_answers_and_how_and_those_who_may_what_else_there_is():
    room = Room()
    await room.chooses("org/large")

    everyone, chooser = await room.choosing.tell(ADA, HERE), await room.choosing.tell(BEN, HERE)

    assert everyone.splitlines() == [
        "Here **org/large** answers, chosen by someone here.",
        "- Parameters: max_tokens 2048",
        "- System prompt: there is one",
    ]
    assert chooser.startswith(everyone)
    assert "`org/Small`, `org/large`" in chooser
    assert "`/plaudit model default` is org/usual" in chooser


async def test_the_words_of_the_system_prompt_are_told_where_that_is_allowed_and_no_address_is():
    room = Room(Policy(show_system_prompt=True), Several("http://10.0.0.7:8080/v1"))

    told = await room.choosing.tell(ADA, HERE)

    assert "“Be kind.”" in told
    assert "10.0.0.7" not in told
    assert "the usual model" in told


async def test_what_is_offered_no_more_is_chosen_no_more():
    room = Room()
    await room.chooses("org/large")

    room.policies = OnePolicy(Policy(models=("org/Small",)))
    room.models._policies = room.policies

    assert await room.answers() == "org/usual"


async def test_a_choice_is_a_record_of_whoever_made_it_unless_nothing_of_theirs_is_kept(monkeypatch):
    room = Room()

    await room.chooses("org/large")
    monkeypatch.setattr(room.store, "opted_out", _yes)
    await room.chooses("org/Small")

    records = [each async for each in room.store.records()]
    assert [(each.type, each.data["model"], each.subject) for each in records] == [
        ("choose_model", "org/large", BEN.ref.key),
        ("choose_model", "org/Small", None),
    ]


async def _yes(_person):
    return True


async def test_while_the_database_is_away_the_usual_model_answers(monkeypatch, caplog):
    room = Room()

    async def away(_place):
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr(room.store, "chosen_model", away)

    assert await room.answers() == "org/usual"
    assert "choice_not_known" in [each.message for each in caplog.records]


@pytest.mark.parametrize(
    ("text", "models", "expected"),
    [
        ("model", (), ["model"]),
        ("Model org/Large", ("org/large",), ["model", "org/large"]),
        ("model default", (), ["model", "default"]),
        ("model citizens?", (), None),
        ("model a plane", ("a",), None),
    ],
)
def test_by_mention_two_words_choose_only_where_there_is_a_choice(text, models, expected):
    assert read_command(text, models) == expected
