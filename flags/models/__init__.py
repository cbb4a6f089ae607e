"""Rows of the flags house, one subject a file."""

from flags.models.age import AgeRule
from flags.models.cap import Cap, Enrolment
from flags.models.cluster import ClusterRollout
from flags.models.consent import ConsentRule
from flags.models.feature import Bundle, Feature, Requirement
from flags.models.kill import KillSwitch
from flags.models.lifecycle import LifeCycle
from flags.models.offer import Offer
from flags.models.order import LegalOrder
from flags.models.partner import Partner
from flags.models.platform import PlatformMinimum, PlatformProfile, PlatformRetirement
from flags.models.probe import ProbeResult
from flags.models.schedule import Schedule, ScheduleWindow
from flags.models.snapshot import Expectation, Findings, PublishRefusal, Snapshot
from flags.models.targeting import Constraint, Segment, Strategy, Variant
from flags.models.token import ClientToken
from flags.models.usage import FoldedBatch, HourlyUsage

__all__ = [
    "AgeRule",
    "Bundle",
    "Cap",
    "ClientToken",
    "ClusterRollout",
    "ConsentRule",
    "Constraint",
    "Enrolment",
    "Expectation",
    "Feature",
    "Findings",
    "FoldedBatch",
    "HourlyUsage",
    "KillSwitch",
    "LegalOrder",
    "LifeCycle",
    "Offer",
    "Partner",
    "PlatformMinimum",
    "PlatformProfile",
    "PlatformRetirement",
    "ProbeResult",
    "PublishRefusal",
    "Requirement",
    "Schedule",
    "ScheduleWindow",
    "Segment",
    "Snapshot",
    "Strategy",
    "Variant",
]
