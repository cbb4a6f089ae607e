"""The world in which the examples and the blocks of the documents run."""

from __future__ import annotations

import msgspec

from flags.engine.definitions import Definitions, Feature, Offer, Place, Rule, Strategy, Target
from tests.unit.delivery.world import build_definitions

STRICT = ("commerce.checkout", "wallet.p2p-transfer")


def build_shop(status: str = "live", *, territory: str = "SG") -> Definitions:
    """Build what the examples ask about: collections of one country, and money for everybody."""
    everybody = (Strategy(name="default"),)
    keys = ("commerce.collections", *STRICT)
    return msgspec.structs.replace(
        build_definitions(),
        features=tuple(
            Feature(
                key=key, offer_basis="none" if key in STRICT else "account", strategies=everybody
            )
            for key in keys
        ),
        offers=(
            Offer(
                rule=Rule(key="offer", reason="launched", owner="ana"),
                target=Target(feature="commerce.collections"),
                place=Place("territory", territory),
                status=status,  # type: ignore[arg-type]
            ),
        ),
    )
