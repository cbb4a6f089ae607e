"""PURE: what a client shows while a feature is off: nothing, a word why, or "notify me".

One table for every reason (docs/domain.md section 3, S49); the words are messages like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from flags.engine.result import Evaluation, Reason

Display = Literal["shown", "hidden", "disabled", "notify"]

REASON_KEY = "reason."
# Hidden is what a person could do nothing about and would only wonder at; disabled, with a
# text, what they may ask support about or change themselves; notify is what will come.
DISPLAYS: Mapping[Reason, Display] = MappingProxyType(
    {
        Reason.LIVE: "shown",
        Reason.VARIANT: "shown",
        Reason.UNKNOWN_FEATURE: "hidden",
        Reason.KILLED: "hidden",
        Reason.MISSING_SIGNAL: "disabled",
        Reason.BLOCKED_BY_LAW: "disabled",
        Reason.PLATFORM_RETIRED: "disabled",
        Reason.CLOSED_TO_NEW: "disabled",
        Reason.UNSUPPORTED_PLATFORM: "disabled",
        Reason.AGE: "disabled",
        Reason.CONSENT_REQUIRED: "disabled",
        Reason.PLANNED: "notify",
        Reason.NEEDS_PARTNER: "disabled",
        Reason.WITHDRAWN: "disabled",
        Reason.NOT_OFFERED: "hidden",
        Reason.SUNSET: "disabled",
        Reason.CAP_REACHED: "notify",
        Reason.NEEDS_PARTNER_HERE: "disabled",
        Reason.NOT_STARTED: "hidden",
        Reason.ENDED: "hidden",
        Reason.NOT_IN_GROUP: "hidden",
        Reason.REQUIRES_OFF: "disabled",
        Reason.REQUIREMENTS_NOT_MET: "disabled",
        Reason.NOT_IN_ROLLOUT: "hidden",
        Reason.ERROR: "hidden",
    }
)


def text_key_of(evaluation: Evaluation, own: str = "") -> str:
    """Return the key of the text for the person: the feature's own while off, else the reason's."""
    return own if own and not evaluation.on else REASON_KEY + evaluation.reason.value
