"""The sample of people that every snapshot is tried on."""

from __future__ import annotations

import pytest

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import Definitions, Feature, Territory
from flags.engine.result import Evaluation, Reason
from flags.publishing import prove
from flags.publishing.prove import UnableToPublish, prove_bytes, prove_sample
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


def test_bytes_that_change_are_refused() -> None:
    """Bytes that do not come out as they went in would have another digest on each node."""
    body = b'{"texts": {}, "definitions": {"app": "superapp", "environment": "production"}}'
    with pytest.raises(UnableToPublish, match="its bytes change"):
        prove_bytes("a scope", body)
