"""Whether a question is answered: who may ask there, what of their day's budget is left, and how busy we are."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from core.budgets import Budget, Spending, Spent
from core.clock import Clock
from core.events import MessageReceived
from core.messages import PersonRef, PlaceRef
from core.policy import Policies
from core.words import BUSY, NOT_ANSWERED, SPENT, SPENT_HERE

IsKnown: TypeAlias = Callable[[], Awaitable[bool]]


class Admission:
    """Lets questions in, or says why not."""

    def __init__(
        self, policies: Policies, spending: Spending | None, clock: Clock, *, waiting: Callable[[], int], most: int
    ) -> None:
        """`waiting`: how many replies are in the making or waiting here; `most`: how many may be."""
        self._policies = policies
        self._spending = spending
        self._clock = clock
        self._waiting = waiting
        self._most = most

    async def refusal(self, event: MessageReceived, is_known: IsKnown) -> str:
        """What to tell whoever asks; empty where their question is to be answered, which counts as one more.

        `is_known`: it was let in before. What is found later counts for nothing: it may be found again.

        Raises:
            DatabaseUnavailableError: what is spent cannot be read; the platform should deliver the event again.
        """
        policy, person = self._policies.at(event.place), event.author
        if not policy.answers(person.ref.id, person.roles, event.place.channel):
            return "" if await is_known() else NOT_ANSWERED
        if self._waiting() >= self._most:
            return "" if await is_known() else BUSY
        budget, spending = policy.budget, self._spending
        if budget.is_unlimited or spending is None or await is_known():
            return ""
        more = Spent() if event.found_later else Spent(turns=1)
        them = await self._of_person(budget, spending, person.ref, more)
        if them.is_over(budget.person_turns, budget.person_tokens):
            return SPENT  # and the channel's others lose nothing by it
        here = await self._of_channel(budget, spending, event.place, more)
        return SPENT_HERE if here.is_over(budget.channel_turns, budget.channel_tokens) else ""

    async def used(self, person: PersonRef | None, place: PlaceRef, tokens: int) -> None:
        """An answer has taken so many tokens. Raises DatabaseUnavailableError."""
        budget, spending = self._policies.at(place).budget, self._spending
        if tokens and spending is not None:
            if person is not None:
                await self._of_person(budget, spending, person, Spent(tokens=tokens))
            await self._of_channel(budget, spending, place, Spent(tokens=tokens))

    async def _of_person(self, budget: Budget, spending: Spending, person: PersonRef, more: Spent) -> Spent:
        if not (budget.person_turns or budget.person_tokens):
            return Spent()
        return await self._spend(spending, await spending.name_of(person.key), more)

    async def _of_channel(self, budget: Budget, spending: Spending, place: PlaceRef, more: Spent) -> Spent:
        if not (budget.channel_turns or budget.channel_tokens):
            return Spent()
        return await self._spend(spending, f"channel:{place.platform}:{place.workspace}:{place.channel}", more)

    async def _spend(self, spending: Spending, who: str, more: Spent) -> Spent:
        return (await spending.spend(self._clock.now().date(), {who: more}))[who]
