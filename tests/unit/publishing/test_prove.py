"""The sample of people that every snapshot is tried on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import (
    Definitions,
    Feature,
    KillSwitch,
    LegalOrder,
    Place,
    Rule,
    Target,
    Territory,
)
from flags.engine.result import Evaluation, Reason
from flags.publishing import prove
from flags.publishing.prove import (
    UnableToPublish,
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
