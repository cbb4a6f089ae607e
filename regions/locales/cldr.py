"""PURE: facts of territories that Babel does not carry, as small tables.

Weeks, hour cycles, measures, paper and calendars are CLDR's supplemental data, as ICU 78
gives them (`Intl.Locale` of `und-XX`; a test compares them where Node is installed).
Telephone codes are those that ITU-T E.164 assigns. Codes are ISO 3166-1; whoever is in no
row of a table has what the world has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
HourCycle = Literal["h11", "h12", "h23", "h24"]


def _spread(rows: Mapping[str, str]) -> dict[str, str]:
    """Return the value of each code, from rows of a value and its codes."""
    return {code: value for value, codes in rows.items() for code in codes.split()}


FIRST_DAYS = _spread(
    {
        "fri": "MV",
        "sat": "AF BH DJ DZ EG IQ IR JO KW LY OM QA SD SY",
        "sun": (
            "AG AS BD BR BS BT BW BZ CA CO DM DO ET GT GU HK HN ID IL IN IS JM JP KE KH KR LA "
            "MH MM MO MT MX MZ NI NP PA PE PH PK PR PT PY SA SG SV TH TT TW UM US VE VI WS YE "
            "ZA ZW"
        ),
    }
)
WEEKENDS = _spread(
    {
        "thu fri": "AF",
        "fri": "IR",
        "fri sat": "BH DZ EG IL IQ JO KW LY OM QA SA SD SY YE",
        "sun": "IN UG",
    }
)
TWELVE_HOURS = frozenset(
    """
    AE AG AL AR AS AU BB BD BH BM BN BO BS BT CA CL CO CR CU CY DJ DM DO DZ EC EG EH ER ET FJ
    FM GD GH GM GR GT GU GY HK HN IN IQ JM JO KH KI KN KP KR KW KY LB LC LR LS LY MH MO MP MR
    MW MX MY NA NI NZ OM PA PE PG PH PK PR PS PW PY QA SA SB SD SG SL SO SS SV SY SZ TC TD TN
    TO TT TW UM US UY VC VE VG VI VU WS YE ZM
    """.split()
)
MEASURES = _spread({"us": "US LR", "uk": "GB MM"})
FAHRENHEIT = frozenset("BS BZ KY PR PW US".split())
LETTER = frozenset("BZ CA CL CO CR GT MX NI PA PH PR SV US VE".split())
_ISLAMIC = "islamic islamic-civil islamic-tbla"
CALENDARS = _spread(
    {
        f"gregory islamic-umalqura {_ISLAMIC}": "AE BH KW QA",
        "gregory islamic-umalqura islamic islamic-rgsa": "SA",
        f"persian gregory {_ISLAMIC}": "AF IR",
        "gregory islamic-civil islamic-tbla": "AL AZ MV TJ TM TR UZ",
        f"gregory {_ISLAMIC}": (
            "BD DJ DZ EH ER ID IQ JO KM LB LY MA MR MY NE OM PK PS SD SY TD TN YE"
        ),
        "gregory chinese": "CN CX HK MO SG",
        f"gregory coptic {_ISLAMIC}": "EG",
        "gregory ethiopic": "ET",
        f"gregory hebrew {_ISLAMIC}": "IL",
        "gregory indian": "IN",
        "gregory japanese": "JP",
        "gregory dangi": "KR",
        "buddhist gregory": "TH",
        "gregory roc chinese": "TW",
    }
)
# Antarctica, Bouvet and Heard have nobody to call; the Vatican is reached through Italy's.
CALLING_CODES = _spread(
    {
        "1": (
            "AG AI AS BB BM BS CA DM DO GD GU JM KN KY LC MP MS PR SX TC TT UM US VC VG VI"
        ),
        "7": "KZ RU",
        "20": "EG", "27": "ZA", "30": "GR", "31": "NL", "32": "BE", "33": "FR", "34": "ES",
        "36": "HU", "39": "IT VA", "40": "RO", "41": "CH", "43": "AT", "44": "GB GG IM JE",
        "45": "DK", "46": "SE", "47": "NO SJ", "48": "PL", "49": "DE", "51": "PE", "52": "MX",
        "53": "CU", "54": "AR", "55": "BR", "56": "CL", "57": "CO", "58": "VE", "60": "MY",
        "61": "AU CC CX", "62": "ID", "63": "PH", "64": "NZ PN", "65": "SG", "66": "TH",
        "81": "JP", "82": "KR", "84": "VN", "86": "CN", "90": "TR", "91": "IN", "92": "PK",
        "93": "AF", "94": "LK", "95": "MM", "98": "IR", "211": "SS", "212": "EH MA",
        "213": "DZ", "216": "TN", "218": "LY", "220": "GM", "221": "SN", "222": "MR",
        "223": "ML", "224": "GN", "225": "CI", "226": "BF", "227": "NE", "228": "TG",
        "229": "BJ", "230": "MU", "231": "LR", "232": "SL", "233": "GH", "234": "NG",
        "235": "TD", "236": "CF", "237": "CM", "238": "CV", "239": "ST", "240": "GQ",
        "241": "GA", "242": "CG", "243": "CD", "244": "AO", "245": "GW", "246": "IO",
        "248": "SC", "249": "SD", "250": "RW", "251": "ET", "252": "SO", "253": "DJ",
        "254": "KE", "255": "TZ", "256": "UG", "257": "BI", "258": "MZ", "260": "ZM",
        "261": "MG", "262": "RE TF YT", "263": "ZW", "264": "NA", "265": "MW", "266": "LS",
        "267": "BW", "268": "SZ", "269": "KM", "290": "SH", "291": "ER", "297": "AW",
        "298": "FO", "299": "GL", "350": "GI", "351": "PT", "352": "LU", "353": "IE",
        "354": "IS", "355": "AL", "356": "MT", "357": "CY", "358": "AX FI", "359": "BG",
        "370": "LT", "371": "LV", "372": "EE", "373": "MD", "374": "AM", "375": "BY",
        "376": "AD", "377": "MC", "378": "SM", "380": "UA", "381": "RS", "382": "ME",
        "385": "HR", "386": "SI", "387": "BA", "389": "MK", "420": "CZ", "421": "SK",
        "423": "LI", "500": "FK GS", "501": "BZ", "502": "GT", "503": "SV", "504": "HN",
        "505": "NI", "506": "CR", "507": "PA", "508": "PM", "509": "HT", "590": "BL GP MF",
        "591": "BO", "592": "GY", "593": "EC", "594": "GF", "595": "PY", "596": "MQ",
        "597": "SR", "598": "UY", "599": "BQ CW", "670": "TL", "672": "NF", "673": "BN",
        "674": "NR", "675": "PG", "676": "TO", "677": "SB", "678": "VU", "679": "FJ",
        "680": "PW", "681": "WF", "682": "CK", "683": "NU", "685": "WS", "686": "KI",
        "687": "NC", "688": "TV", "689": "PF", "690": "TK", "691": "FM", "692": "MH",
        "850": "KP", "852": "HK", "853": "MO", "855": "KH", "856": "LA", "880": "BD",
        "886": "TW", "960": "MV", "961": "LB", "962": "JO", "963": "SY", "964": "IQ",
        "965": "KW", "966": "SA", "967": "YE", "968": "OM", "970": "PS", "971": "AE",
        "972": "IL", "973": "BH", "974": "QA", "975": "BT", "976": "MN", "977": "NP",
        "992": "TJ", "993": "TM", "994": "AZ", "995": "GE", "996": "KG", "998": "UZ",
    }
)  # fmt: skip
# Where the ten digits of a numbering system begin in Unicode; all of them stand in a row.
ZEROS = {
    "adlm": 0x1E950,
    "arab": 0x0660,
    "arabext": 0x06F0,
    "beng": 0x09E6,
    "cakm": 0x11136,
    "deva": 0x0966,
    "hmnp": 0x1E140,
    "latn": 0x0030,
    "mtei": 0xABF0,
    "mymr": 0x1040,
    "nkoo": 0x07C0,
    "olck": 0x1C50,
    "tibt": 0x0F20,
}
