"""Which language model answers where: the one of the settings, or what a place's policy makes of it."""

from core.messages import PlaceRef
from core.policy import Policies
from core.ports import CanBeAnother, LanguageModel


class Models:
    """Finds the model of a place; each is made once."""

    def __init__(self, usual: LanguageModel, policies: Policies, system_prompt: str = "") -> None:
        self._usual = usual
        self._policies = policies
        self._system_prompt = system_prompt
        self._others: dict[tuple[str, frozenset[tuple[str, int | float]]], LanguageModel] = {}

    def at(self, place: PlaceRef) -> LanguageModel:
        """The model that answers there."""
        policy = self._policies.at(place)
        if not (policy.model or policy.parameters) or not isinstance(self._usual, CanBeAnother):
            return self._usual
        key = policy.model, frozenset(policy.parameters.items())
        if key not in self._others:
            self._others[key] = self._usual.other(policy.model, policy.parameters)
        return self._others[key]

    def system_prompt(self, place: PlaceRef) -> str:
        """What it is told there before every conversation."""
        return self._policies.at(place).system_prompt or self._system_prompt
