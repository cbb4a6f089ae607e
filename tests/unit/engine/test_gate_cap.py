"""The gate cap: a number of enrolled people, not a percentage, and how SDKs are told of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.definitions import Cap, Feature, Place, Rule, Target
from flags.engine.lower import LoweredFeature, lower
from flags.engine.result import Reason
from flags.wire.context import read_context
from tests.unit.engine.scopes import NOW, SINGAPORE, ask, context, scope, territory

TRANSFER = Feature(
    key="wallet.p2p-transfer", bundle="wallet", offer_basis="account", default_status="live"
)
LIMIT = 100_000_000


def cap(key: str = "cap", **differences: Any) -> Cap:
    """Build a cap that differs from the plain one, a full one in Singapore, only as said."""
    values = {
        "target": Target(feature=TRANSFER.key),
        "place": territory("SG"),
        "limit": LIMIT,
        "full": True,
    }
    return Cap(rule=Rule(key=key), **{**values, **differences})


@pytest.mark.parametrize(
    ("full", "fields", "expected"),
    [
        (True, {}, False),
        (True, {"enrolled": "true"}, True),
        (True, {"enrolled": True}, True),
        (True, {"enrolled": " TRUE "}, True),
        (True, {"enrolled": "false"}, False),
        (True, {"enrolled": "yes"}, False),
        (True, {"enrolledCount": LIMIT - 1}, True),
        (True, {"enrolledCount": "many"}, False),
        (True, {"enrolledCount": "nan"}, False),
        (False, {}, True),
        (False, {"enrolledCount": LIMIT}, False),
        (False, {"enrolledCount": "1e8"}, False),
        (False, {"enrolledCount": "inf"}, False),
        (False, {"enrolledCount": "nan"}, True),
        (False, {"enrolledCount": LIMIT, "enrolled": "true"}, True),
        (True, {"accountCountry": "KR"}, True),
        (True, {"accountCountry": None}, True),
    ],
)
def test_s07_a_full_cap_lets_nobody_new_in(
    *, full: bool, fields: dict[str, Any], expected: bool
) -> None:
    """Enrolled people stay on; a count that is given says whether it was full then."""
    found = ask(scope(TRANSFER, caps=(cap(full=full),)), context(**fields))
    assert expected is found.on
    if not expected:
        assert (Reason.CAP_REACHED, "cap", "account", "SG") == (
            found.reason,
            found.rule and found.rule.key,
            found.signal,
            found.detail,
        )


def test_s07_after_its_last_day_a_cap_closes_nothing() -> None:
    """Dates are local to the territory and half open."""
    dated = cap(starts=date(2026, 11, 20), ends=date(2026, 11, 21))
    start, tick = datetime(2026, 11, 19, 16, tzinfo=UTC), timedelta(microseconds=1)
    moments = (start - tick, start, start + timedelta(days=1) - tick, start + timedelta(days=1))
    world = scope(TRANSFER, caps=(dated,))
    assert [True, False, False, True] == [ask(world, context(now)).on for now in moments]


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ((cap("wide", place=Place("everywhere")), cap("sg", full=False)), None),
        ((cap("wide", place=Place("everywhere"), full=False), cap("sg")), "sg"),
        ((cap("asia", place=Place("market", "ASIA")), cap("sg", full=False)), None),
        ((cap("bundle", target=Target(bundle="wallet")), cap("sg", full=False)), None),
        ((cap("bundle", target=Target(bundle="wallet")),), "bundle"),
        ((cap("later", starts=date(2027, 1, 1)), cap("wide", place=Place("everywhere"))), "wide"),
    ],
)
def test_the_most_specific_cap_counts(caps: tuple[Cap, ...], expected: str | None) -> None:
    """The same order as for offers; one that is not full opens what a wider one closes."""
    found = ask(scope(TRANSFER, caps=caps), context())
    assert expected == (found.rule.key if found.rule else None)


def test_each_cap_is_held_against_its_own_limit() -> None:
    """A count says something else of another limit."""
    caps = (cap("sg", limit=5, full=False), cap("kr", place=territory("KR"), limit=9, full=False))
    world = scope(TRANSFER, caps=caps)
    people = [context(enrolledCount="7", accountCountry=code) for code in ("SG", "KR")]
    assert [False, True] == [ask(world, person).on for person in people]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"accountCountry": "SG", "locationCountry": "KR"}, False),
        ({"accountCountry": "KR", "locationCountry": "SG"}, True),
        ({"accountCountry": None, "locationCountry": "SG"}, False),
        ({"accountCountry": None, "locationCountry": None}, True),
    ],
)
def test_without_offer_basis_the_account_tells_the_place(
    fields: dict[str, Any], *, expected: bool
) -> None:
    """The location is looked at where the account's country is unknown."""
    world = scope(replace(TRANSFER, offer_basis="none"), caps=(cap(),))
    assert expected is ask(world, context(**fields)).on


def test_clients_neither_count_nor_enrol_themselves() -> None:
    """What an untrusted client says of both is not heard."""
    said = {**SINGAPORE, "enrolled": "true", "enrolledCount": "0"}
    person = read_context(said, now=NOW, dice=lambda _sides: 1, environment="production")
    found = ask(scope(TRANSFER, caps=(cap(),)), person)
    assert Reason.CAP_REACHED is found.reason


def lowered(*caps: Cap) -> LoweredFeature:
    """Lower the feature with these caps."""
    return lower(scope(TRANSFER, caps=caps), now=NOW).features[0]


def told(feature: LoweredFeature, field: str) -> set[tuple[str, tuple[str, ...], str, bool]]:
    """Return the constraints on a field with the number of places of their strategy."""
    return {
        (one.operator, one.values, one.value, one.inverted)
        for way in feature.strategies
        for one in way.constraints
        if one.context_name == field
    }


def test_sdks_let_enrolled_people_into_a_full_place() -> None:
    """Elsewhere nobody is asked."""
    found = lowered(cap())
    assert {("IN", ("true",), "", False)} == told(found, "enrolled")
    codes = {
        "enrolled" in {one.context_name for one in way.constraints}: way.constraints[0].values
        for way in found.strategies
    }
    assert ("SG",) == codes[True]
    assert "SG" not in codes[False]
    assert found.exact


def test_sdks_are_open_until_a_count_says_full() -> None:
    """Without a count, as clients send it, a cap that is not full closes nothing."""
    found = lowered(cap(full=False, place=Place("everywhere")))
    assert {("NUM_GTE", (), str(LIMIT), True)} == told(found, "enrolledCount")
    assert (1, True) == (len(found.strategies), found.exact)


def test_the_last_day_of_a_cap_is_told_to_sdks() -> None:
    """An SDK that is cut off lets people in when the cap ends."""
    found = lowered(cap(ends=date(2026, 11, 25)))
    at = "2026-11-24T16:00:00.000Z"
    dates = {("DATE_BEFORE", (), at, False), ("DATE_AFTER", (), at, False)}
    assert dates == told(found, "currentTime")
    assert found.exact
