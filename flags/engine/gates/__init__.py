"""PURE: the gates, one small module each, in the order in which they are asked.

To add a gate is to add a module with a `build` like its neighbours' and to name it here.
The first closed gate gives the reason (docs/domain.md section 3).
"""

from __future__ import annotations

from collections.abc import Callable

from flags.engine.definitions import Feature
from flags.engine.gates import (
    age,
    cap,
    clusters,
    consent,
    kill,
    known,
    law,
    lifecycle,
    offer,
    partner,
    platform,
    requires,
    schedule,
    signal,
    targeting,
)
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Gate

# Returns None where the gate is open to everybody, now and always.
Build = Callable[[Feature, Ground, Answers], Gate | None]

GATES: tuple[tuple[str, Build], ...] = (
    ("known", known.build),
    ("kill", kill.build),
    ("signal", signal.build),
    ("law", law.build),
    ("platform", platform.build),
    ("age", age.build),
    ("consent", consent.build),
    ("offer", offer.build),
    ("lifecycle", lifecycle.build),
    ("cap", cap.build),
    ("partner", partner.build),
    ("schedule", schedule.build),
    ("requires", requires.build),
    ("clusters", clusters.build),
    ("targeting", targeting.build),
)
