"""What a platform shows on a reply, held against what stands of it in the log."""

from datetime import UTC, datetime, timedelta

from core.feedback import Assessment, AssessmentSource, SourceType
from core.judging.opinions import comment_origin, reaction_origin
from core.messages import MessageRef, PersonRef
from core.policy import DEFAULT
from core.ports import Reaction, Tally
from core.reconciling.comparing import Differences, Doubts, differences, doubts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PART, OTHER_PART = MessageRef("fake", "w", "room", "m1"), MessageRef("fake", "w", "room", "m2")
BEN, CHLOE, ROBOT = (PersonRef("fake", "w", name) for name in ("ben", "chloe", "robot"))
EMOJI = DEFAULT.emoji


def stands(person, origin, *, at=NOW):
    source = AssessmentSource(SourceType.HUMAN, person.key)
    return Assessment("a", "reply", "c", "user_feedback", value=True, source=source, origin=origin, at=at)


def test_only_what_differs_is_told():
    seen = [Reaction(BEN, "👍🏽"), Reaction(BEN, "🎉"), Reaction(CHLOE, "+1"), Reaction(ROBOT, "👍", by_bot=True)]
    standing = [
        stands(CHLOE, reaction_origin(PART, "👍")),
        stands(CHLOE, reaction_origin(PART, "👎")),
        stands(BEN, reaction_origin(OTHER_PART, "👎")),
        stands(BEN, comment_origin(MessageRef("fake", "w", "room", "c1"))),
    ]

    found = differences(PART, seen, standing, emoji=EMOJI, asked=NOW, told=NOW)

    assert found == Differences(missing=((BEN, "👍🏽"),), gone={(CHLOE, "👎"): NOW})


def test_each_tone_of_an_emoji_stands_by_itself():
    standing = [stands(BEN, reaction_origin(PART, each)) for each in ("👍", "👍🏽")]

    found = differences(
        PART, [Reaction(BEN, "+1::skin-tone-4"), Reaction(BEN, "👍🏿")], standing, emoji=EMOJI, asked=NOW, told=NOW
    )

    assert found == Differences(missing=((BEN, "👍🏿"),), gone={(BEN, "👍"): NOW})


def test_what_is_not_sure_yet_is_not_looked_at():
    seen, standing = [Reaction(BEN, "👍"), Reaction(BEN, "👎")], [stands(CHLOE, reaction_origin(PART, "👎"))]

    some = differences(PART, seen, standing, emoji=EMOJI, asked=NOW, told=NOW, but={"👎"})
    others = differences(PART, seen, standing, emoji=EMOJI, asked=NOW, told=NOW, among={"👎"})

    assert some == Differences(missing=((BEN, "👍"),))
    assert others == Differences(missing=((BEN, "👎"),), gone={(CHLOE, "👎"): NOW})


def test_what_was_heard_after_the_platform_was_asked_is_not_taken_back():
    later = NOW + timedelta(seconds=1)
    standing = [stands(BEN, reaction_origin(PART, "👍"), at=later)]

    assert differences(PART, [], standing, emoji=EMOJI, asked=NOW, told=NOW) == Differences(open_until=later)


def test_a_vote_that_comes_long_after_now_was_told_by_a_wrong_clock():
    ahead = NOW + timedelta(seconds=90)
    standing = [stands(BEN, reaction_origin(PART, "👍"), at=ahead)]

    found = differences(PART, [], standing, emoji=EMOJI, asked=NOW, told=NOW + timedelta(seconds=1))

    assert found == Differences(gone={(BEN, "👍"): ahead})


def test_what_is_no_longer_on_the_map_is_left_as_it_was_said():
    standing = [stands(BEN, reaction_origin(PART, "🦄"))]

    assert differences(PART, [Reaction(CHLOE, "🦄")], standing, emoji=EMOJI, asked=NOW, told=NOW) == Differences()


def test_where_people_are_not_told_the_counts_tell_whom_to_ask_for():
    agrees, differs, unmapped, own = (
        Tally("👍🏽", 1, None),
        Tally("👎", 2, None),
        Tally("🎉", 9, None),
        Tally("🤔", 0, ()),
    )
    standing = [stands(BEN, reaction_origin(PART, "👍🏽")), stands(BEN, reaction_origin(PART, "👎"))]

    found = doubts(PART, [agrees, differs, unmapped, own], standing, emoji=EMOJI)

    assert found.differing == (differs,)
    assert found.agreeing == (agrees,)


def test_each_tone_of_an_emoji_is_counted_by_itself():
    pale, dark = Tally("👍🏻", 1, None), Tally("👍🏿", 1, None)
    standing = [stands(BEN, reaction_origin(PART, "👍🏻")), stands(CHLOE, reaction_origin(PART, "👍"))]

    assert doubts(PART, [pale, dark], standing, emoji=EMOJI) == Doubts(agreeing=(pale,), differing=(dark,))


def test_nobody_is_asked_for_whom_the_page_has_named():
    told = Tally("👍", 1, (Reaction(BEN, "👍"),))

    assert doubts(PART, [told], [], emoji=EMOJI) == Doubts()
