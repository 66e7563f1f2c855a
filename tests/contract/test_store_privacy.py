"""What people may say of what is kept of them, and what every store does about it."""

from dataclasses import replace

from tests.contract.store_stories import consented, moment, said, started

ANN = "slack:T1:U12345678"


async def test_nobody_has_opted_out_who_did_not_say_so(store) -> None:
    await store.append(consented("slack:T1:U2", keep=False))

    assert not await store.opted_out(ANN)


async def test_the_last_word_of_a_person_decides_whether_anything_is_kept(store) -> None:
    await store.append(consented(ANN, 2, keep=False), consented(ANN, 1, keep=True))
    out, at = await store.opted_out(ANN), await store.consented_at(ANN)

    await store.append(consented(ANN, 3, keep=True))

    assert out
    assert at == moment(2)
    assert not await store.opted_out(ANN)
    assert await store.consented_at("slack:T1:U2") is None


async def test_the_data_of_a_person_is_every_record_with_theirs_in_order(store) -> None:
    own = [replace(said(f"m{number}"), subject=ANN) for number in range(1_100)]
    await store.append(started("c1"), *own[:700], said("m9000"), *own[700:])

    found = [record.message_id async for record in store.data_of(ANN)]

    assert found == [f"m{number}" for number in range(1_100)]
