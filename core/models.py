"""Which language model answers where: the one of the settings, what a place's policy makes of it, or a chosen one."""

import logging

from core.errors import DatabaseUnavailableError
from core.messages import PlaceRef
from core.policy import Policies
from core.ports import CanBeAnother, LanguageModel, Store

logger = logging.getLogger(__name__)


class Models:
    """Finds the model of a place; each is made once."""

    def __init__(self, usual: LanguageModel, policies: Policies, store: Store, system_prompt: str = "") -> None:
        self._usual = usual
        self._policies = policies
        self._store = store
        self._system_prompt = system_prompt
        self._others: dict[tuple[str, frozenset[tuple[str, int | float]]], LanguageModel] = {}

    async def at(self, place: PlaceRef) -> LanguageModel:
        """The model that answers there. While the database is away, nobody's choice is known."""
        try:
            chosen = await self.chosen(place)
        except DatabaseUnavailableError as error:
            logger.warning("choice_not_known", extra={"channel": place.channel, "error": str(error)})
            chosen = ""
        return self._named(chosen, place)

    def default(self, place: PlaceRef) -> LanguageModel:
        """The one that answers there where nobody has chosen."""
        return self._named("", place)

    def choices(self, place: PlaceRef) -> tuple[str, ...]:
        """The ids that can be chosen among there."""
        return self._policies.at(place).models if isinstance(self._usual, CanBeAnother) else ()

    async def chosen(self, place: PlaceRef) -> str:
        """Which of them was chosen there; empty where none was, or it is offered no more.

        Raises DatabaseUnavailableError.
        """
        choices = self.choices(place)
        chosen = await self._store.chosen_model(place) if choices else ""
        return chosen if chosen in choices else ""

    def system_prompt(self, place: PlaceRef) -> str:
        """What it is told there before every conversation."""
        return self._policies.at(place).system_prompt or self._system_prompt

    def _named(self, chosen: str, place: PlaceRef) -> LanguageModel:
        policy = self._policies.at(place)
        name = chosen or policy.model
        if not (name or policy.parameters) or not isinstance(self._usual, CanBeAnother):
            return self._usual
        key = name, frozenset(policy.parameters.items())
        if key not in self._others:
            self._others[key] = self._usual.other(name, policy.parameters)
        return self._others[key]
