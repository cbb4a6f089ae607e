"""PURE: where and when a feature's regional gates are open, as Unleash constraints.

For each stretch of time between flips, each platform and each signal the gates are asked;
platforms and territories with the same answer share an entry.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from flags.engine.canonical import canonical_time
from flags.engine.compiled import CompiledFeature
from flags.engine.definitions import Constraint, Minimum
from flags.engine.ground import Ground
from flags.engine.lowered_asks import list_flips
from flags.engine.probe import ASKING, ELSEWHERE, EVERYBODY, SAID, SIGNALS, Prober, Verdict
from flags.engine.result import Reason
from flags.engine.signals import PARTICIPANTS_FIELD
from flags.engine.versions import is_zero, pad, parse_padded
from regions.locales.territory import list_countries
from regions.zones import EARLIEST, LATEST

# Stretches of time that are told ahead; features are off after them until lowered again.
ERAS_MAX = 64
_FIELDS = {
    "account": "accountCountry",
    "location": "locationCountry",
    "storefront": "storefrontCountry",
}


class Entry(NamedTuple):
    """Constraints that let a share of people in, 1 to 100 %."""

    constraints: tuple[Constraint, ...]
    percent: int


# How many people a place lets in, and what is asked of them.
Share = tuple[int, tuple[Constraint, ...]]


class Places(NamedTuple):
    """All entries of a feature; `until` is when they end without need.

    Before `flips_at` the same entries would be found at any later time.
    """

    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    until: datetime | None
    flips_at: datetime


class Era(NamedTuple):
    """A stretch of time in which no regional rule of the feature flips."""

    starts: datetime
    ends: datetime


def list_entries(
    compiled: CompiledFeature, ground: Ground, now: datetime
) -> Generator[None, None, Places]:
    """Return where the feature is open from `now` on, with what could not be said.

    Yields after each question to the gates, so that a serving loop can breathe.
    """
    walk = _Walk(compiled, ground)
    yield
    eras, until = _list_eras(walk, now)
    yield
    spans: dict[Entry, list[Era]] = {}
    for era in eras:
        entries = yield from walk.list_entries(era.starts)
        for entry in entries:
            known = spans.setdefault(entry, [])
            if known and known[-1].ends == era.starts:
                known[-1] = Era(known[-1].starts, era.ends)
            else:
                known.append(era)
    first = eras[0].starts
    entries = [
        Entry((*entry.constraints, *_list_dates(span, first)), entry.percent)
        for entry, stretches in spans.items()
        for span in stretches
    ]
    return Places(tuple(entries), tuple(sorted(walk.notes)), until, eras[0].ends)


def _list_eras(walk: _Walk, now: datetime) -> tuple[list[Era], datetime | None]:
    """Cut time from `now` on at the flips of the regional gates."""
    flips = {
        at
        for name, gate in walk.gates.items()
        if name in ("law", "offer", *ASKING)
        for at in list_flips(gate)
    }
    ends: list[datetime] = []
    for platform in walk.platforms:
        for first, last in walk.prober.list_farewells(platform):
            flips.add(first)
            if now < last and first < LATEST:
                # A platform ends everywhere when it ends first somewhere.
                if now == EARLIEST or first <= now:
                    walk.notes.add(f"the day on which {platform} ends")
                ends.append(first if now < first else last)
    bounds = [now, *sorted(at for at in flips if now < at < LATEST), LATEST]
    if len(bounds) > ERAS_MAX + 1:
        ends.append(bounds[ERAS_MAX])
    until = min(ends) if ends and now > EARLIEST else None
    return [Era(*pair) for pair in pairwise(bounds[: ERAS_MAX + 1])], until


def _list_dates(span: Era, first: datetime) -> list[Constraint]:
    """Bound an entry in time; the first era has no beginning, the last no end."""
    dates = []
    for operator, at in (("DATE_AFTER", span.starts), ("DATE_BEFORE", span.ends)):
        if at in (first, EARLIEST, LATEST):
            continue
        # Flips are local midnights: whole seconds, which every SDK can read.
        dates.append(_constraint("currentTime", operator, value=canonical_time(at) or ""))
    return dates


class _Walk:
    """Asks a feature's gates over territories and platforms at one time."""

    def __init__(self, compiled: CompiledFeature, ground: Ground) -> None:
        feature = compiled.definition
        self.feature = feature
        self.gates = dict(compiled.gates)
        self.notes: set[str] = set()
        profile = ground.profiles.get(feature.profile)
        self.minimums = {one.platform.lower(): one for one in profile.minimums} if profile else None
        # What nothing here can say might close the feature for anybody.
        self.unsaid = sorted(self.gates.keys() - SAID)
        self.notes |= {f"the gate {name}" for name in self.unsaid}
        self.codes = tuple(sorted(ground.codes_of(feature)))
        self.prober = Prober(compiled, ground, self.codes)
        self.platforms = self._list_platforms(ground)
        if ground.opens_unknown(feature):
            # Only NOT_IN could say it, which would also let a retired platform in.
            self.notes.add("platforms that no rule names")
        basis = feature.offer_basis
        needed = {basis, *feature.law_basis, feature.partner_basis}
        asked = set(needed)
        if any(kill.territory for kill in ground.kills_of(feature)):
            asked |= {"account", "location"}
        asking = {atom.attribute for gate in self.prober.asking for atom in gate.atoms}
        if "residence" in asking or (basis == "none" and "account" in asking):
            asked.add("account")
        asked |= {schedule.anchor for schedule in ground.schedules_of(feature)}
        self.signals = tuple(signal for signal in SIGNALS if signal in asked)
        known = needed if feature.fail_closed else set()
        if "residence" in asking:
            # Who has no account's country is asked by the location, which is left out here.
            known = {*known, "account"}
        self.needed = frozenset(known)

    def list_entries(self, now: datetime) -> Generator[None, None, list[Entry]]:
        """Return what is open at a time; platforms with equal rules share entries."""
        if self.unsaid:
            return []
        where: dict[tuple[Any, ...], tuple[Entry, ...]] = {}
        alike: dict[tuple[Entry, ...], dict[tuple[Constraint, ...], list[str]]] = {}
        for platform in self.platforms:
            versions = self._list_versions(platform, now)
            if versions is not None:
                # Most features ask of a platform nothing but its versions.
                read = self.prober.read_platform(platform)
                if read not in where:
                    found = yield from self._list_where(platform, now)
                    where[read] = tuple(found)
                entries = where[read]
                alike.setdefault(entries, {}).setdefault(versions, []).append(platform)
        listed = []
        for entries, by_versions in alike.items():
            for versions, platforms in by_versions.items():
                named = [] if platforms == [""] else [_listed("platform", platforms)]
                for entry in entries:
                    constraints = (*named, *versions, *entry.constraints)
                    listed.append(Entry(constraints, entry.percent))
        return listed

    def _list_platforms(self, ground: Ground) -> tuple[str, ...]:
        """List the platforms to ask about; one empty name when platforms do not matter."""
        asked = any(
            atom.attribute in ("platform", "retirement")
            for name, gate in self.gates.items()
            if name in ("kill", "law", "platform", "offer")
            for atom in gate.atoms
        )
        if not asked:
            return ("",)
        if self.minimums is not None:
            return tuple(sorted(self.minimums))
        profiles = ground.profiles.values()
        known = {one.platform.lower() for profile in profiles for one in profile.minimums}
        known |= {offer.platform.lower() for offer in ground.offers_of(self.feature)}
        return tuple(sorted(known - {""}))

    def _list_versions(self, platform: str, now: datetime) -> tuple[Constraint, ...] | None:
        """Return what a platform asks for, None when it is closed."""
        found: list[Constraint] = []
        if platform:
            ended = self.prober.retirement(platform, now)
            if ended is Reason.PLATFORM_RETIRED:
                return None
            if ended is Reason.CLOSED_TO_NEW:
                found.append(_listed("enrolled", ["true"]))
        minimum = self.minimums.get(platform) if self.minimums else None
        for field, least in _name_minimums(minimum):
            wanted = parse_padded(least)
            if wanted is None or is_zero(wanted):
                continue
            padded = pad(least)
            if padded is None:
                self.notes.add(f"version {least} cannot be sent")
                return None
            found.append(_constraint(field, "SEMVER_GTE", value=padded))
        return tuple(found)

    def _list_where(self, platform: str, now: datetime) -> Generator[None, None, list[Entry]]:
        """Return the allow-lists of all signals, split by the offer's rollout and what is asked."""
        anywhere = self._note(self.prober.place("", "", platform, now), "")
        if anywhere.percent == 0:
            return []
        entries = [Entry(anywhere.asks.constraints, EVERYBODY)]
        basis = self.feature.offer_basis
        for signal in sorted(self.signals, key=lambda signal: signal == basis):
            allowed = yield from self._allow(signal, platform, now)
            shares = [
                Entry((*self._list_codes(signal, codes), *asked), percent)
                for (percent, asked), codes in sorted(allowed.items(), key=_percent_first)
            ]
            entries = [_both(share, entry) for share in shares for entry in entries]
        chats = yield from self._list_participants(platform, now)
        return [
            Entry((*entry.constraints, *others), entry.percent)
            for entry in entries
            for others in chats
        ]

    def _allow(
        self, signal: str, platform: str, now: datetime
    ) -> Generator[None, None, dict[Share, list[str]]]:
        """Sort the codes that rules name, and all others as one, by what they allow and ask."""
        found: dict[Share, list[str]] = {}
        for codes in self.prober.list_alike(signal):
            verdict = self._note(self.prober.place(signal, codes[0], platform, now), codes[0])
            if verdict.percent > 0:
                for way in verdict.asks.ways:
                    key = (verdict.percent, (*verdict.asks.constraints, *way))
                    found.setdefault(key, []).extend(codes)
            yield
        return found

    def _note(self, verdict: Verdict, code: str) -> Verdict:
        """Keep what could not be said of a place."""
        if verdict.blurred:
            self.notes.add(f"subdivisions of {code}")
        self.notes.update(verdict.asks.notes)
        return verdict

    def _is_open(self, signal: str, codes: list[str]) -> bool:
        """Tell whether no constraint is needed: every place is open, an unknown one too."""
        return len(codes) == len(self.codes) + 1 and signal not in self.needed

    def _list_codes(self, signal: str, codes: list[str]) -> tuple[Constraint, ...]:
        """Return an allow-list, none where every place is open."""
        if self._is_open(signal, codes):
            return ()
        return (_listed(_FIELDS[signal], self._spell_out(codes)),)

    def _spell_out(self, codes: list[str]) -> list[str]:
        """Write "all others" as the codes that no rule names."""
        if ELSEWHERE not in codes:
            return codes
        return sorted(
            {*codes, *list_countries()}.difference({ELSEWHERE}, set(self.codes) - {*codes})
        )

    def _list_participants(
        self, platform: str, now: datetime
    ) -> Generator[None, None, list[list[Constraint]]]:
        """Return the ways in which the places of everybody in the chat let it be on."""
        if "participants" not in self.feature.law_basis:
            return [[]]
        allowed = yield from self._allow("participants", platform, now)
        codes = allowed.get((EVERYBODY, ()), [])
        if self._is_open("participants", codes):
            return [[]]
        # Nobody else: any character at all would be a participant.
        alone = _constraint(PARTICIPANTS_FIELD, "REGEX", value=".", inverted=True)
        if not codes:
            return [[alone]]
        listed = "|".join(self._spell_out(codes))
        pattern = f"^(?:(?:{listed})(?:,|$))+$"
        return [[alone], [_constraint(PARTICIPANTS_FIELD, "REGEX", value=pattern)]]


def _both(one: Entry, other: Entry) -> Entry:
    """Return what holds where both hold; only the offer basis has less than everybody."""
    percent = min(one.percent, other.percent)
    return Entry((*one.constraints, *other.constraints), percent)


def _percent_first(item: tuple[Share, list[str]]) -> tuple[int, list[str]]:
    (percent, _asked), codes = item
    return percent, codes


def _name_minimums(minimum: Minimum | None) -> list[tuple[str, str]]:
    if minimum is None:
        return []
    named = (("osVersion", minimum.os_version), ("appVersion", minimum.app_version))
    return [(field, least) for field, least in named if least]


def _listed(field: str, values: list[str]) -> Constraint:
    return Constraint(context_name=field, operator="IN", values=tuple(sorted(values)))


def _constraint(field: str, operator: str, *, value: str, inverted: bool = False) -> Constraint:
    return Constraint(context_name=field, operator=operator, value=value, inverted=inverted)
