"""The figures of some probes."""

from __future__ import annotations

import pytest

from flags.queries.probes import Measured, Summary, sum_up
from tests.unit.world import NOW


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], Summary(count=0, failures=0, last=None, p50=None, p99=None, longest=None)),
        ([None], Summary(count=1, failures=1, last=None, p50=None, p99=None, longest=None)),
        ([0.3], Summary(count=1, failures=0, last=0.3, p50=0.3, p99=0.3, longest=0.3)),
        (
            [0.4, 0.1, 0.2, None],
            Summary(count=4, failures=1, last=0.2, p50=0.2, p99=0.4, longest=0.4),
        ),
        (
            [n / 100 for n in range(1, 101)],
            Summary(count=100, failures=0, last=1.0, p50=0.5, p99=0.99, longest=1.0),
        ),
    ],
)
def test_figures_are_those_that_were_measured(
    seconds: list[float | None], expected: Summary
) -> None:
    """Rank what arrived, and count what did not without a figure for it."""
    measured = [Measured(at=NOW, seconds=each, trouble="") for each in seconds]
    assert expected == sum_up(measured)
