"""PURE: gate `partner`, which asks: does a partner here serve this person now.

Asked only of features that need a partner somewhere. A partner in the city comes before
one for every city. Where none serves but one would, if the person met its requirements,
the answer says what is lacking. Cities and wallets are compared trimmed and in small
letters; requirements read fields as they were sent, like targeting.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flags.engine.atoms import NAMES_PREFIX, Atom, normalise_name
from flags.engine.constraints import AtomTest, Compiled, TimeTest
from flags.engine.definitions import Constraint, Feature, Partner, Rule
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Credit, Flip, Outcome, Reader
from flags.engine.result import Reason
from flags.engine.signals import Sighting
from regions.zones import EARLIEST, LATEST, instant

EVERY_CITY = "*"
CITY_FIELD = "city"
WALLET_FIELD = "walletCurrency"


class Requirement(NamedTuple):
    """What a person must bring: the constraint and its test."""

    constraint: Constraint
    test: Compiled


class Service(NamedTuple):
    """A partner as the gate compares it, `[starts, ends)`; no wallets accept every wallet."""

    rule: Rule
    territory: str
    city: str
    wallets: frozenset[str]
    starts: datetime
    ends: datetime
    requirements: tuple[Requirement, ...]
    # As they were typed, for SDKs, which compare texts letter by letter.
    typed_city: str
    typed_wallets: tuple[str, ...]

    def is_current(self, now: datetime) -> bool:
        """Tell whether the partner serves anybody at this time."""
        return self.starts <= now < self.ends


class PartnerGate:
    """Closed unless a partner in the territory serves the city and accepts the wallet."""

    def __init__(self, basis: str, services: tuple[Service, ...], answers: Answers) -> None:
        """Take the partners of the feature, those of single cities first."""
        self.basis = basis
        self.services = services
        self.answers = answers
        self.by_code: dict[str, tuple[int, ...]] = {}
        for number, service in enumerate(services):
            here = self.by_code.get(service.territory, ())
            self.by_code[service.territory] = (*here, number)
        cities = frozenset(service.city for service in services) - {EVERY_CITY}
        wallets = frozenset(name for service in services for name in service.wallets)
        self.place = Atom(basis, self._list_numbers)
        self.city = Atom(NAMES_PREFIX + CITY_FIELD, lambda names: names & cities)
        self.wallet = Atom(NAMES_PREFIX + WALLET_FIELD, lambda names: names & wallets)
        tests = [need.test for service in services for need in service.requirements]
        self.atoms = (
            self.place,
            self.city,
            self.wallet,
            *(test.atom for test in tests if isinstance(test, AtomTest)),
        )
        self.flips = tuple(sorted(set(_list_flips(services))))

    def check(self, reader: Reader) -> Outcome | None:
        """Open by the first partner that serves this person, and credit it."""
        lacking: Outcome | None = None
        for number in reader.cell(self.place):
            service = self.services[number]
            if not self._serves(service, reader):
                continue
            missing = [
                need.constraint.context_name
                for need in service.requirements
                if not need.test.holds(reader)
            ]
            if not missing:
                reader.credit = Credit(service.rule, self.basis)
                return None
            lacking = lacking or self.answers.off(
                Reason.REQUIREMENTS_NOT_MET,
                rule=service.rule,
                signal=self.basis,
                detail=",".join(dict.fromkeys(missing)),
            )
        return lacking or self.answers.off(Reason.NEEDS_PARTNER_HERE, signal=self.basis)

    def list_services(self, code: str | None, now: datetime) -> list[Service]:
        """Return the partners that serve people in a territory at a time."""
        found = [self.services[number] for number in self.by_code.get(code or "", ())]
        return [service for service in found if service.is_current(now)]

    def _serves(self, service: Service, reader: Reader) -> bool:
        """Tell whether the partner is in the city, accepts the wallet, and is there now."""
        return (
            (service.city == EVERY_CITY or service.city in reader.cell(self.city))
            and (not service.wallets or not service.wallets.isdisjoint(reader.cell(self.wallet)))
            and reader.passed(service.starts)
            and not reader.passed(service.ends)
        )

    def _list_numbers(self, seen: Sighting) -> tuple[int, ...]:
        return self.by_code.get(seen.code or "", ())


def build(feature: Feature, ground: Ground, answers: Answers) -> PartnerGate | None:
    """Return the gate, or None when the feature needs no partner."""
    if not feature.partner_basis:
        return None
    services = [_build_service(feature, one, ground) for one in ground.partners_of(feature)]
    # Whoever is in the city is told of first; keys are in order within both.
    services.sort(key=lambda service: service.city == EVERY_CITY)
    return PartnerGate(feature.partner_basis, tuple(services), answers)


def _build_service(feature: Feature, partner: Partner, ground: Ground) -> Service:
    zone = ground.atlas.zone_of(partner.territory)
    return Service(
        rule=partner.rule,
        territory=partner.territory,
        city=normalise_name(partner.city),
        wallets=frozenset(map(normalise_name, partner.wallets)),
        starts=EARLIEST if partner.starts is None else instant(partner.starts, zone),
        ends=LATEST if partner.ends is None else instant(partner.ends, zone),
        requirements=tuple(
            Requirement(constraint, ground.build_test(feature, constraint))
            for constraint in partner.requirements
        ),
        typed_city=partner.city.strip(),
        typed_wallets=partner.wallets,
    )


def _list_flips(services: tuple[Service, ...]) -> list[Flip]:
    """List when contracts begin and end, and when requirements on the time change."""
    found = []
    for service in services:
        times = [need.test for need in service.requirements]
        ats = [service.starts, service.ends, *[t.at for t in times if isinstance(t, TimeTest)]]
        found += [Flip(at, service.territory) for at in ats if EARLIEST < at < LATEST]
    return found
