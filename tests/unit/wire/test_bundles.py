"""How a bundle stands: what counts, and what it is called."""

from __future__ import annotations

import json

from flags.engine.definitions import Bundle, Definitions, Feature
from flags.engine.tables import Purse
from flags.wire.bundles import Bundles


def sum_up(asking: int, everywhere: int, *, reason: str) -> tuple[object, ...]:
    """Return status, `on` and `of` of a bundle: what asks for an offer is off for a reason."""
    asks = [Feature(key=f"a{place}", bundle="b", offer_basis="account") for place in range(asking)]
    free = [Feature(key=f"f{place}", bundle="b") for place in range(everywhere)]
    definitions = Definitions(
        app="shop",
        environment="production",
        bundles=(Bundle("b", "B"),),
        features=(*asks, *free),
    )
    bundles = Bundles(definitions, frozenset(), Purse(10_000))
    said = [{"key": one.key, "on": False, "reason": reason} for one in asks]
    said += [{"key": one.key, "on": True, "reason": "LIVE"} for one in free]
    fragments = [json.dumps(one).encode() for one in said]
    built = bundles.build(bundles.sum_up(fragments), {})[0]
    return built["status"], built["on"], built["of"]


def test_a_planned_bundle_is_planned_whatever_is_offered_everywhere() -> None:
    """Count as the board does: what asks for no offer says nothing about the bundle's."""
    assert ("planned", 0, 4) == sum_up(4, 2, reason="PLANNED")


def test_a_bundle_that_asks_for_no_offer_at_all_counts_everything() -> None:
    """Say of it what can be said: all that it has is on."""
    assert ("live", 2, 2) == sum_up(0, 2, reason="PLANNED")
