"""PURE: which groups may give which commands.

For now a permission is granted to a group as a whole; roles per territory and per
locale come with approvals. A superuser may do everything.
"""

from __future__ import annotations

from collections.abc import Collection

PRODUCT_MANAGERS = "product-managers"
TRANSLATORS = "translators"
APPROVERS = "approvers"
# Landfall's own measuring: who does it, and the app that it changes and nobody else sees.
PROBE = "probe"
CANARY = "landfall-canary"
GROUPS = (PRODUCT_MANAGERS, TRANSLATORS, APPROVERS)

GRANTS: dict[str, frozenset[str]] = {
    "regions": frozenset(),
    "apps": frozenset(),
    "environments": frozenset(),
    "tokens": frozenset(),
    "features": frozenset({PRODUCT_MANAGERS}),
    "offers": frozenset({PRODUCT_MANAGERS}),
    "targeting": frozenset({PRODUCT_MANAGERS}),
    # What a law asks of people (ages, consents): stated by who drafts legal orders as well.
    "duties": frozenset({PRODUCT_MANAGERS}),
    "caps": frozenset({PRODUCT_MANAGERS}),
    "caps.count": frozenset(),
    "clusters": frozenset({PRODUCT_MANAGERS}),
    "schedules": frozenset({PRODUCT_MANAGERS}),
    "partners": frozenset({PRODUCT_MANAGERS}),
    "platforms": frozenset({PRODUCT_MANAGERS}),
    "expectations": frozenset({PRODUCT_MANAGERS, APPROVERS}),
    "orders.draft": frozenset({PRODUCT_MANAGERS}),
    "orders.decide": frozenset({APPROVERS}),
    "kills.pull": frozenset({PRODUCT_MANAGERS, APPROVERS}),
    "kills.release": frozenset({APPROVERS}),
    "texts": frozenset({TRANSLATORS}),
    "texts.approve": frozenset({APPROVERS}),
}


def is_granted(permission: str, groups: Collection[str], *, superuser: bool) -> bool:
    """Tell whether a person in these groups may use this permission.

    Raises KeyError for a permission that nobody declared, so that a typing mistake in an
    operation cannot open a door.
    """
    granted = GRANTS[permission]
    return superuser or not granted.isdisjoint(groups)
