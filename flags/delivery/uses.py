"""Which tokens clients have shown of late, noted without any cost for warm requests.

A token is looked up once and then found in a table; emptying that table now and then has
those that are still in use looked up again, and only then noted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from flags.delivery.state import Known

SWEEP_SECONDS = 30.0
# Environment and digest of a token.
Use = tuple[str, str]


class Uses:
    """Notes on the loop, taken away by the polling thread; one per token at most."""

    def __init__(
        self, forget: Callable[[], None], read_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self.forget = forget
        self.read_seconds = read_seconds
        self.noted: dict[Use, None] = {}
        self.swept_at = read_seconds()

    def note(self, known: Known) -> None:
        """Note that a token was shown."""
        self.noted[known.environment, known.token.digest] = None

    def take(self) -> list[Use]:
        """Return what was noted, twice a minute; between sweeps, and without any, nothing."""
        now = self.read_seconds()
        if now - self.swept_at < SWEEP_SECONDS:
            return []
        self.swept_at = now
        taken, self.noted = self.noted, {}
        self.forget()
        # Another thread may have been about to write into the old table.
        return list(taken)

    def put_back(self, uses: Iterable[Use]) -> None:
        """Note again what could not be told, for the next sweep."""
        for use in uses:
            self.noted[use] = None
