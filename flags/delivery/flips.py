"""Tell clients when time itself changes an answer (docs/decisions.md 6).

Nothing is published at such an instant: every node knows its own dated rules and arms one
timer per scope for the next of them.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from flags.delivery.live import Live
from flags.delivery.state import Change, ScopeKey, State
from flags.engine.evaluate import next_flip

# Loop timers drift and clocks are set: a far flip is looked for again.
LONGEST_WAIT_SECONDS = 600.0
# Everybody in a country would ask at its midnight otherwise.
SPREAD_SECONDS = 2.0
JUST_NOW = timedelta(seconds=1)
LATE = timedelta(milliseconds=20)
# What could not be lowered again is tried again; until then it is stricter than it need be.
RETRY_SECONDS = 30.0

_log = structlog.get_logger(__name__)


class FlipTimers:
    """One timer per scope for the next instant at which a dated rule flips."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.timers: dict[ScopeKey, asyncio.TimerHandle] = {}
        self.renewals: dict[ScopeKey, asyncio.TimerHandle] = {}
        self.renewing: set[asyncio.Task[None]] = set()
        state.on_live.append(self.arm)

    def arm(self, live: Live) -> None:
        """Arm a scope's timer anew, from a moment ago on.

        A swap may come between an instant and its timer, which the swap takes away; a hint
        that comes twice does no harm.
        """
        self.arm_after(live, datetime.now(UTC) - JUST_NOW)
        self.arm_renewal(live)

    def arm_after(self, live: Live, after: datetime) -> None:
        """Arm a scope's timer for the first flip after an instant."""
        scope = (live.environment, live.app)
        old = self.timers.pop(scope, None)
        if old is not None:
            old.cancel()
        flip = next_flip(live.snapshot, after)
        if flip is None:
            return
        instant, territories = flip
        wait = (instant + LATE - datetime.now(UTC)).total_seconds()
        loop = asyncio.get_running_loop()
        if wait > LONGEST_WAIT_SECONDS:
            self.timers[scope] = loop.call_later(LONGEST_WAIT_SECONDS, self.arm_after, live, after)
            return
        self.timers[scope] = loop.call_later(
            max(wait, 0.0), self.flip, live, instant, tuple(sorted(territories))
        )

    def arm_renewal(self, live: Live) -> None:
        """Have definitions lowered again when they become stricter than they need be."""
        scope = (live.environment, live.app)
        old = self.renewals.pop(scope, None)
        if old is not None:
            old.cancel()
        until = live.lowered.until
        if until is None or self.state.current(live.app, live.environment) is not live:
            return
        wait = max((until + LATE - datetime.now(UTC)).total_seconds(), 0.0)
        renew = self.arm_renewal if wait > LONGEST_WAIT_SECONDS else self.renew
        loop = asyncio.get_running_loop()
        self.renewals[scope] = loop.call_later(min(wait, LONGEST_WAIT_SECONDS), renew, live)

    def renew(self, live: Live) -> None:
        """Lower a scope again."""
        task = asyncio.get_running_loop().create_task(self.lower_again(live))
        self.renewing.add(task)
        task.add_done_callback(self.renewing.discard)

    async def lower_again(self, live: Live) -> None:
        """Lower a scope again; what breaks is told and tried once more after a while."""
        try:
            await self.state.lower_again(live)
        except Exception:  # noqa: BLE001 - a renewal must not end for good
            _log.exception("scope.not_renewed", environment=live.environment, app=live.app)
            current = self.state.current(live.app, live.environment)
            if current is not None:
                loop = asyncio.get_running_loop()
                scope = (live.environment, live.app)
                self.renewals[scope] = loop.call_later(RETRY_SECONDS, self.renew, current)

    def flip(self, live: Live, instant: datetime, territories: tuple[str, ...]) -> None:
        """Hint whom the flip concerns, and wait for the next one."""
        if self.state.current(live.app, live.environment) is not live:
            return
        self.state.counters.count("flips", environment=live.environment)
        change = Change(
            environment=live.environment,
            app=live.app,
            epoch=live.epoch,
            revision=live.revision,
            territories=territories,
            spread_seconds=SPREAD_SECONDS,
            flipped_at=instant,
        )
        for tell in self.state.on_change:
            tell(change)
        self.arm_after(live, instant)
