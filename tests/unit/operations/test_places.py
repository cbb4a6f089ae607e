"""Commands about places, locales and apps: what they store and what they refuse."""

from __future__ import annotations

from datetime import date

import pytest

from regions.governance.commands import Command, Refused
from regions.models import App, Locale, Market, Territory, TerritoryLocale
from regions.operations import (
    AddSubdivision,
    AddTerritory,
    MemberSpec,
    SetApp,
    SetEnvironment,
    SetLocale,
    SetMarket,
    SetTerritoryLocales,
)
from tests.unit.world import Do


@pytest.mark.parametrize(
    ("code", "zone", "alpha3", "currency"),
    [
        ("DE", "Europe/Berlin", "DEU", "EUR"),
        ("MM", "Asia/Yangon", "MMR", "MMK"),
        ("CD", "Africa/Kinshasa", "COD", "CDF"),
        ("NO", "", "NOR", "NOK"),
        ("HK", "", "HKG", "HKD"),
    ],
)
def test_facts_of_a_territory_come_from_cldr(
    do: Do, code: str, zone: str, alpha3: str, currency: str
) -> None:
    """Alpha-3 code, zones and currency are CLDR's, withdrawn codes left aside."""
    do(AddTerritory(code=code, default_zone=zone))
    row = Territory.objects.get(code=code)
    assert (alpha3, currency) == (row.alpha3, row.currency)
    assert row.default_zone in row.zones


def test_a_zone_is_kept_when_the_territory_is_added_again(do: Do) -> None:
    """Adding a territory again without a zone changes nothing."""
    do(AddTerritory(code="US", default_zone="America/Chicago"))
    assert not do(AddTerritory(code="US")).changed
    assert "America/Chicago" == Territory.objects.get(code="US").default_zone


def test_the_official_languages_of_a_territory_are_told_apart(do: Do) -> None:
    """A locale is marked official where CLDR says so, in the order that was asked for."""
    for command in (
        AddTerritory(code="HK"),
        *(SetLocale(tag=tag) for tag in ("zh-Hant-HK", "zh-Hans-HK", "en-HK")),
        SetTerritoryLocales(territory="HK", locales=("zh-Hant-HK", "en-HK", "zh-Hans-HK")),
    ):
        do(command)
    rows = TerritoryLocale.objects.order_by("position").values_list("locale__tag", "official")
    assert [("zh-Hant-HK", True), ("en-HK", True), ("zh-Hans-HK", False)] == list(rows)


def test_members_of_a_market_are_replaced_as_a_whole(world: Do) -> None:
    """A market has exactly the members of the last command, and says so in the audit."""
    receipt = world(
        SetMarket(
            key="EEA",
            name="EEA",
            priority=10,
            members=(MemberSpec(territory="SG", starts_date=date(2027, 1, 1)),),
        )
    )
    assert ["SG"] == [member.territory_id for member in Market.objects.get().members.all()]
    assert [["IT", None, None]] == receipt.changes[0].before["members"]  # type: ignore[index]


def test_an_app_names_its_platforms_and_territories(world: Do) -> None:
    """An app keeps platforms in order and territories as a set."""
    world(SetApp(key="shop", name="Shop", platforms=("web",), territories=("US",)))
    app = App.objects.get()
    assert (["web"], ["US"], None) == (
        app.platforms,
        [row.code for row in app.territories.all()],
        app.home_territory,
    )


def test_parents_of_a_locale_may_differ_from_cldr(do: Do) -> None:
    """A parent that is named is kept."""
    do(SetLocale(tag="es"))
    do(SetLocale(tag="ca", parent="es"))
    assert "es" == str(Locale.objects.get(tag="ca").parent)


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (AddTerritory(code="UK"), "unknown_country", "write GB"),
        (AddTerritory(code="us"), "unknown_country", "us"),
        (AddTerritory(code="XX"), "unknown_country", "XX"),
        (AddTerritory(code="💥" * 5000), "unknown_country", "ISO 3166-1"),
        (AddTerritory(code="CA"), "zone_missing", "time zones"),
        (AddTerritory(code="CA", default_zone="Europe/Rome"), "unknown_zone", "Europe/Rome"),
        (AddTerritory(code="BV"), "zone_missing", "BV"),
        (AddSubdivision(code="CAQC", name="Québec"), "bad_subdivision", "CA-QC"),
        (AddSubdivision(code="CA-QC", name="Québec"), "unknown_territory", "CA"),
        (AddSubdivision(code="UK-ENG", name="England"), "unknown_country", "GB"),
        (SetLocale(tag="zh_HK"), "bad_tag", "zh-Hant-HK"),
        (SetLocale(tag="x" * 200), "bad_tag", "35"),
        (SetLocale(tag="de", parent="xx"), "unknown_locale", "xx"),
        (SetLocale(tag="de", last_step="guess"), "unknown_last_step", "guess"),
        (SetTerritoryLocales(territory="SG", locales=("en",)), "unknown_locale", "en"),
        (SetTerritoryLocales(territory="SG", locales=("en", "en")), "named_twice", "en"),
        (SetEnvironment(key="a.b", name="x"), "bad_key", "a.b"),
        (SetEnvironment(key="a:b", name="x"), "bad_key", "a:b"),
        (SetEnvironment(key="x" * 41, name="x"), "too_long", "41"),
        (SetEnvironment(key="moon", name=" "), "name_missing", "moon"),
        (SetApp(key="Shop", name="x"), "bad_key", "Shop"),
        (SetApp(key="shop", name="x", territories=("FR",)), "unknown_territory", "FR"),
        (SetApp(key="shop", name="x", platforms=("ios", "ios")), "named_twice", "ios"),
        (SetMarket(key="-", name="x", priority=1, members=()), "bad_key", "-"),
        (SetMarket(key="GCC", name="x", priority=10, members=()), "priority_taken", "EEA"),
        (SetMarket(key="GCC", name="x", priority=-1, members=()), "out_of_range", "-1"),
        (
            SetMarket(key="GCC", name="x", priority=1, members=(MemberSpec(territory="FR"),)),
            "unknown_territory",
            "FR",
        ),
        (
            SetMarket(
                key="GCC",
                name="x",
                priority=1,
                members=(
                    MemberSpec(territory="SG", ends_date=date(2027, 2, 1)),
                    MemberSpec(territory="SG", starts_date=date(2027, 1, 1)),
                ),
            ),
            "overlapping_members",
            "SG",
        ),
        (
            SetMarket(
                key="GCC",
                name="x",
                priority=1,
                members=(
                    MemberSpec(
                        territory="SG",
                        starts_date=date(2027, 2, 1),
                        ends_date=date(2027, 2, 1),
                    ),
                ),
            ),
            "dates_order",
            "2027-02-01",
        ),
    ],
)
def test_places_that_cannot_be_are_refused(
    world: Do, command: Command, code: str, told: str
) -> None:
    """Each refusal has a stable code and tells what was wrong."""
    with pytest.raises(Refused) as caught:
        world(command)
    assert code == caught.value.code
    assert told in caught.value.message


def test_a_circle_of_parents_is_refused_with_its_path(do: Do) -> None:
    """Locales cannot be each other's parents."""
    do(SetLocale(tag="es"))
    do(SetLocale(tag="ca", parent="es"))
    with pytest.raises(Refused, match="es → ca → es"):
        do(SetLocale(tag="es", parent="ca"))


@pytest.mark.parametrize(("tag", "parent"), [("es", "es-419"), ("zh-Hant", "zh-Hans")])
def test_parents_are_judged_together_with_those_of_cldr(do: Do, tag: str, parent: str) -> None:
    """es-419 inherits from es anyway, and nobody reads one script for another."""
    do(SetLocale(tag=parent))
    with pytest.raises(Refused) as refused:
        do(SetLocale(tag=tag, parent=parent))
    assert refused.value.code == "cycle"
