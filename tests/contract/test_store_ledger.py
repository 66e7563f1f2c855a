"""What was exported, and what an erasure says of it: which exports are stale, and what became of it in them."""

from core.errors import PlauditError
from core.forgetting import Kept, kept_of, propagate, stale
from core.messages import PersonRef
from tests.contract.store_stories import said
from tests.contract.test_store_erasing import ANN, BOB, by, story


class Shredder:
    """Erases in what it can reach."""

    def __init__(self, *, fault: str = "") -> None:
        self.fault = fault
        self.erased: list[tuple[str, list[str]]] = []

    async def erase(self, target, options, messages) -> None:
        if self.fault:
            raise PlauditError(self.fault)
        self.erased.append((target, list(messages)))


async def test_an_export_is_stale_where_an_erasure_changed_what_it_was_made_from(sql_store) -> None:
    await sql_store.append(*(said(f"f{number}") for number in range(5)), *story())
    ledger = sql_store.ledger()
    before = await ledger.note("sft", "early.jsonl", seq_from=1, seq_to=5)
    holds = await ledger.note("kto", "all.jsonl", seq_from=1, seq_to=8, options={"min_votes": 2})

    await sql_store.erase(ANN)

    assert [each.id for each in await stale(ledger)] == [holds.id]
    assert await ledger.erased_in(holds) == ["c1", "m1", "m2"]
    assert await ledger.erased_in(before) == []
    assert [(each.kind, each.options) for each in await ledger.exports()] == [("sft", {}), ("kto", {"min_votes": 2})]


async def test_what_was_made_after_an_erasure_is_not_stale(sql_store) -> None:
    await sql_store.append(*story())
    await sql_store.erase(ANN)
    await sql_store.ledger().note("sft", "late.jsonl", seq_from=1, seq_to=await sql_store.newest())

    await sql_store.erase(ANN)

    assert await stale(sql_store.ledger()) == []


async def test_an_erasure_is_propagated_once_to_what_can_be_reached(sql_store) -> None:
    await sql_store.append(*story())
    ledger, shredder = sql_store.ledger(), Shredder()
    for kind in ("sft", "mlflow", "paper"):
        await ledger.note(kind, f"{kind} target", seq_from=1, seq_to=99)
    await sql_store.erase(BOB)

    first = await propagate(ledger, {"sft": shredder, "mlflow": Shredder(fault="It is away.")})
    second = await propagate(ledger, {"sft": shredder, "mlflow": Shredder()})

    faults = [each.fault for each in first]
    assert faults[:2] == [None, "It is away."]
    assert "cannot erase in an export of the kind paper" in str(faults[2])
    assert [(each.export.kind, each.fault is None) for each in second] == [("mlflow", True), ("paper", False)]
    assert shredder.erased == [("sft target", ["m2", "m3", "m4", "m5"])]
    assert [each.kind for each in await stale(ledger)] == ["paper"]


async def test_another_erasure_meanwhile_keeps_an_export_stale(sql_store) -> None:
    await sql_store.append(*story())
    ledger = sql_store.ledger()
    export = await ledger.note("sft", "all.jsonl", seq_from=1, seq_to=99)
    await sql_store.erase(BOB)
    known = await ledger.erased_in(export)

    await sql_store.erase(ANN)
    await ledger.settle(export, known)

    assert await ledger.erased_in(export) == ["c1", "m1"]
    assert len(await stale(ledger)) == 1


async def test_a_person_is_found_by_the_name_that_views_have(sql_store) -> None:
    await sql_store.append(*story())
    pseudonyms = await sql_store.pseudonyms()

    found = await sql_store.called(pseudonyms.of(BOB.key))
    await sql_store.erase(BOB)

    assert found == BOB
    assert await sql_store.called(pseudonyms.of(BOB.key)) is None
    assert await sql_store.called("person-0123456789") is None


async def test_what_the_log_has_of_a_person_is_counted(store) -> None:
    await store.append(*story(), by(PersonRef("slack", "T1", "U3"), said("m9")))

    assert await kept_of(store.data_of(BOB.key)) == Kept(4, 2, 2)


async def test_the_newest_entry_of_a_kind_for_a_target_is_found(sql_store) -> None:
    ledger = sql_store.ledger()
    for kind, target, slot in (("digest", "a", "1"), ("digest", "a", "2"), ("digest", "b", "3"), ("alert", "a", "4")):
        await ledger.note(kind, target, seq_from=1, seq_to=0, options={"slot": slot})

    newest = await ledger.latest("digest", "a")

    assert newest is not None
    assert newest.options == {"slot": "2"}
    assert await ledger.latest("alert", "b") is None
