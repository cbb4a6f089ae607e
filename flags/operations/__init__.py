"""Commands of the flags house and the operations that carry them out, one subject a file."""

from flags.operations import (
    caps,
    clusters,
    enrolments,
    expectations,
    features,
    kills,
    offers,
    orders,
    partners,
    platforms,
    schedules,
    segments,
    targeting,
    tokens,
)

__all__ = [
    "caps",
    "clusters",
    "enrolments",
    "expectations",
    "features",
    "kills",
    "offers",
    "orders",
    "partners",
    "platforms",
    "schedules",
    "segments",
    "targeting",
    "tokens",
]
