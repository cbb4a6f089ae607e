"""What the end-to-end probe measured lately."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flags.models import ProbeResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One probe: how many seconds it took, or None and what was seen instead."""

    at: datetime
    seconds: float | None
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Probes of a while, in figures; a figure is None while there is nothing to tell it of.

    `last`, `p50`, `p99` and `longest` are seconds of those that arrived.
    """

    count: int
    failures: int
    last: float | None
    p50: float | None
    p99: float | None
    longest: float | None


def list_measured(since: datetime) -> list[Measured]:
    """Return the probes since then, the oldest first; one query."""
    rows = ProbeResult.objects.filter(at__gte=since).order_by("at", "id")
    return [
        Measured(at=at, seconds=seconds, trouble=trouble)
        for at, seconds, trouble in rows.values_list("at", "seconds", "trouble")
    ]


def sum_up(measured: Sequence[Measured]) -> Summary:
    """Return the figures of probes that are given in order."""
    seconds = [one.seconds for one in measured if one.seconds is not None]
    return Summary(
        count=len(measured),
        failures=len(measured) - len(seconds),
        last=seconds[-1] if seconds else None,
        p50=_rank(seconds, 0.50),
        p99=_rank(seconds, 0.99),
        longest=max(seconds, default=None),
    )


def _rank(seconds: list[float], share: float) -> float | None:
    """Return the figure that this share of all does not exceed; the nearest that was measured."""
    if not seconds:
        return None
    return sorted(seconds)[max(0, math.ceil(share * len(seconds)) - 1)]
