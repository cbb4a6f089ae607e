"""PURE: what an evaluation answers, and the reasons it can give."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from flags.engine.definitions import Payload, Rule


class Reason(StrEnum):
    """Why a feature is on or off; each has a text with the key `reason.<VALUE>`."""

    LIVE = "LIVE"
    VARIANT = "VARIANT"
    UNKNOWN_FEATURE = "UNKNOWN_FEATURE"
    KILLED = "KILLED"
    MISSING_SIGNAL = "MISSING_SIGNAL"
    BLOCKED_BY_LAW = "BLOCKED_BY_LAW"
    PLATFORM_RETIRED = "PLATFORM_RETIRED"
    CLOSED_TO_NEW = "CLOSED_TO_NEW"
    UNSUPPORTED_PLATFORM = "UNSUPPORTED_PLATFORM"
    AGE = "AGE"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    PLANNED = "PLANNED"
    NEEDS_PARTNER = "NEEDS_PARTNER"
    WITHDRAWN = "WITHDRAWN"
    NOT_OFFERED = "NOT_OFFERED"
    SUNSET = "SUNSET"
    CAP_REACHED = "CAP_REACHED"
    NEEDS_PARTNER_HERE = "NEEDS_PARTNER_HERE"
    NOT_STARTED = "NOT_STARTED"
    ENDED = "ENDED"
    NOT_IN_GROUP = "NOT_IN_GROUP"
    REQUIRES_OFF = "REQUIRES_OFF"
    REQUIREMENTS_NOT_MET = "REQUIREMENTS_NOT_MET"
    NOT_IN_ROLLOUT = "NOT_IN_ROLLOUT"
    ERROR = "ERROR"


class ChosenVariant(Struct, frozen=True):
    """The variant that a person got; its payload is None when it has none."""

    name: str
    payload: Payload | None = None


class Evaluation(Struct, frozen=True):
    """The answer for one feature and one person.

    `rule` tells what decided (None when nothing but the absence of a rule did), `signal`
    which evidence it looked at (`account`, `location`, ... or empty), `detail` names
    things that the reason speaks of, such as the required feature that is off.
    """

    feature: str
    on: bool
    value: Any
    reason: Reason
    variant: ChosenVariant | None = None
    rule: Rule | None = None
    signal: str = ""
    detail: str = ""
