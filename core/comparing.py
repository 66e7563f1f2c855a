"""What a platform shows on a reply against what stands of it in the log. Pure: it asks nobody."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from core.feedback import Assessment, Meaning, canonical_emoji
from core.messages import MessageRef, PersonRef
from core.opinions import reaction_origin
from core.ports import Reaction, Tally

Vote: TypeAlias = tuple[PersonRef, str]
"""A person and a canonical emoji."""


def differences(
    part: MessageRef,
    seen: Iterable[Reaction],
    standing: Iterable[Assessment],
    *,
    emoji: Mapping[str, Meaning],
    asked: datetime,
) -> tuple[list[Vote], list[Vote]]:
    """The votes on a part of a reply that the log lacks, and those that the platform no longer shows.

    `standing`: what stands of the whole reply; what was said on other parts, or in words, is not looked at, nor is
    what was said with another emoji than these. `asked`: when the platform was asked; it need not have seen what is
    newer.
    """
    there = dict.fromkeys((each.person, canonical_emoji(each.emoji)) for each in seen if not each.by_bot)
    kept = {
        (PersonRef.parse(each.source.id), name): each.at for each, name in _votes_on(part, standing) if name in emoji
    }
    missing = [each for each in there if each[1] in emoji and each not in kept]
    return missing, [each for each, at in kept.items() if each not in there and at <= asked]


@dataclass(frozen=True, slots=True)
class Doubts:
    """What the tallies of a message leave open."""

    to_ask: tuple[Tally, ...]
    """Those whose people have to be asked for."""
    left: frozenset[str]
    """The canonical emoji that are not looked at this time: the counts agree, the people are not known."""


def doubts(
    part: MessageRef,
    tallies: Sequence[Tally],
    standing: Iterable[Assessment],
    *,
    emoji: Collection[str],
    thoroughly: bool,
) -> Doubts:
    """Which people have to be asked for, and what is not looked at.

    Tones of one emoji are counted together. Equal counts may hide that one person's vote took the place of another's:
    `thoroughly` asks for the people all the same.
    """
    voters: dict[str, set[str]] = {}
    for each, name in _votes_on(part, standing):
        voters.setdefault(name, set()).add(each.source.id)
    to_ask: list[Tally] = []
    left = set()
    for name, group in _by_emoji(tallies).items():
        unknown = [each for each in group if each.people is None and each.count]
        if name not in emoji or not unknown:
            continue
        if thoroughly or sum(each.count for each in group) != len(voters.get(name, ())):
            to_ask += unknown
        else:
            left.add(name)
    return Doubts(tuple(to_ask), frozenset(left))


def known_people(tallies: Iterable[Tally]) -> list[Reaction]:
    """Everyone of whom the tallies tell."""
    return [person for each in tallies for person in each.people or ()]


def _by_emoji(tallies: Iterable[Tally]) -> dict[str, list[Tally]]:
    groups: dict[str, list[Tally]] = {}
    for each in tallies:
        groups.setdefault(canonical_emoji(each.emoji), []).append(each)
    return groups


def _votes_on(part: MessageRef, standing: Iterable[Assessment]) -> list[tuple[Assessment, str]]:
    prefix = reaction_origin(part, "")
    return [(each, each.origin.removeprefix(prefix)) for each in standing if each.origin.startswith(prefix)]
