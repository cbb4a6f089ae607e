"""The sample of people that every snapshot is tried on."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import (
    Definitions,
    Feature,
    KillSwitch,
    LegalOrder,
    Offer,
    Place,
    Rule,
    Status,
    Target,
    Territory,
)
from flags.engine.evaluate import evaluate_all, evaluate_some
from flags.engine.result import Evaluation, Reason
from flags.publishing import prove
from flags.publishing.prove import (
    Proof,
    UnableToPublish,
    find_unproved,
    list_broken,
    prove_bytes,
    prove_promises,
    prove_sample,
)
from flags.queries.definitions import Promise
from tests.unit.publishing.shop import NOW

DEFINITIONS = Definitions(
    app="superapp",
    environment="production",
    territories=(
        Territory(code="MY", zone="Asia/Kuala_Lumpur"),
        Territory(code="SG", zone="Asia/Singapore"),
    ),
    features=(Feature(key="wallet.pay", offer_basis="account"),),
)


def test_three_people_of_each_territory_are_tried() -> None:
    """Nobody in particular, and three of each territory."""
    assert prove_sample("a scope", compile_snapshot(DEFINITIONS), now=NOW) == 1 + 3 * 2


def test_a_feature_that_cannot_be_evaluated_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal names the feature and the person."""
    broken = Evaluation(
        feature="wallet.pay", on=False, value=False, reason=Reason.ERROR, detail="no such segment"
    )
    monkeypatch.setattr(prove, "evaluate_all", lambda _snapshot, _context: [broken])
    with pytest.raises(UnableToPublish, match=r"cannot be evaluated for \{\}: no such segment"):
        prove_sample("a scope", compile_snapshot(DEFINITIONS), now=NOW)


def test_a_feature_that_is_named_as_broken_harms_no_other() -> None:
    """It is off for everybody, and the rest of its environment may be published."""
    world = replace(
        DEFINITIONS, features=(*DEFINITIONS.features, Feature(key="lost", profile="nowhere"))
    )
    snapshot = compile_snapshot(world)
    assert prove_sample("a scope", snapshot, now=NOW) == 1 + 3 * 2
    assert [finding.feature for finding in list_broken(snapshot)] == ["lost"]


def test_an_error_that_nobody_foresaw_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler survives it, but nobody should be served by what it made."""

    def fail(*_given: object) -> None:
        raise RuntimeError("a mistake in a gate")

    monkeypatch.setattr("flags.engine.compile.GATES", (("offer", fail),))
    with pytest.raises(UnableToPublish, match="cannot be evaluated"):
        prove_sample("a scope", compile_snapshot(DEFINITIONS), now=NOW)


def test_bytes_that_change_are_refused() -> None:
    """Bytes that do not come out as they went in would have another digest on each node."""
    body = b'{"texts": {}, "definitions": {"app": "superapp", "environment": "production"}}'
    with pytest.raises(UnableToPublish, match="its bytes change"):
        prove_bytes("a scope", body)


SOLD = replace(
    DEFINITIONS,
    features=(
        Feature(
            key="wallet.pay",
            offer_basis="account",
            law_basis=("account",),
            default_status="live",
        ),
    ),
)
ORDER = LegalOrder(
    rule=Rule(key="order-1"),
    targets=(Target(feature="wallet.pay"),),
    place=Place(kind="territory", key="SG"),
    effective=date(2020, 1, 1),
)
KILL = KillSwitch(
    rule=Rule(key="kill-1"),
    target=Target(feature="wallet.pay"),
    since=NOW,
    expires=NOW + timedelta(days=1),
)


def promise(*, value: bool, reason: str) -> Promise:
    """Expect something of payments for an account in Singapore."""
    return Promise(
        key="p-1",
        feature="wallet.pay",
        context={"accountCountry": "SG"},
        at=None,
        value=value,
        reason=reason,
    )


@pytest.mark.parametrize("kills", [(), (KILL,)])
@pytest.mark.parametrize(("value", "reason"), [(True, "LIVE"), (False, "BLOCKED_BY_LAW")])
def test_no_expectation_holds_back_a_legal_order(
    kills: tuple[KillSwitch, ...],
    value: bool,  # noqa: FBT001 - a table's column
    reason: str,
) -> None:
    """A court's block is published whatever was expected before, and with any switch pulled."""
    blocked = compile_snapshot(replace(SOLD, orders=(ORDER,)), kills)
    prove_promises("a scope", blocked, [promise(value=value, reason=reason)], now=NOW)


def test_an_expectation_that_an_offer_breaks_refuses() -> None:
    """What a person decided by mistake is caught, also beside an order."""
    planned = replace(
        SOLD, orders=(ORDER,), features=(replace(SOLD.features[0], default_status="planned"),)
    )
    with pytest.raises(UnableToPublish, match="p-1"):
        prove_promises(
            "a scope",
            compile_snapshot(planned),
            [promise(value=True, reason="LIVE")],
            now=NOW,
        )


PLANS = replace(
    DEFINITIONS,
    features=(
        Feature(key="chat", offer_basis="account"),
        Feature(key="wallet.gift", offer_basis="account", requires=("wallet.pay",)),
        Feature(key="wallet.pay", offer_basis="account"),
    ),
)


def offered(key: str, status: Status, *, starts: date | None = None) -> Offer:
    """Offer a feature in Singapore."""
    return Offer(
        rule=Rule(key=f"{key}@SG"),
        target=Target(feature=key),
        place=Place(kind="territory", key="SG"),
        status=status,
        starts=starts,
    )


def prove_first(world: Definitions, *promises: Promise) -> Proof:
    """Return what a first publish has proved."""
    return Proof(compile_snapshot(world), promises, NOW)


def left_to_prove(proof: Proof, world: Definitions, *, now: datetime = NOW) -> frozenset[str]:
    """Return what is left to prove when the world has become this one."""
    return find_unproved(compile_snapshot(world, previous=proof.snapshot), proof, now=now)


def test_only_what_changed_and_what_needs_it_is_proved_again() -> None:
    """An offer of a feature concerns it and whatever requires it, and nothing else."""
    proof = prove_first(PLANS)
    assert left_to_prove(proof, PLANS) == frozenset()
    changed = replace(PLANS, offers=(offered("wallet.pay", "live"),))
    assert left_to_prove(proof, changed) == {"wallet.pay", "wallet.gift"}


def test_what_lost_what_it_needs_is_proved_again() -> None:
    """A requirement that is gone changes who requires it."""
    proof = prove_first(PLANS)
    gone = replace(PLANS, features=PLANS.features[:2])
    assert left_to_prove(proof, gone) >= {"wallet.gift"}


def test_everything_is_proved_where_time_or_places_have_changed() -> None:
    """A dated rule that flipped, a clock set back, another territory: no proof is good any more."""
    dated = replace(PLANS, offers=(offered("chat", "live", starts=date(2026, 11, 22)),))
    proof = prove_first(dated)
    every = {"chat", "wallet.gift", "wallet.pay"}
    assert left_to_prove(proof, dated, now=NOW + timedelta(hours=1)) == frozenset()
    assert left_to_prove(proof, dated, now=NOW + timedelta(days=3)) == every
    assert left_to_prove(proof, dated, now=NOW - timedelta(seconds=1)) == every
    fewer = replace(dated, territories=dated.territories[1:])
    assert left_to_prove(proof, fewer) == every
    assert find_unproved(proof.snapshot, None, now=NOW) == every


@pytest.mark.parametrize("feature", ["chat", "wallet.gift"])
def test_a_promise_is_checked_unless_it_was_proved(feature: str) -> None:
    """One about a changed feature is, and one that is new itself, though nothing else changed."""
    world = replace(PLANS, offers=(offered("wallet.pay", "live"),))
    broken = replace(promise(value=True, reason=""), feature=feature)
    proof = prove_first(PLANS, *([broken] if feature != "chat" else []))
    snapshot = compile_snapshot(world, previous=proof.snapshot)
    left = find_unproved(snapshot, proof, now=NOW)
    with pytest.raises(UnableToPublish, match="p-1"):
        prove_promises("a scope", snapshot, [broken], now=NOW, before=proof, unproved=left)


def test_a_changed_feature_that_cannot_be_evaluated_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Few among many are tried on the same people."""
    broken = Evaluation(feature="chat", on=False, value=False, reason=Reason.ERROR, detail="torn")
    monkeypatch.setattr(prove, "evaluate_some", lambda _snapshot, _keys, _context: [broken])
    with pytest.raises(UnableToPublish, match="torn"):
        prove_sample("a scope", compile_snapshot(PLANS), now=NOW, unproved=frozenset({"chat"}))


def test_few_features_are_evaluated_as_all_are() -> None:
    """Asking for some gives what asking for all gives of them."""
    world = replace(PLANS, offers=(offered("wallet.pay", "live"), offered("wallet.gift", "live")))
    snapshot = compile_snapshot(world)
    for _label, sample in prove.sample_people(world):
        person = prove.read_sample(sample, world, NOW)
        every = evaluate_all(snapshot, person)
        assert every == evaluate_some(snapshot, snapshot.feature_keys, person)
