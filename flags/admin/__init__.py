"""Pages on which product managers decide; one subject a file."""

from flags.admin import (
    ages,
    caps,
    clusters,
    consents,
    expectations,
    features,
    kills,
    lifecycles,
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
    "ages",
    "caps",
    "clusters",
    "consents",
    "expectations",
    "features",
    "kills",
    "lifecycles",
    "offers",
    "orders",
    "partners",
    "platforms",
    "schedules",
    "snapshots",
    "targeting",
    "tokens",
]
