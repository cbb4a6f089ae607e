"""The gate consent: what people must have agreed to, and how SDKs are told of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.definitions import ConsentRule, Constraint, Feature, Place, Rule, Target
from flags.engine.lower import lower
from flags.engine.result import Reason
from tests.unit.engine.scopes import NOW, ask, context, scope, territory

FEED = Feature(key="discovery.feed", bundle="discovery", default_status="live")
EVERYWHERE = Place(kind="everywhere")
ASIA = Place(kind="market", key="ASIA")


def rule(consent: str, place: Place = EVERYWHERE, **more: Any) -> ConsentRule:
    """Build a rule of the feature that is known by its consent and place."""
    given = {"rule": Rule(key=f"{consent}@{place.key or '*'}"), "target": Target(FEED.key)}
    return ConsentRule(**{**given, "place": place, "consent": consent, **more})


PROFILING = rule("profiling", territory("FR"))


@pytest.mark.parametrize(
    ("code", "consents", "expected"),
    [
        ("FR", None, Reason.CONSENT_REQUIRED),
        ("FR", "", Reason.CONSENT_REQUIRED),
        ("FR", [], Reason.CONSENT_REQUIRED),
        ("FR", "profiling", Reason.LIVE),
        ("FR", "location, profiling", Reason.LIVE),
        ("FR", ["location", " Profiling "], Reason.LIVE),
        ("FR", "profiling2", Reason.CONSENT_REQUIRED),
        ("FR", "no-profiling", Reason.CONSENT_REQUIRED),
        ("FR", {"profiling": True}, Reason.CONSENT_REQUIRED),
        ("FR", True, Reason.CONSENT_REQUIRED),
        ("US", None, Reason.LIVE),
    ],
)
def test_s19_a_consent_is_asked_where_the_law_asks_for_it(
    code: str, consents: object, expected: Reason
) -> None:
    """France needs it, the account's country counts, and nothing is taken for granted."""
    person = context(accountCountry=code, locationCountry="KR", consents=consents)
    found = ask(scope(FEED, consents=(PROFILING,)), person)
    assert expected == found.reason
    if not found.on:
        assert (PROFILING.rule, "account", "profiling") == (found.rule, found.signal, found.detail)


def test_s19_a_consent_that_is_taken_back_closes_at_once() -> None:
    """Nothing is remembered: what the next fetch does not say is not given."""
    world = scope(FEED, consents=(PROFILING,))
    told = [
        ask(world, context(accountCountry="FR", consents=given)).on
        for given in ("profiling", None, "profiling")
    ]
    assert [True, False, True] == told


@pytest.mark.parametrize(
    ("consents", "missing"),
    [
        (None, "camera"),
        ("camera", "location"),
        ("camera,location", "profiling"),
        ("camera,location,profiling", ""),
        ("location,profiling", "camera"),
    ],
)
def test_every_rule_that_holds_counts_and_the_first_missing_one_is_named(
    consents: str | None, missing: str
) -> None:
    """Consents add up over places and targets, the most specific first."""
    rules = (
        rule("profiling", target=Target(bundle="discovery")),
        rule("location", ASIA),
        rule("camera", territory("SG")),
        rule("contacts", territory("SG"), starts=date(2026, 11, 21)),
        rule("calendar", territory("SG"), ends=date(2026, 11, 20)),
        rule("health", territory("KR")),
    )
    assert missing == ask(scope(FEED, consents=rules), context(consents=consents)).detail


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (Reason.CONSENT_REQUIRED, "")),
        ({"locationCountry": "FR"}, (Reason.LIVE, "")),
        ({"locationCountry": "FR", "consents": ""}, (Reason.CONSENT_REQUIRED, "location")),
        ({"locationCountry": "US", "consents": ""}, (Reason.LIVE, "")),
    ],
)
def test_who_cannot_be_placed_has_not_agreed(
    fields: dict[str, Any], expected: tuple[Reason, str]
) -> None:
    """Without an account's country the location's counts; without both the gate closes."""
    unplaced: dict[str, Any] = {
        "accountCountry": None,
        "locationCountry": None,
        "consents": "profiling",
    }
    found = ask(scope(FEED, consents=(PROFILING,)), context(**{**unplaced, **fields}))
    assert expected == (found.reason, found.signal)


def test_sdks_ask_for_whole_entries_of_the_comma_text() -> None:
    """Containing the name would not do: `profiling2` is another consent."""
    rules = (rule("profiling", territory("SG")), rule("a.b", territory("SG")))
    world = scope(replace(FEED, offer_basis="account"), consents=rules)
    (found,) = lower(world, now=NOW).features
    asked = next(way for way in found.strategies if "SG" in way.constraints[0].values)
    assert (
        tuple(
            Constraint(context_name="consents", operator="REGEX", value=f"(?:^|,)(?:{name})(?:,|$)")
            for name in ("a[.]b", "profiling")
        )
        == asked.constraints[1:]
    )
    assert found.exact


def test_a_consent_that_patterns_cannot_name_makes_the_feature_stricter() -> None:
    """What SDKs could read differently is left out, and the feature says so."""
    (found,) = lower(scope(FEED, consents=(rule("a|b"),)), now=NOW).features
    assert (False, False, ("the consent a|b cannot be sent",)) == (
        found.enabled,
        found.exact,
        found.notes,
    )
