"""What people think of the replies by what the platform shows, told from outside: it knows no log, no store, no bot.

Time is counted in acts. An act that the bot must have heard happened at its own number, and of several contrary ones
the later counts. It is lenient where a platform does not tell, and nowhere else:

- What was done while the bot was away, or so shortly before that it may not have been kept, is found by what stands.
  In what order contrary reactions (or wordings) of one person came about is then not to be seen: such an act counts as
  done at any time from the act (from the first of the same sign, where it was taken away and put there again unseen)
  until all was found.
- A press or a form whose acknowledgement never came may count or not.
- What stands on a reply that was deleted since is looked at no more.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

FEEDBACK, RATING, CATEGORY = "user_feedback", "user_rating", "user_category"
COMMENT, EXPECTED = "user_comment", "expected_response"
_SIDE_BY_SIDE: Final = (CATEGORY, COMMENT)
_EVER: Final = 1_000_000_000

Slot: TypeAlias = Hashable
"""What an opinion was said with: an emoji on a part, the buttons, a field of the form, a message."""


@dataclass(slots=True)
class Said:
    """A value under a name, said at some time from `low` to `high`."""

    name: str
    value: Any
    low: int
    high: int
    before: int
    """`low`, should it not have been heard."""


Maybe: TypeAlias = "list[Said | None]"
"""What a slot may hold; None: nothing."""


@dataclass(slots=True)
class Judgement:
    """What one person says of one reply."""

    slots: dict[Slot, Maybe] = field(default_factory=dict)
    gone: dict[Slot, int] = field(default_factory=dict)
    """Of what was taken away since all was found last: when it was said first."""


class Oracle:
    """Is told of every act, and says what may stand."""

    def __init__(self) -> None:
        self.now = 0
        self.is_heard = True
        """The bot hears what is done, and keeps it before anything happens to it."""
        self._judgements: dict[tuple[Hashable, Hashable], Judgement] = {}
        self._fresh: list[Said] = []
        """What was heard, unless something happens to the bot before all is found."""
        self._unseen: list[Said] = []

    def broken(self) -> None:
        """Something happens to the bot: what was not found by now may be found late."""
        self.is_heard = False
        for each in self._fresh:
            each.low, each.high = each.before, _EVER
        self._unseen += self._fresh
        self._fresh = []

    def all_found(self) -> None:
        """The log agrees with what the platform shows, and the bot listens."""
        self.is_heard = True
        for each in self._unseen:
            each.high = min(each.high, self.now)
        self._unseen, self._fresh = [], []
        for each in self._judgements.values():
            each.gone.clear()

    def says(self, person: Hashable, reply: Hashable, slot: Slot, name: str, value: Any) -> None:
        """Something stands, for everyone to see, from now on."""
        said = self._said(name, value)
        judgement = self.of(person, reply)
        there = [each.before for each in judgement.slots.get(slot, ()) if each]
        said.before = min([said.low, *there, judgement.gone.get(slot, said.low)])
        judgement.slots[slot] = [said]
        if self.is_heard:
            self._fresh.append(said)
        else:
            said.low, said.high = said.before, _EVER
            self._unseen.append(said)

    def takes_back(self, person: Hashable, reply: Hashable, slot: Slot) -> None:
        """It stands no more."""
        judgement = self.of(person, reply)
        there = [each.before for each in judgement.slots.pop(slot, ()) if each]
        if there:
            judgement.gone[slot] = min(there)

    def presses(
        self, person: Hashable, reply: Hashable, told: Mapping[Slot, tuple[str, Any] | None], *, kept: bool
    ) -> None:
        """Something is said in private, or taken back (None); not `kept`: nobody knows whether it was heard."""
        judgement = self.of(person, reply)
        self.now += 1
        for slot, what in told.items():
            said = None if what is None else Said(*what, self.now, self.now, self.now)
            if kept:
                judgement.slots[slot] = [said]
                continue
            if said is not None:
                said.high = _EVER
                self._unseen.append(said)
            judgement.slots.setdefault(slot, [None]).append(said)

    def of(self, person: Hashable, reply: Hashable) -> Judgement:
        """All that a person says of a reply."""
        return self._judgements.setdefault((person, reply), Judgement())

    def differences(self, reply: Hashable, found: Mapping[Hashable, "Found"]) -> list[str]:
        """What is wrong with what the log says of a reply, by person."""
        people = {person for person, other in self._judgements if other == reply} | set(found)
        wrong = []
        for person in people:
            said = list(self.of(person, reply).slots.values())
            wrong += [f"{person}: {each}" for each in _differences(said, found.get(person, Found()))]
        return wrong

    def _said(self, name: str, value: Any) -> Said:
        self.now += 1
        return Said(name, value, self.now, self.now, self.now)


@dataclass(slots=True)
class Found:
    """What the log says of one person and reply: (name, value), of all that stands and of what counts."""

    standing: list[tuple[str, Any]] = field(default_factory=list)
    counting: list[tuple[str, Any]] = field(default_factory=list)


def _differences(said: list[Maybe], found: Found) -> Iterable[str]:
    if not _is_one_of(said, found.standing):
        yield f"there stands {_shown(found.standing)}, and there should {said}"
        return
    for name in {each.name for slot in said for each in slot if each} | {name for name, _ in found.counting}:
        counting = [value for other, value in found.counting if other == name]
        standing = [value for other, value in found.standing if other == name]
        if name == COMMENT:
            is_right = sorted(counting) == sorted(standing)
        elif name == CATEGORY:
            is_right = sorted(counting) == sorted(set(standing))
        else:
            is_right = _may_count(name, said, standing, counting)
        if not is_right:
            yield f"{name} is {counting}, of {said}"


def _is_one_of(said: list[Maybe], standing: list[tuple[str, Any]]) -> bool:
    """Whether what stands is what one of the possibilities comes to."""
    left = [repr(each) for each in standing]
    open_: list[Maybe] = []
    for slot in said:
        if len(slot) > 1:
            open_.append(slot)
        elif slot[0] is not None:
            if (one := repr((slot[0].name, slot[0].value))) not in left:
                return False
            left.remove(one)
    return _fits(open_, left)


def _fits(open_: list[Maybe], left: list[str]) -> bool:
    if not open_:
        return not left
    first, *others = open_
    for each in {None if said is None else repr((said.name, said.value)) for said in first}:
        if each is None:
            if _fits(others, left):
                return True
        elif each in left and _fits(others, [*left[: left.index(each)], *left[left.index(each) + 1 :]]):
            return True
    return False


def _may_count(name: str, said: list[Maybe], standing: list[Any], counting: list[Any]) -> bool:
    """Whether the one value that counts may be the latest."""
    if len(counting) != min(1, len(standing)):
        return False
    slots = [[each for each in slot if each and each.name == name] for slot in said]
    surely = [slot for slot, whole in zip(slots, said, strict=True) if slot and len(slot) == len(whole)]
    return not counting or any(
        repr(each.value) == repr(counting[0])
        and not any(other is not slot and min(late.low for late in other) > each.high for other in surely)
        for slot in slots
        for each in slot
    )


def _shown(pairs: list[tuple[str, Any]]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in sorted(pairs, key=repr)) or "nothing"
