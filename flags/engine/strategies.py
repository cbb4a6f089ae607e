"""PURE: Unleash's activation strategies: what a class knows, and what is hashed.

Compiling a strategy splits it: tests that are atoms or flips, and at most one hash.
"""

from __future__ import annotations

from typing import NamedTuple

from flags.engine.atoms import FIELD_PREFIX, Atom
from flags.engine.bucketing import bucket, find_identity
from flags.engine.constraints import (
    AtomTest,
    Compiled,
    FixedTest,
    is_within,
    parse_networks,
)
from flags.engine.context import Context
from flags.engine.definitions import Strategy

ALL_PERCENT = 100
NEVER = FixedTest(answer=False)


class Share(NamedTuple):
    """A percentage of people, 1 to 100; `chancy` lets dice stand in for a missing id."""

    group: str
    stickiness: str
    percent: int
    chancy: bool

    def holds(self, context: Context) -> bool:
        """Tell whether the person's bucket is within the percentage."""
        identity = find_identity(context, self.stickiness)
        if identity is None:
            return self.chancy and context.dice(ALL_PERCENT) <= self.percent
        return bucket(self.group, identity, ALL_PERCENT) <= self.percent


class Split(NamedTuple):
    """A strategy's own condition: tests that all must hold, then perhaps a share."""

    tests: tuple[Compiled, ...] = ()
    share: Share | None = None


def split_strategy(strategy: Strategy, feature_key: str) -> Split:
    """Return the condition of the strategy itself; an unknown one never holds."""
    parameters = strategy.parameters
    name = strategy.name
    if name == "default":
        return Split()
    if name == "userWithId":
        return Split((_one_of("userId", parameters.get("userIds", "")),))
    if name == "remoteAddress":
        return Split((_in_networks(parameters.get("IPs", "")),))
    if name == "flexibleRollout":
        return _split_share(
            percent=parameters.get("rollout"),
            stickiness=parameters.get("stickiness") or "default",
            group=parameters.get("groupId") or feature_key,
        )
    if name in _GRADUAL:
        return _split_share(
            percent=parameters.get("percentage"),
            stickiness=_GRADUAL[name],
            group=parameters.get("groupId") or "",
        )
    # applicationHostname asks for the host that evaluates: never a client's.
    return Split((NEVER,))


_GRADUAL = {
    "gradualRolloutUserId": "userId",
    "gradualRolloutSessionId": "sessionId",
    "gradualRolloutRandom": "random",
}


def _split_share(*, percent: str | None, stickiness: str, group: str) -> Split:
    """Settle what needs no hash: nobody, and everybody who has the id that is asked for."""
    value = _parse_percent(percent)
    if value <= 0:
        return Split((NEVER,))
    chancy = stickiness in ("default", "random")
    if value >= ALL_PERCENT:
        return Split() if chancy else Split((_present(stickiness),))
    return Split(share=Share(group, stickiness, value, chancy))


def _parse_percent(text: str | None) -> int:
    """Return a percentage, 0 when it is none: a broken rollout reaches nobody."""
    text = (text or "").strip()
    if not (text.isascii() and text.isdigit()) or int(text) > ALL_PERCENT:
        return 0
    return int(text)


def _present(field: str) -> Compiled:
    return AtomTest(Atom(FIELD_PREFIX + field, lambda text: text is not None, key="present"))


def _one_of(field: str, listed: str) -> Compiled:
    values = frozenset(part.strip() for part in listed.split(",")) - {""}
    key = ("one of", values)
    return AtomTest(Atom(FIELD_PREFIX + field, lambda text: text in values, key=key))


def _in_networks(listed: str) -> Compiled:
    networks = parse_networks(tuple(listed.split(",")))
    return AtomTest(
        Atom(
            FIELD_PREFIX + "remoteAddress",
            lambda text: text is not None and is_within(text, networks),
            key=("within", networks),
        )
    )
