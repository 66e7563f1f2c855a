"""Which model answers in a channel: told to whoever asks, and chosen by those who may."""

from typing import Final

from core.clock import Clock
from core.messages import ModelIdentity, Person, PlaceRef
from core.models import Models
from core.policy import Policies
from core.ports import Store
from core.records import ChooseModel, envelop
from core.words import (
    CHOOSE_AMONG,
    CHOSEN,
    MODEL_HERE,
    MODEL_NOT_OFFERED,
    MODEL_NOT_YOURS,
    ONE_MODEL,
    USUAL_AGAIN,
    USUAL_MODEL,
)

DEFAULT: Final = "default"
"""What takes a choice back."""
_LONGEST_NAME: Final = 80


class Choosing:
    """Tells and sets the model of a channel, for all of its threads."""

    def __init__(self, store: Store, models: Models, policies: Policies, clock: Clock, environment: str) -> None:
        self._store = store
        self._models = models
        self._policies = policies
        self._clock = clock
        self._environment = environment

    async def tell(self, person: Person, place: PlaceRef) -> str:
        """Which model answers there, how it is asked, and what the person may choose instead.

        Raises DatabaseUnavailableError.
        """
        chosen, model = await self._models.chosen(place), await self._models.at(place)
        how = "chosen by someone here" if chosen else "as usual"
        lines = [MODEL_HERE.format(model=_name(model.identity), how=how)]
        if model.parameters:
            told = ", ".join(f"{name} {value}" for name, value in model.parameters.items())
            lines.append(f"- Parameters: {told}")
        lines.append(f"- System prompt: {self._system_prompt(place)}")
        if self._may_choose(person, place):
            lines.append(self._offer(place))
        return "\n".join(lines)

    async def choose(self, name: str, person: Person, place: PlaceRef, *, act: str) -> str:
        """Let the model called `name` answer there from now on, or the usual one again (`default`), if they may.

        `act` is the platform's name for what the person did. Returns what they are told. Raises
        DatabaseUnavailableError.
        """
        choices = self._models.choices(place)
        if not choices:
            return ONE_MODEL
        if not self._may_choose(person, place):
            return MODEL_NOT_YOURS
        offered = {DEFAULT: "", **{each.lower(): each for each in choices}}
        model = offered.get(name.lower())
        if model is None:
            return f"{MODEL_NOT_OFFERED.format(model=name[:_LONGEST_NAME])} {self._offer(place)}"
        await self._keep(model, person, place, act)
        if not model:
            return USUAL_AGAIN.format(model=_name(self._models.default(place).identity))
        return CHOSEN.format(model=model)

    def _may_choose(self, person: Person, place: PlaceRef) -> bool:
        chooser = self._policies.at(place).choose_model
        return bool(self._models.choices(place)) and chooser.names(person.ref.id, person.roles, place.channel)

    def _offer(self, place: PlaceRef) -> str:
        names = ", ".join(f"`{each}`" for each in self._models.choices(place))
        return CHOOSE_AMONG.format(names=names, usual=_name(self._models.default(place).identity))

    def _system_prompt(self, place: PlaceRef) -> str:
        words = self._models.system_prompt(place)
        if not words:
            return "none"
        return f"“{words}”" if self._policies.at(place).show_system_prompt else "there is one"

    async def _keep(self, model: str, person: Person, place: PlaceRef, act: str) -> None:
        record = envelop(
            ChooseModel(place=place.channel_key, model=model),
            environment=self._environment,
            at=self._clock.now(),
            where=place,
            key=f"{place.channel_key}{act}:model",
            subject=None if await self._store.opted_out(person.ref.key) else person.ref.key,
        )
        await self._store.append(record)


def _name(identity: ModelIdentity) -> str:
    """The model as people are told of it; an address is none of theirs."""
    return USUAL_MODEL if "://" in identity.id else identity.id
