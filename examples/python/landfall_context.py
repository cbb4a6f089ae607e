"""The regional context: who asks, where, with what. One file, no dependency: copy it.

    person = regional_context(user_id="u-1", account_country="SGP", platform="iOS", os_version="18")
    unleash_client.is_enabled("wallet.p2p-transfer", person.unleash())
    openfeature_client.get_boolean_value(
        "wallet.p2p-transfer", False, EvaluationContext(person.user_id, person.attributes)
    )

Landfall reads many spellings; SDKs that decide by themselves compare texts. This writes the one
spelling that both read alike: countries as alpha-2, versions with three parts, one field for a
place instead of all the evidence. It decides nothing, asks nobody and reads no clock. The same in
JavaScript: `examples/javascript/landfall-context.js`; both are held to
`examples/context-vectors.json`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Scalar = str | int | float | bool
Attribute = Scalar | list[str]


@dataclass(frozen=True)
class RegionalContext:
    """Who asks, in the spelling that every SDK and the server read alike."""

    user_id: str | None
    session_id: str | None
    attributes: dict[str, Attribute]
    """What OpenFeature calls attributes: texts, numbers, lists."""

    def unleash(self) -> dict[str, Any]:
        """Return the context of an Unleash SDK: identity on top, texts in `properties`."""
        top = {"userId": self.user_id, "sessionId": self.session_id}
        return {
            **{name: text for name, text in top.items() if text is not None},
            "properties": {name: _as_text(value) for name, value in self.attributes.items()},
        }

    def ofrep(self) -> dict[str, Any]:
        """Return the context of an OFREP request, for those who ask without an SDK."""
        top = {"targetingKey": self.user_id, "sessionId": self.session_id}
        return {
            **{name: text for name, text in top.items() if text is not None},
            **self.attributes,
        }


def regional_context(
    *,
    user_id: str | None = None,
    session_id: str | None = None,
    account_country: str | None = None,
    phone_country: str | None = None,
    location_country: str | None = None,
    gps_country: str | None = None,
    network_country: str | None = None,
    ip_country: str | None = None,
    storefront_country: str | None = None,
    participant_countries: Iterable[str] | str = (),
    city: str | None = None,
    subdivision: str | None = None,
    platform: str | None = None,
    os_version: str | None = None,
    app_version: str | None = None,
    locale: str | None = None,
    age: float | None = None,
    consents: Iterable[str] | str = (),
    clusters: Iterable[str] | str = (),
    enrolled: bool | None = None,
    wallet_currency: str | None = None,
    profile: str | None = None,
    time_zone: str | None = None,
    account_time_zone: str | None = None,
    more: Mapping[str, Scalar | None] | None = None,
) -> RegionalContext:
    """Build the context of a person; leave out what is not known, never guess.

    Countries may be alpha-2 or alpha-3 in any case. `account_country` is the verified country
    of the account, `phone_country` that of its phone number; `gps_country`, `network_country`
    (the mobile network) and `ip_country` stand in for `location_country` in this order.
    `participant_countries` are those of the others in the chat or call. `enrolled` is believed
    where definitions are evaluated in your own server. `more` is whatever your own targeting
    asks about, under the names that it has there.
    """
    fields: dict[str, Attribute | None] = {
        **_place("accountCountry", account_country, phoneCountry=phone_country),
        **_place(
            "locationCountry",
            location_country,
            gpsCountry=gps_country,
            networkCountry=network_country,
            ipCountry=ip_country,
        ),
        **_place("storefrontCountry", storefront_country),
        "participantCountries": _countries(participant_countries),
        "city": _tidy(city),
        "subdivision": _tidy(subdivision).upper(),
        "platform": _tidy(platform).lower(),
        "osVersion": _version(os_version),
        "appVersion": _version(app_version),
        "locale": _locale(locale),
        "age": _years(age),
        "consents": _names(consents),
        "clusters": _names(clusters),
        "enrolled": enrolled,
        "walletCurrency": _tidy(wallet_currency).upper(),
        "profile": _tidy(profile),
        "timeZone": _tidy(time_zone),
        "accountTimeZone": _tidy(account_time_zone),
    }
    for name, value in (more or {}).items():
        if name in _OWN_NAMES:
            raise ValueError(f"{name} has an argument of its own; it does not belong into `more`.")
        fields[name] = _plain(value)
    return RegionalContext(
        user_id=user_id or None,
        session_id=session_id or None,
        attributes={
            name: value for name, value in fields.items() if value not in (None, "") and value != []
        },
    )


def _place(wanted: str, declared: str | None, **evidence: str | None) -> dict[str, Attribute]:
    """Return one field for a place: the first evidence that is a country.

    What is no country is sent as it is, with what comes after it: Landfall then closes what
    must not be open for somebody whose country cannot be read.
    """
    unreadable: dict[str, Attribute] = {}
    for name, text in {wanted: declared, **evidence}.items():
        code = _country(text)
        if code and unreadable:
            return {**unreadable, name: code}
        if code:
            return {wanted: code}
        if _tidy(text).upper() not in _UNKNOWN:
            unreadable[name] = _tidy(text)
    return unreadable


def _country(text: str | None) -> str:
    code = _tidy(text).upper()
    return code if code in _ALPHA_2 else _WRITTEN.get(code, "")


def _countries(texts: Iterable[str] | str) -> list[str]:
    """Return sorted codes; an entry that is no country stays, for Landfall to see."""
    return sorted({_country(name) or name for name in _names(texts)})


def _names(texts: Iterable[str] | str) -> list[str]:
    """Return sorted names, each once; a text may hold several, with commas."""
    listed = [texts] if isinstance(texts, str) else texts
    return sorted({_tidy(name) for text in listed for name in text.split(",")} - {""})


def _version(text: str | None) -> str:
    """Return exactly three parts: SDKs read `18.0` as no version at all."""
    tidy = _tidy(text)
    found = _VERSION.fullmatch(tidy)
    if found is None:
        return tidy
    parts = [part.lstrip("0") or "0" for part in found["numbers"].split(".")]
    return ".".join([*parts, "0", "0"][:3]) + found["tail"]


def _locale(text: str | None) -> str:
    """Return `zh-Hant-HK` for `zh_hant_hk`; what systems hang behind a point or @ is dropped."""
    tag = re.split(r"[.@]", _tidy(text), maxsplit=1)[0].replace("_", "-")
    first, *rest = tag.split("-")
    return "-".join([first.lower(), *map(_subtag, rest)])


def _subtag(part: str) -> str:
    if re.fullmatch("[A-Za-z]{4}", part):
        return part.capitalize()
    return part.upper() if re.fullmatch("[A-Za-z]{2}", part) else part.lower()


def _years(age: float | None) -> int | None:
    """Return whole years; what is no age is unknown, which counts as too young."""
    if age is None or not math.isfinite(age) or not 0 <= age <= _AGE_MAX:
        return None
    return math.floor(age)


def _plain(value: Scalar | None) -> Scalar | None:
    if isinstance(value, float):
        # 3.0 and 3 are one number in JavaScript, and must be one text.
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() else value
    return value


def _as_text(value: Attribute) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else str(value)


def _tidy(text: str | None) -> str:
    return (text or "").strip()


_AGE_MAX = 200
_UNKNOWN = frozenset({"", "XX", "ZZ"})
_VERSION = re.compile(
    r"(?P<numbers>[0-9]{1,19}(?:\.[0-9]{1,19}){0,4})(?P<tail>(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)"
)
_OWN_NAMES = frozenset(
    (
        *("userId", "targetingKey", "sessionId", "properties", "accountCountry", "phoneCountry"),
        *("locationCountry", "gpsCountry", "networkCountry", "ipCountry", "storefrontCountry"),
        *("participantCountries", "city", "subdivision", "platform", "osVersion", "appVersion"),
        *("locale", "age", "consents", "clusters", "enrolled", "walletCurrency", "profile"),
        *("timeZone", "accountTimeZone"),
    )
)
# ISO 3166-1: alpha-3 with the alpha-2 behind it, then withdrawn codes that have one successor.
_CODES = """
ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATAAQ ATFTF ATGAG AUSAU
AUTAT AZEAZ BDIBI BELBE BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ
BMUBM BOLBO BRABR BRBBB BRNBN BTNBT BURMM BVTBV BWABW CAFCF CANCA CCKCC CHECH CHLCL CHNCN
CIVCI CMRCM CODCD COGCG COKCK COLCO COMKM CPVCV CRICR CUBCU CUWCW CXRCX CYMKY CYPCY CZECZ
DDRDE DEUDE DJIDJ DMADM DNKDK DOMDO DZADZ ECUEC EGYEG ERIER ESHEH ESPES ESTEE ETHET FINFI
FJIFJ FLKFK FRAFR FROFO FSMFM FXXFR GABGA GBRGB GEOGE GGYGG GHAGH GIBGI GINGN GLPGP GMBGM
GNBGW GNQGQ GRCGR GRDGD GRLGL GTMGT GUFGF GUMGU GUYGY HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU
IDNID IMNIM INDIN IOTIO IRLIE IRNIR IRQIQ ISLIS ISRIL ITAIT JAMJM JEYJE JORJO JPNJP KAZKZ
KENKE KGZKG KHMKH KIRKI KNAKN KORKR KWTKW LAOLA LBNLB LBRLR LBYLY LCALC LIELI LKALK LSOLS
LTULT LUXLU LVALV MACMO MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH MKDMK MLIML MLTMT
MMRMM MNEME MNGMN MNPMP MOZMZ MRTMR MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA NCLNC NERNE
NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR NZLNZ OMNOM PAKPK PANPA PCNPN PERPE PHLPH
PLWPW PNGPG POLPL PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA REURE ROURO RUSRU RWARW SAUSA
SDNSD SENSN SGPSG SGSGS SHNSH SJMSJ SLBSB SLESL SLVSV SMRSM SOMSO SPMPM SRBRS SSDSS STPST
SURSR SVKSK SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC TCDTD TGOTG THATH TJKTJ TKLTK TKMTM
TLSTL TMPTL TONTO TTOTT TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA UMIUM URYUY USAUS UZBUZ
VATVA VCTVC VENVE VGBVG VIRVI VNMVN VUTVU WLFWF WSMWS YEMYE YMDYE ZAFZA ZARCD ZMBZM ZWEZW
"""
_WITHDRAWN = """
BUMM CTKI DDDE DYBJ FXFR HVBF JTUM MIUM NHVU NQAQ PUUM PZPA RHZW TPTL UKGB VDVN WKUM YDYE
ZRCD
"""
_ALPHA_2 = frozenset(code[3:] for code in _CODES.split())
_WRITTEN = {code[:-2]: code[-2:] for code in (_CODES + _WITHDRAWN).split()}
