"""What people are called where their ids should not stand."""

from core.pseudonyms import Pseudonyms, is_pseudonym

ANN, BOB = "slack:T1:U0ANN45678", "slack:T1:U0BOB45678"


def test_a_name_is_the_same_every_time_under_one_key_and_another_under_another() -> None:
    ours, theirs = Pseudonyms(b"ours"), Pseudonyms(b"theirs")

    names = [ours.of(ANN), ours.of(ANN), ours.of(BOB), theirs.of(ANN)]

    assert len(set(names)) == 3
    assert all(is_pseudonym(each) and len(each) == len("person-") + 10 for each in names)
    assert not is_pseudonym(ANN)
    assert "ours" not in repr(ours)


def test_it_is_the_hmac_of_the_rfc() -> None:
    # RFC 4231, test case 2
    assert Pseudonyms(b"Jefe").of("what do ya want for nothing?") == "person-5bdcc146bf"
