"""PURE: the states of a translation, who may bring it where, and who is served it.

needs-review -> translated -> approved; any edit starts again at needs-review or
translated. An edit never unpublishes: what was published stays until better is.
"""

from __future__ import annotations

from typing import Literal

from regions.translations.catalog import Forms

State = Literal["needs-review", "translated", "approved"]

NEEDS_REVIEW: State = "needs-review"
TRANSLATED: State = "translated"
APPROVED: State = "approved"

PRODUCTION = "production"
# What production serves (docs/decisions.md 23).
PUBLISHED: frozenset[str] = frozenset({TRANSLATED, APPROVED})

_TRANSITIONS: dict[str, frozenset[str]] = {
    "edit": frozenset({NEEDS_REVIEW, TRANSLATED}),
    "approve": frozenset({APPROVED}),
}


def is_possible(step: Literal["edit", "approve"], state: str) -> bool:
    """Tell whether this step may end in this state."""
    return state in _TRANSITIONS[step]


def published_after(state: str, forms: Forms, published: Forms) -> Forms:
    """Return what production serves once a translation is in this state with these forms."""
    return forms if state in PUBLISHED or not forms else published


def served_in(environment_key: str, *, forms: Forms, published: Forms) -> Forms:
    """Return what an environment serves: production what is published, others the latest."""
    return published if environment_key == PRODUCTION else forms
