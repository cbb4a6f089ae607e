"""PURE: gate `kill`, which asks: does a kill switch cover feature, territory and platform.

A territory matches by the account's or by the location's place, and a platform that is
unknown matches every platform kill (docs/decisions.md 12). What is published holds whatever the
clock says; dates are looked at only when another time was asked for.
"""

from __future__ import annotations

from flags.engine.atoms import Atom
from flags.engine.definitions import Feature, KillSwitch
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Flip, Outcome, Reader
from flags.engine.result import Reason
from flags.engine.signals import Sighting


class KillGate:
    """Closed where a kill switch holds."""

    def __init__(self, kills: tuple[KillSwitch, ...], answers: Answers) -> None:
        """Index the switches by territory and platform."""
        self.kills = kills
        self.answers = answers
        self.as_of = Atom("asOf", bool, key="asOf")
        self.places = {
            signal: Atom(signal, self._read_place)
            for signal in ("account", "location")
            if any(kill.territory for kill in kills)
        }
        self.platform = Atom("platform", self._read_platform)
        platforms = (self.platform,) if any(kill.platform for kill in kills) else ()
        self.atoms = (self.as_of, *self.places.values(), *platforms)
        self.flips = tuple(
            Flip(at, kill.territory) for kill in kills for at in (kill.since, kill.expires)
        )

    def check(self, reader: Reader) -> Outcome | None:
        """Close by the first switch that holds."""
        as_of = reader.cell(self.as_of)
        for number, kill in enumerate(self.kills):
            if as_of and not (reader.passed(kill.since) and not reader.passed(kill.expires)):
                continue
            if kill.platform and number not in reader.cell(self.platform):
                continue
            signal = ""
            if kill.territory:
                signal = self._find_signal(number, reader)
                if not signal:
                    continue
            return self.answers.off(
                Reason.KILLED, rule=kill.rule, signal=signal, detail=kill.territory
            )
        return None

    def _find_signal(self, number: int, reader: Reader) -> str:
        for signal, atom in self.places.items():
            if number in reader.cell(atom):
                return signal
        return ""

    def _read_place(self, sighting: Sighting) -> tuple[int, ...]:
        return tuple(
            number
            for number, kill in enumerate(self.kills)
            if kill.territory and kill.territory == sighting.code
        )

    def _read_platform(self, platform: str | None) -> tuple[int, ...]:
        return tuple(
            number
            for number, kill in enumerate(self.kills)
            if kill.platform and platform in (None, kill.platform.lower())
        )


def build(feature: Feature, ground: Ground, answers: Answers) -> KillGate | None:
    """Return the gate, or None when no switch covers the feature."""
    kills = ground.kills_of(feature)
    return KillGate(kills, answers) if kills else None
