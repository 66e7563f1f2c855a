"""What a platform shows on a reply against what stands of it in the log. Pure: it asks nobody."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from core.feedback import Assessment, canonical_emoji, toned_emoji
from core.judging.opinions import reaction_origin
from core.messages import MessageRef, PersonRef
from core.ports import Reaction, Tally

Vote: TypeAlias = tuple[PersonRef, str]
"""A person and an emoji, as `toned_emoji` names it."""
AHEAD: Final = timedelta(seconds=5)
"""By so much the clocks of a platform and of ours may differ without anything being wrong."""


@dataclass(frozen=True, slots=True)
class Differences:
    """How a part of a reply differs from the log."""

    missing: tuple[Vote, ...] = ()
    """Votes that the log lacks."""
    gone: Mapping[Vote, datetime] = field(default_factory=dict)
    """Votes that it no longer shows, each with its moment."""
    open_until: datetime | None = None
    """The moment of the newest vote of which it is not known: the platform was asked before it, or a clock is wrong."""


def differences(
    part: MessageRef,
    seen: Iterable[Reaction],
    standing: Iterable[Assessment],
    *,
    emoji: Collection[str],
    asked: datetime,
    told: datetime,
    among: Collection[str] | None = None,
    but: Collection[str] = (),
) -> Differences:
    """What a platform shows on a part of a reply against what the log holds of it.

    `standing`: what stands of the whole reply; what was said on other parts, or in words, is not looked at, nor is
    what was said with another emoji than these (canonical). `asked`: when the platform was asked; it need not have
    seen what is newer, but for what is far ahead of when it had `told`: then a clock was wrong. `among`, `but`: what
    alone, and what not to look at, with their tones.
    """

    def is_looked_at(name: str) -> bool:
        return canonical_emoji(name) in emoji and (among is None or name in among) and name not in but

    there = dict.fromkeys((each.person, toned_emoji(each.emoji)) for each in seen if not each.by_bot)
    kept = {
        (PersonRef.parse(each.source.id), name): each.at
        for each, name in _votes_on(part, standing)
        if is_looked_at(name)
    }
    missing = tuple(each for each in there if is_looked_at(each[1]) and each not in kept)
    not_there = {vote: at for vote, at in kept.items() if vote not in there}
    gone = {vote: at for vote, at in not_there.items() if at <= asked or is_ahead(at, told)}
    return Differences(missing, gone, max((at for vote, at in not_there.items() if vote not in gone), default=None))


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether `moment` was told by a clock that is wrong, or `now` is."""
    return moment > now + AHEAD


@dataclass(frozen=True, slots=True)
class Doubts:
    """What the tallies of a message leave open: emoji whose people the platform has not told of."""

    differing: tuple[Tally, ...] = ()
    """Their counts are not those of the log."""
    agreeing: tuple[Tally, ...] = ()
    """Equal counts may hide that one person's vote took the place of another's."""


def doubts(
    part: MessageRef, tallies: Sequence[Tally], standing: Iterable[Assessment], *, emoji: Collection[str]
) -> Doubts:
    """Which people would have to be asked for. Each tone of an emoji is counted by itself."""
    voters: dict[str, set[str]] = {}
    for each, name in _votes_on(part, standing):
        voters.setdefault(name, set()).add(each.source.id)
    differing: list[Tally] = []
    agreeing: list[Tally] = []
    for name, group in _by_emoji(tallies).items():
        if canonical_emoji(name) in emoji:
            agrees = sum(each.count for each in group) == len(voters.get(name, ()))
            (agreeing if agrees else differing).extend(each for each in group if each.people is None and each.count)
    return Doubts(tuple(differing), tuple(agreeing))


def names_of(tallies: Iterable[Tally]) -> frozenset[str]:
    """Their emoji, with their tones."""
    return frozenset(toned_emoji(each.emoji) for each in tallies)


def known_people(tallies: Iterable[Tally]) -> list[Reaction]:
    """Everyone of whom the tallies tell."""
    return [person for each in tallies for person in each.people or ()]


def _by_emoji(tallies: Iterable[Tally]) -> dict[str, list[Tally]]:
    groups: dict[str, list[Tally]] = {}
    for each in tallies:
        groups.setdefault(toned_emoji(each.emoji), []).append(each)
    return groups


def _votes_on(part: MessageRef, standing: Iterable[Assessment]) -> list[tuple[Assessment, str]]:
    prefix = reaction_origin(part, "")
    return [(each, each.origin.removeprefix(prefix)) for each in standing if each.origin.startswith(prefix)]
