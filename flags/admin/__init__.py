"""Pages on which product managers decide; one subject a file."""

from flags.admin import (
    expectations,
    features,
    kills,
    offers,
    orders,
    partners,
    platforms,
    snapshots,
    targeting,
    tokens,
)

__all__ = [
    "expectations",
    "features",
    "kills",
    "offers",
    "orders",
    "partners",
    "platforms",
    "snapshots",
    "targeting",
    "tokens",
]
