"""PURE: ask compiled gates about one place and one platform, for lowering.

The gates themselves are asked, so what is lowered cannot differ from what they decide.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from flags.engine.atoms import Atom
from flags.engine.compiled import CompiledFeature
from flags.engine.gates.offer import OfferGate, OfferRollout
from flags.engine.gates.platform import PlatformGate
from flags.engine.gates.schedule import ScheduleGate
from flags.engine.ground import Ground
from flags.engine.listings import Listing
from flags.engine.lowered_asks import Asks, find_signal, list_asks, list_times
from flags.engine.outcomes import Credit, Decision, Gate, Outcome
from flags.engine.result import Reason
from flags.engine.signals import Participants, Residence, Sighting
from regions.zones import instant

SIGNALS = ("account", "location", "storefront")
# Stands for every territory that no rule names.
ELSEWHERE = "other"
EVERYBODY = 100
# Gates that ask more than where a person is.
ASKING = ("age", "consent", "lifecycle", "cap", "partner", "schedule", "clusters")
# All that lowering knows to say; a feature with any other gate is not sent as on.
SAID = frozenset(
    {"known", "kill", "signal", "law", "platform", "offer", "requires", "targeting", *ASKING}
)


class Probe:
    """A reader for a person of whom one signal, a platform and a time are known.

    Signals that are not asked about read as having no rules; they are asked on their own.
    """

    def __init__(self, signal: str, values: dict[str, Any], now: datetime) -> None:
        """Take the signal in question and the values of attributes."""
        self.signal = signal
        self.values = values
        self.now = now
        self.credit = Credit()
        self.memo: dict[Atom, Any] = {}

    def cell(self, atom: Atom) -> Any:
        """Return the cell of a known value, and no rules for the other signals."""
        name = atom.attribute
        if name != self.signal and (name in SIGNALS or name == "participants"):
            return ()
        return atom.read(self.values.get(name))

    def passed(self, at: datetime) -> bool:
        """Tell whether the instant is at or before the time in question."""
        return at <= self.now

    def decide(self, _key: str) -> Decision | None:
        """Know no other feature: requirements become dependencies."""
        return None


class Verdict(NamedTuple):
    """What a place allows: a percentage of people, 0 for nobody, of whom something is asked."""

    percent: int
    asks: Asks = Asks()
    # Whether the answer would depend on things that no constraint can say.
    blurred: bool = False


class Prober:
    """One feature's gates by signal, platform and time.

    Territories of which the gates read the same are asked about once, and told together.
    """

    def __init__(self, feature: CompiledFeature, ground: Ground, codes: tuple[str, ...]) -> None:
        """Take the codes that any rule of the feature names; all others are alike."""
        self.feature = feature
        self.atlas = ground.atlas
        # A bundle's features ask the same questions of its offers.
        self.memo = ground.memo
        self.codes = codes
        self.gates: dict[str, Gate] = dict(feature.gates)
        self.asked = [self.gates[name] for name in ("kill", "law", "offer") if name in self.gates]
        self.asking = [self.gates[name] for name in ASKING if name in self.gates]
        self.regions = self._list_regions()

    def list_alike(self, signal: str) -> list[tuple[str, ...]]:
        """Return the codes that rules name, and all others as one, in classes."""
        atoms = tuple(
            atom
            for gate in (*self.asked, *self.asking)
            for atom in gate.atoms
            if find_signal(atom.attribute) == signal
        )
        timed = tuple(gate for gate in self.asking if isinstance(gate, ScheduleGate))
        key = ("alike", signal, atoms, timed, self.codes, self.regions)
        known: list[tuple[str, ...]] | None = self.memo.get(key)
        if known is None:
            classes: dict[Any, list[str]] = {}
            for code in (*self.codes, ELSEWHERE):
                cells = [_say(atom.read(_sight(atom.attribute, code))) for atom in atoms]
                cells += [list_times(gate, signal, code) for gate in timed]
                classes.setdefault((*cells, self._regions_of(code)), []).append(code)
            known = self.memo[key] = [tuple(codes) for codes in classes.values()]
        return known

    def read_platform(self, platform: str) -> tuple[Any, ...]:
        """Return all that kill, law and offer read of a platform."""
        return tuple(
            atom.read(platform)
            for gate in self.asked
            for atom in gate.atoms
            if atom.attribute == "platform"
        )

    def place(self, signal: str, code: str, platform: str, now: datetime) -> Verdict:
        """Return what kill, law and offer allow when a signal is at a territory, and what is asked.

        No code is for people of whom the signal is unknown, or who are anywhere.
        """
        found = {
            self._ask(signal, code, {"platform": platform, "subdivision": region}, now)
            for region in ("", *self._regions_of(code))
        }
        percent = min(found)
        asks = list_asks(self.asking, signal, code or None, now)
        if asks.closed:
            percent = 0
        return Verdict(percent, asks, blurred=len(found) > 1)

    def _ask(self, signal: str, code: str, values: dict[str, Any], now: datetime) -> int:
        probe = Probe(signal, {**values, signal: _sight(signal, code), "asOf": False}, now)
        percent = EVERYBODY
        for gate in self.asked:
            if isinstance(gate, OfferGate) and gate.basis != signal:
                continue
            verdict = gate.check(probe)
            if isinstance(verdict, Outcome):
                return 0
            if isinstance(verdict, OfferRollout):
                percent = min(percent, verdict.percent)
        return percent

    def _regions_of(self, code: str) -> tuple[str, ...]:
        return tuple(region for region in self.regions if region.startswith(f"{code}-"))

    def list_farewells(self, platform: str) -> list[tuple[datetime, datetime]]:
        """Return when a platform closes and ends: in the first zone, and in the last."""
        gate = self.gates.get("platform")
        if not isinstance(gate, PlatformGate) or platform not in gate.retirements:
            return []
        retirement = gate.retirements[platform]
        zones = {self.atlas.zone_of(code) for code in (*self.atlas.zones, None)}
        found = []
        for day in (retirement.closed_to_new, retirement.off or date.max):
            instants = [instant(day, zone) for zone in zones]
            found.append((min(instants), max(instants)))
        return found

    def retirement(self, platform: str, now: datetime) -> Reason | None:
        """Return how a platform has ended; the first zone's date holds for all."""
        farewells = self.list_farewells(platform)
        if not farewells:
            return None
        (closed, _last_closed), (off, _last_off) = farewells
        if off <= now:
            return Reason.PLATFORM_RETIRED
        return Reason.CLOSED_TO_NEW if closed <= now else None

    def _list_regions(self) -> tuple[str, ...]:
        """List the subdivisions that rules of law and offer name."""
        found: set[str] = set()
        for name in ("law", "offer"):
            gate = self.gates.get(name)
            found |= getattr(gate, "regions", frozenset())
        return tuple(sorted(found))


def _say(cell: Any) -> Any:
    """Return what a cell decides; which rule says it does not matter here."""
    if isinstance(cell, Listing):
        return cell.said
    return tuple(map(_say, cell)) if isinstance(cell, tuple) else cell


def _sight(attribute: str, code: str) -> Sighting | Participants | Residence:
    if attribute == "participants":
        return Participants(codes=(code,), missing=False)
    if attribute == "residence":
        return Residence(code=code, signal="account")
    return Sighting(code=code, missing=False)
