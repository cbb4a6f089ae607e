"""Pages on which product managers decide; one subject a file."""

from flags.admin import (
    caps,
    clusters,
    expectations,
    features,
    kills,
    offers,
    orders,
    partners,
    platforms,
    schedules,
    snapshots,
    targeting,
    tokens,
)

__all__ = [
    "caps",
    "clusters",
    "expectations",
    "features",
    "kills",
    "offers",
    "orders",
    "partners",
    "platforms",
    "schedules",
    "snapshots",
    "targeting",
    "tokens",
]
